//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package wgpu

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"time"
	"unsafe"
)

// Device is an open device with its queue.
type Device struct{ c *C.shim_device }

// Open opens adapter with all that it grants. The device owns the instance from
// here on, also after an error.
func Open(instance Instance, adapter Adapter) (*Device, error) {
	opened, err := call(func() C.shim_result { return C.shim_device_open(C.uintptr_t(instance), C.uintptr_t(adapter)) })
	if err != nil {
		return nil, err
	}
	return &Device{*(**C.shim_device)(unsafe.Pointer(&opened))}, nil // C memory
}

// Close frees the device and its instance. All submissions must be finished.
func (d *Device) Close() error { return do(func() C.shim_result { return C.shim_device_close(d.c) }) }

// Poll lets finished work call back, and returns how many submissions, counted
// from the first, are finished.
func (d *Device) Poll() (finished uint64, err error) {
	v, err := call(func() C.shim_result { return C.shim_poll(d.c) })
	return uint64(v), err
}

// Op is one step of a submission; it mirrors shim_op.
type Op struct {
	Kind                        OpKind
	Grid                        [3]uint32 // its first is the place of a timestamp, or how many to resolve
	Pipeline                    Pipeline
	Group                       Group
	Src, Dst                    Buffer // Src also holds indirect counts, or is Queries; Dst is also what is cleared
	SrcOffset, DstOffset, Bytes uint64
}

// OpKind says which fields of an Op count.
type OpKind uint32

const (
	Dispatch         OpKind = C.SHIM_DISPATCH
	DispatchIndirect OpKind = C.SHIM_DISPATCH_INDIRECT
	Copy             OpKind = C.SHIM_COPY
	Clear            OpKind = C.SHIM_CLEAR
	Timestamp        OpKind = C.SHIM_TIMESTAMP // notes the time once what stands before is done
	Resolve          OpKind = C.SHIM_RESOLVE   // copies timestamps, 8 bytes each, to Dst
)

// The two sizes must agree: either difference is negative, and so no constant
// for an array length, if they do not.
var (
	_ [unsafe.Sizeof(Op{}) - C.sizeof_shim_op]struct{}
	_ [C.sizeof_shim_op - unsafe.Sizeof(Op{})]struct{}
)

// Submit plays ops, with all that was written before them, as one submission.
// After an error that is not Lost or Aborted, nothing was submitted.
func (d *Device) Submit(ops []Op) error {
	return do(func() C.shim_result {
		return C.shim_submit(d.c, (*C.shim_op)(unsafe.Pointer(unsafe.SliceData(ops))), C.size_t(len(ops)))
	})
}

// Write copies data into b ahead of the next submission.
func (d *Device) Write(b Buffer, offset uint64, data []byte) error {
	return do(func() C.shim_result {
		return C.shim_write(d.c, C.uintptr_t(b), C.uint64_t(offset), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)))
	})
}

// WriteTexture fills a rectangle of t, row by row, ahead of the next submission.
func (d *Device) WriteTexture(t Texture, x, y, width, height int, data []byte) error {
	return do(func() C.shim_result {
		return C.shim_texture_write(d.c, C.uintptr_t(t), C.uint32_t(x), C.uint32_t(y), C.uint32_t(width), C.uint32_t(height),
			unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)))
	})
}

// TimestampPeriod returns the nanoseconds of a timestamp's tick, or 0 where wgpu
// does not tell.
func (d *Device) TimestampPeriod() float64 { return float64(C.shim_timestamp_period(d.c)) }

// Sleep is time.Sleep for durations below a second, which Go's stretches to
// whole milliseconds in an idle process.
func Sleep(d time.Duration) { C.shim_sleep(C.uint32_t(d)) }
