//go:build !bootstrap

package main

// ofTables are the commands that work by the generated tables, which what
// generates them must do without: go generate builds with the tag bootstrap.
var ofTables = []command{
	{"explain", "-op NAME [-device FILE] [-AXIS VALUE]…", "says which variant of the library a device gets, and why it refuses each better one", explain},
	{"measure", "-kernel NAME -size PARAMETER=N,… [-point AXIS=VALUE|VALUE,…] [-kernels DIR]", "times a kernel at points and sizes on the device at hand, against its multiply-adds a second", measurePoints},
	{"tune", "[-m MODEL] [-op KERNEL] [-budget 30s|5m|full] [FLAGS]", "finds the fastest variants for the device at hand, and leaves a profile that the engine runs by", tune},
}
