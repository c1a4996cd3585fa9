//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
)

// patience is how long the device may work on what Close and the like wait for,
// before it is taken to hang.
const patience = 10 * time.Second

// Wait blocks until what is submitted now is done.
func (d *device) Wait(ctx context.Context) error {
	d.mu.Lock()
	last := d.submitted
	d.mu.Unlock()
	return d.await(ctx, func() (bool, error) { return d.finished >= last, nil })
}

// await polls until done says so, which is called with mu held. wgpu's own
// blocking wait is of no use: it ends after five seconds with wrong results
// (see shim_poll), and no context interrupts it.
func (d *device) await(ctx context.Context, done func() (bool, error)) error {
	for start := time.Now(); ; pause(start) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("waiting for the GPU: %w", err)
		}
		if ok, err := d.look(done); ok || err != nil {
			return err
		}
	}
}

func (d *device) look(done func() (bool, error)) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return false, err
	}
	if err := d.poll(); err != nil {
		return false, err
	}
	return done()
}

// settle waits until so many submissions are finished, and says whether they
// are, which they are not if the device is lost or hangs; mu is held.
func (d *device) settle(submissions uint64) bool {
	for start := time.Now(); d.lost == nil && time.Since(start) < patience; pause(start) {
		if d.poll() == nil && d.finished >= submissions {
			return true
		}
	}
	return false
}

// poll looks for finished work; mu is held.
func (d *device) poll() error {
	finished, err := d.raw.Poll()
	if err != nil {
		return d.fail("waiting for the GPU", err)
	}
	d.finished = finished
	return nil
}

// pause lets a wait that began at start go on for a small part of what it took
// so far: short waits stay exact, long ones cost little.
func pause(start time.Time) {
	const spin, longest = 50 * time.Microsecond, time.Millisecond
	if waited := time.Since(start); waited < spin {
		runtime.Gosched()
	} else {
		wgpu.Sleep(min(waited/32, longest))
	}
}
