//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

// Package wgpu calls wgpu-native such that no error aborts the process, hangs, or gets lost.
//
// The library comes as the static archive in one of two modules, of which a
// program can link only one: github.com/cogentcore/webgpu (wgpu 0.19), or, with
// the build tag wgpu29, github.com/oliverbestmann/webgpu (wgpu 29). Their Go side
// is not used beyond linking: it lets out-of-memory and lost-device errors abort
// the process, and the mapping callback of the first reads a Go variable that the
// garbage collector may have freed by then. The headers in wgpu0.19 and wgpu29 are
// those modules', unchanged; api.h is all that differs between the two.
//
// Handles are plain numbers. This package checks nothing: whoever calls it
// never passes a handle that is released, foreign or zero.
package wgpu

/*
// The archive is linked by the module that brings it.
#cgo wgpu29 CFLAGS: -DWGPU29
#cgo linux LDFLAGS: -Wl,--unresolved-symbols=ignore-all
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
#cgo windows LDFLAGS: -Wl,--unresolved-symbols=ignore-all

#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"runtime"
	"slices"
	"strings"
	"unsafe"
)

// Fault is the kind of an Error.
type Fault int32

const (
	Validation  Fault = C.SHIM_VALIDATION
	OutOfMemory Fault = C.SHIM_OUT_OF_MEMORY
	Lost        Fault = C.SHIM_LOST
	Aborted     Fault = C.SHIM_ABORTED // the device must not be called again
)

// Error is what wgpu said.
type Error struct {
	Fault   Fault
	Message string
}

func (e *Error) Error() string { return e.Message }

func init() {
	C.shim_init()
}

// call makes a call of wgpu and returns its value and error.
func call(f func() C.shim_result) (uintptr, error) {
	r := f()
	if r.fault == C.SHIM_ELSEWHERE {
		return elsewhere(f)
	}
	if r.fault == C.SHIM_OK {
		return uintptr(r.value), nil
	}
	message := clean(C.GoString(r.message))
	C.free(unsafe.Pointer(r.message))
	return 0, &Error{Fault(r.fault), message}
}

// elsewhere makes a call on another thread, as long as it takes to find one on
// which wgpu never panicked. This thread is locked meanwhile, or else it would
// run that goroutine too.
func elsewhere(f func() C.shim_result) (value uintptr, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		value, err = call(f)
	}()
	<-done
	return value, err
}

// do makes a call that has no value.
func do(f func() C.shim_result) error {
	_, err := call(f)
	return err
}

// clean strips what says nothing to a reader: the frame around every message,
// the names of wgpu's functions, and causes that repeat the line they explain.
func clean(message string) string {
	message = strings.TrimPrefix(message, "Validation Error\n\nCaused by:\n")
	var kept []string
	for line := range strings.Lines(message) {
		line = strings.TrimRight(line, " \n")
		text := strings.TrimSpace(line)
		said := slices.ContainsFunc(kept, func(l string) bool { return strings.HasSuffix(l, text) })
		if text == "" || said || strings.HasPrefix(text, "In wgpu") {
			continue
		}
		kept = append(kept, strings.TrimPrefix(strings.TrimPrefix(line, "    "), "Shader '' "))
	}
	if len(kept) == 0 {
		return "wgpu gave no reason"
	}
	return strings.Join(kept, "\n")
}
