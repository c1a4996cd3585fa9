//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package wgpu

// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Staging is a buffer that the CPU can read. It must not be released while a
// mapping is pending: the callback would write to freed memory.
type Staging uintptr

// NewStaging allocates size bytes.
func (d *Device) NewStaging(size uint64) (Staging, error) {
	v, err := call(func() C.shim_result { return C.shim_staging_new(d.c, C.uint64_t(size)) })
	return Staging(v), err
}

// Buffer returns the buffer to copy into.
func (s Staging) Buffer() Buffer {
	return Buffer(C.shim_staging_buffer(C.uintptr_t(s)))
}

// Map asks for the first size bytes, which are there once Mapped says so: some
// time after the submission that fills them is done, during a poll.
func (s Staging) Map(size int) error {
	return do(func() C.shim_result { return C.shim_staging_map(C.uintptr_t(s), C.size_t(size)) })
}

// Mapped says whether Map came to an end, and how.
func (s Staging) Mapped() (bool, error) {
	switch state := C.shim_staging_state(C.uintptr_t(s)); state {
	case C.SHIM_PENDING:
		return false, nil
	case C.SHIM_MAPPED:
		return true, nil
	default:
		return true, fmt.Errorf("mapping failed with status %d", state-C.SHIM_MAP_FAILED)
	}
}

// Take fills to with the mapped bytes and unmaps them.
func (s Staging) Take(to []byte) error {
	return do(func() C.shim_result {
		return C.shim_staging_take(C.uintptr_t(s), unsafe.Pointer(unsafe.SliceData(to)), C.size_t(len(to)))
	})
}

// Unmap gives the mapped bytes up.
func (s Staging) Unmap() error {
	return do(func() C.shim_result { return C.shim_staging_unmap(C.uintptr_t(s)) })
}

// Release frees the buffer.
func (s Staging) Release() error {
	return do(func() C.shim_result { return C.shim_staging_release(C.uintptr_t(s)) })
}
