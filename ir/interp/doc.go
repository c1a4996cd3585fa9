// Package interp runs a lowered kernel on the CPU, with the exact semantics of a workgroup, and watches it.
//
// A lowered kernel is what the passes leave: scalars and vectors, one-dimensional
// arrays and bindings, if, for and barrier, with every expression typed by
// ir.Check. Compile turns it once into closures, each of which does one
// operation for all active invocations of a workgroup; control flow narrows
// the set of active invocations, as a GPU does it. Values that the tree shows
// to be the same in all invocations are computed once.
//
// While it runs, shadow memory records who touched each word since the last
// barrier. So Run finds what a GPU would hide or show only now and then: data
// races, reads of memory that nobody wrote, accesses out of bounds, barriers
// that not all invocations reach. See Kind for the list.
//
// Workgroups run one after the other, which makes results reproducible; that
// a kernel does not depend on their order is what the watch checks.
package interp
