// Package kerneltest runs kernels on cases whose right results a float64 reference knows.
//
// A Spec describes one kernel: how to make cases for a variant, at shapes that
// fit no tile, and how far results may be from the reference. The same case
// runs in the interpreter, which also finds races and stray accesses, and on a
// device. Whatever a kernel is not meant to write is filled with values that
// must still be there afterwards; what it is not meant to read is NaN.
package kerneltest
