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
	if err := check.Write(off, int64(len(data)), own.size, own.usage); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if own.mem.stale && int64(len(data)) < own.size {
		// wgpu writes ahead of all commands of a submission: the clear goes first.
		if err := d.play(doing, d.clears(d.ops[:0])); err != nil {
			return err
		}
	}
	for len(data) > 0 {
		n := piece(own.usage, off, min(len(data), maxQueued))
		if err := d.queue(own, off, data[:n]); err != nil {
			return d.fail(doing, err)
		}
		off, data = off+int64(n), data[n:]
	}
	own.mem.stale = false
	return nil
}

// piece returns how many of n bytes at off are written at once. Of texels it is a
// rectangle: whole rows, or what lies in one.
func piece(usage gpu.Usage, off int64, n int) int {
	row := int(usage.TexelSize() * gpu.TexelRow)
	if row == 0 {
		return n
	}
	if left := row - int(off%int64(row)); left < row || n < row {
		return min(n, left)
	}
	return n - n%row
}

// queue writes a piece of at most maxQueued bytes; mu is held.
func (d *device) queue(b *buffer, off int64, data []byte) error {
	if d.queued+int64(len(data)) > maxQueued {
		if err := d.drain(); err != nil {
			return err
		}
	}
	err := d.write(b, off, data)
	if outOfMemory(err) && d.reclaim() {
		err = d.write(b, off, data)
	}
	d.queued += int64(len(data))
	return err
}

// write returns wgpu's own errors; mu is held.
func (d *device) write(b *buffer, off int64, data []byte) error {
	if b.mem.texture == 0 {
		return d.raw.Write(b.mem.raw, uint64(off), data)
	}
	texel := int(b.usage.TexelSize())
	at, n := int(off/int64(texel)), len(data)/texel
	x, y := at%gpu.TexelRow, at/gpu.TexelRow
	return d.raw.WriteTexture(b.mem.texture, x, y, min(n, gpu.TexelRow), max(n/gpu.TexelRow, 1), data)
}

// drain sends queued writes off once those that it sent before are done: at any
// time at most two batches exist, unless the GPU hangs; mu is held.
func (d *device) drain() error {
	d.settle(d.batch)
	err := d.submit(nil)
	d.batch = d.submitted
	return err
}
