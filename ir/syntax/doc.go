// Package syntax reads kernel sources: text → tokens → grammar → ir.
//
// The grammar is in grammar.go. After a mistake the parser cuts the statement
// or clause around it out of the tokens and parses again, so that one run
// reports the mistakes of all of them.
package syntax
