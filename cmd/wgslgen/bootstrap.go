//go:build bootstrap

package main

// ofTables is empty in the command that generates the tables.
var ofTables []command
