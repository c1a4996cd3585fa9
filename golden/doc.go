// Package golden holds what the compiler makes of small inputs, for people to read and for tests to compare.
//
// For each kernel in templates there is KERNEL.txtar. Its section points names
// points, one a line as "name: axis=value,…", completed as wgslgen dump does
// it. For each point follow the kernel after the first pass, after the last,
// and as WGSL. errors/*.txtar hold sources with mistakes, and the report.
//
// WGSLGEN_UPDATE=1 go test ./golden rewrites the expected sections: read the
// difference before committing it.
package golden
