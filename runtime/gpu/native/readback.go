//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"context"
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
)

type readback struct {
	dev     *device
	label   string // of the buffer
	staging wgpu.Staging
	size    int
	waited  bool
}

func (d *device) StartRead(b gpu.Buffer, off, n int64) (gpu.Readback, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	own, err := d.ownCopied(b)
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	doing := fmt.Sprintf("reading buffer %q", own.label)
	if err := check.Span(off, n, own.size); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	d.collect()
	staging, err := d.allocateStaging(int(n))
	if err != nil {
		return nil, d.fail(doing, err)
	}
	ops := append(d.clears(d.ops[:0]), wgpu.Op{
		Kind: wgpu.Copy, Src: own.mem.raw, SrcOffset: uint64(off), Dst: staging.Buffer(), Bytes: uint64(n),
	})
	err = d.play(doing, ops)
	if err == nil {
		if err = staging.Map(int(n)); err != nil {
			err = d.fail(doing, err)
		}
	}
	if err != nil {
		d.free(staging)
		return nil, err
	}
	r := &readback{dev: d, label: own.label, staging: staging, size: int(n)}
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

func (r *readback) wait(ctx context.Context) (data []byte, err error) {
	if err := r.claim(); err != nil {
		return nil, err
	}
	err = r.dev.await(ctx, func() (bool, error) {
		data, err = r.take()
		return data != nil, err
	})
	if err != nil {
		r.abandon()
	}
	return data, err
}

// claim makes sure that only one call waits.
func (r *readback) claim() error {
	r.dev.mu.Lock()
	defer r.dev.mu.Unlock()
	if r.waited {
		return errWaitedTwice
	}
	r.waited = true
	return nil
}

// take returns the bytes, or nil if they are not there yet; mu is held.
func (r *readback) take() ([]byte, error) {
	d := r.dev
	ok, err := r.staging.Mapped()
	if !ok || err != nil {
		return nil, err
	}
	data := make([]byte, r.size)
	if err := r.staging.Take(data); err != nil {
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
