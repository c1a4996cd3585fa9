//go:build js && wasm

package web

import (
	"context"
	"fmt"
	"time"
)

// patience is how long the device may work on what Close and the like wait for,
// before it is taken to hang.
const patience = 10 * time.Second

// Wait blocks until what is submitted now is done.
func (d *device) Wait(ctx context.Context) error {
	d.mu.Lock()
	done, err := d.done()
	d.mu.Unlock()
	if err != nil {
		return err
	}
	return d.await(ctx, "waiting for the GPU", done)
}

// done promises the end of all that is submitted; mu is held.
func (d *device) done() (*promise, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	done, err := d.player.start("done")
	if err != nil {
		return nil, d.fail("waiting for the GPU", err)
	}
	return done, nil
}

// await blocks until a promise is settled, the device is lost or closed, or ctx
// ends.
func (d *device) await(ctx context.Context, doing string, p *promise) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("waiting for the GPU: %w", err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("waiting for the GPU: %w", ctx.Err())
	case <-d.gone.settled:
	case <-p.settled:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	if p.err != nil {
		return d.fail(doing, p.err)
	}
	return nil
}

// settle waits until all submitted work is done, and says whether it is, which
// it is not if the device is lost or hangs; mu is held.
func (d *device) settle() bool {
	done, err := d.done()
	if err != nil {
		return false
	}
	return d.waitFor(done)
}

// waitFor is settle for the work of a promise; mu is held.
func (d *device) waitFor(done *promise) bool {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-done.settled:
		return done.err == nil
	case <-d.gone.settled:
	case <-late.C:
	}
	return false
}
