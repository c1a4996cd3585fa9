//go:build js && wasm

package web

import (
	"errors"
	"fmt"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

var (
	errWaitedTwice = errors.New("waited for twice")
	errNoTexels    = fmt.Errorf("texels: %w in a browser", errors.ErrUnsupported)
)

// grace is how long after an error the news may arrive that the device is lost,
// which would be the reason.
const grace = 100 * time.Millisecond

// fail turns an error of JavaScript into one of package gpu; mu is held.
func (d *device) fail(doing string, err error) error {
	if outOfMemory(err) {
		return fmt.Errorf("%s: %w", doing, gpu.ErrOutOfMemory)
	}
	if name := nameOf(err); name == "AbortError" || name == "OperationError" || name == "GPUPipelineError" {
		select {
		case <-d.gone.settled:
		case <-time.After(grace):
		}
	}
	if err := d.usable(); err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// note keeps an error that the call in progress cannot return; mu is held.
func (d *device) note(err error) {
	if err == nil {
		return
	}
	if err := d.fail("working", err); d.pending == nil {
		d.pending = err
	}
}

// free gives an object's number back; mu is held.
func (d *device) free(number int) {
	if d.lost == nil {
		_, err := d.player.call("drop", number)
		d.note(err)
	}
}

func outOfMemory(err error) bool { return nameOf(err) == "GPUOutOfMemoryError" }

// nameOf returns the name of JavaScript's class of an error, or "".
func nameOf(err error) string {
	var f *fault
	if errors.As(err, &f) {
		return f.name
	}
	return ""
}
