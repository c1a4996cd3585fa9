//go:build js && wasm

package web

import (
	"fmt"
	"syscall/js"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
)

const (
	// pieceBytes is how much is written at once: so much room for it stays in the
	// browser's memory.
	pieceBytes = 4 << 20
	// maxQueued bounds the bytes that the browser holds for writes to come: a
	// model's weights would otherwise exist twice.
	maxQueued = 32 << 20
)

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
		if err := d.play(doing, d.clears(d.words[:0])); err != nil {
			return err
		}
	}
	for len(data) > 0 {
		n := min(len(data), pieceBytes)
		if err := d.queue(own, off, data[:n]); err != nil {
			return d.fail(doing, err)
		}
		off, data = off+int64(n), data[n:]
	}
	own.mem.stale = false
	return nil
}

// queue writes a piece; mu is held.
func (d *device) queue(b *buffer, off int64, data []byte) error {
	if d.queued+int64(len(data)) > maxQueued {
		if err := d.drain(); err != nil {
			return err
		}
	}
	room, err := d.player.call("bytes", len(data))
	if err != nil {
		return err
	}
	js.CopyBytesToJS(room, data)
	d.queued += int64(len(data))
	_, err = d.player.call("write", b.mem.number, off, len(data))
	return err
}

// drain waits for the writes before those that are queued now: at any time at
// most two batches exist, unless the GPU hangs; mu is held.
func (d *device) drain() (err error) {
	if d.batch != nil {
		d.waitFor(d.batch)
	}
	d.batch, err = d.done()
	d.queued = 0
	return err
}
