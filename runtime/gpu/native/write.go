//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
)

// maxQueued bounds the bytes that wgpu copies aside for writes until the next
// submission: a model's weights would otherwise exist twice.
const maxQueued = 32 << 20

func (d *device) Write(b gpu.Buffer, off int64, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	own, err := d.own(b)
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	doing := fmt.Sprintf("writing to buffer %q", own.label)
	if err := check.Span(off, int64(len(data)), own.size); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if own.mem.stale && int64(len(data)) < own.size {
		// wgpu writes ahead of all commands of a submission: the clear goes first.
		if err := d.play(doing, d.clears(d.ops[:0])); err != nil {
			return err
		}
	}
	for len(data) > 0 {
		n := min(len(data), maxQueued)
		if err := d.queue(own, off, data[:n]); err != nil {
			return d.fail(doing, err)
		}
		off, data = off+int64(n), data[n:]
	}
	own.mem.stale = false
	return nil
}

// queue writes at most maxQueued bytes; mu is held.
func (d *device) queue(b *buffer, off int64, data []byte) error {
	if d.queued+int64(len(data)) > maxQueued {
		if err := d.drain(); err != nil {
			return err
		}
	}
	err := d.raw.Write(b.mem.raw, uint64(off), data)
	if outOfMemory(err) && d.reclaim() {
		err = d.raw.Write(b.mem.raw, uint64(off), data)
	}
	d.queued += int64(len(data))
	return err
}

// drain sends queued writes off once those that it sent before are done: at any
// time at most two batches exist, unless the GPU hangs; mu is held.
func (d *device) drain() error {
	d.settle(d.batch)
	err := d.submit(nil)
	d.batch = d.submitted
	return err
}
