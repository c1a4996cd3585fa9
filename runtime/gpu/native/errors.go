//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"errors"
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
)

var errWaitedTwice = errors.New("waited for twice")

// fail turns an error of wgpu into one of package gpu and remembers the loss of
// the device; mu is held.
func (d *device) fail(doing string, err error) error {
	fault := wgpu.Fault(0)
	if e := (*wgpu.Error)(nil); errors.As(err, &e) {
		fault = e.Fault
	}
	switch fault {
	case wgpu.OutOfMemory:
		return fmt.Errorf("%s: %w", doing, gpu.ErrOutOfMemory)
	case wgpu.Lost, wgpu.Aborted:
		if d.lost == nil {
			d.lost = fmt.Errorf("%w while %s: %w", gpu.ErrLost, doing, err)
		}
		return d.lost
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// note keeps an error that the call in progress cannot return; mu is held.
func (d *device) note(err error) {
	if err == nil {
		return
	}
	if err := d.fail("releasing memory", err); d.pending == nil {
		d.pending = err
	}
}

// free gives a handle back, unless the device is lost: after a panic wgpu's
// locks may be held, and so it is not called again; mu is held.
func (d *device) free(handle interface{ Release() error }) {
	if d.lost == nil {
		d.note(handle.Release())
	}
}

func outOfMemory(err error) bool {
	var e *wgpu.Error
	return errors.As(err, &e) && e.Fault == wgpu.OutOfMemory
}
