// Package ir is the tree that a kernel is from its source to its WGSL: declarations, statements, typed expressions.
//
// One tree serves every stage. The parser builds it generic, over axes that
// have no value yet; pass.Specialize fixes a point and the passes after it
// make the same tree plainer step by step, until what is left maps to WGSL
// line by line. So any stage can be printed as source (Format) and parsed
// again, interpreted, and checked (Check).
//
// Statements have effects; expressions have none. Control flow is structured,
// with no break, no early return and no recursion, so that uniformity (is this
// barrier reached by all invocations?) can be decided on the tree.
package ir
