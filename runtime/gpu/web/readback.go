//go:build js && wasm

package web

import (
	"context"
	"fmt"
	"syscall/js"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
)

type readback struct {
	dev     *device
	label   string // of the buffer
	staging int
	size    int
	mapping *promise
	waited  bool
}

func (d *device) StartRead(b gpu.Buffer, off, n int64) (gpu.Readback, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	own, err := d.own(b)
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	doing := fmt.Sprintf("reading buffer %q", own.label)
	if err := check.Span(off, n, own.size); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return d.startRead(doing, own.label, d.clears(d.words[:0]), own.mem.number, off, int(n))
}

// startRead plays words, which live in d.words, and then copies n bytes out of a
// buffer; mu is held.
func (d *device) startRead(doing, label string, words []uint32, source int, off int64, n int) (*readback, error) {
	d.collect()
	staging, err := d.allocateStaging(n)
	if err != nil {
		return nil, d.fail(doing, err)
	}
	words = append(words, opCopy, uint32(source), uint32(off/4), uint32(staging), 0, uint32(n/4))
	if err := d.play(doing, words); err != nil {
		d.free(staging)
		return nil, err
	}
	mapping, err := d.player.start("map", staging, n)
	if err != nil {
		d.free(staging)
		return nil, d.fail(doing, err)
	}
	r := &readback{dev: d, label: label, staging: staging, size: n, mapping: mapping}
	d.live[r] = struct{}{}
	return r, nil
}

// Wait cannot be taken up again after its context ended: the staging buffer is
// given up then.
func (r *readback) Wait(ctx context.Context) ([]byte, error) {
	data, err := r.wait(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading buffer %q: %w", r.label, err)
	}
	return data, nil
}

func (r *readback) wait(ctx context.Context) ([]byte, error) {
	if err := r.claim(); err != nil {
		return nil, err
	}
	if err := r.dev.await(ctx, "mapping", r.mapping); err != nil {
		r.abandon()
		return nil, err
	}
	return r.take()
}

// claim makes sure that only one call waits.
func (r *readback) claim() error {
	r.dev.mu.Lock()
	defer r.dev.mu.Unlock()
	if err := r.dev.usable(); err != nil {
		return err
	}
	if r.waited {
		return errWaitedTwice
	}
	r.waited = true
	return nil
}

// take copies the bytes, which are mapped.
func (r *readback) take() ([]byte, error) {
	d := r.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	mapped, err := d.player.call("mapped", r.staging, r.size)
	if err != nil {
		return nil, d.fail("copying", err)
	}
	data := make([]byte, r.size)
	js.CopyBytesToGo(data, mapped)
	if _, err := d.player.call("unmap", r.staging); err != nil {
		return nil, d.fail("copying", err)
	}
	delete(d.live, r)
	d.recycleStaging(r.staging, r.size)
	return data, nil
}

func (r *readback) abandon() {
	d := r.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.usable() == nil {
		d.abandoned = append(d.abandoned, r)
	}
}

// drop frees the staging buffer, whose mapping is over.
func (r *readback) drop() { r.dev.free(r.staging) }
