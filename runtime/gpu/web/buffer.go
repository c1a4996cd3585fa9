//go:build js && wasm

package web

import (
	"errors"
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
)

type buffer struct {
	dev   *device
	label string
	size  int64
	usage gpu.Usage
	mem   *memory // nil once released
}

func (d *device) NewBuffer(label string, size int64, usage gpu.Usage) (gpu.Buffer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	size, err := check.BufferSize(size, usage, d.caps.Limits)
	if err == nil && usage.TexelSize() > 0 {
		err = errNoTexels
	}
	if err != nil {
		return nil, fmt.Errorf("making buffer %q: %w", label, err)
	}
	mem, err := d.allocate(size, usage)
	if err != nil {
		return nil, d.fail(fmt.Sprintf("making buffer %q of %d bytes", label, size), err)
	}
	b := &buffer{dev: d, label: label, size: size, usage: usage, mem: mem}
	d.live[b] = struct{}{}
	d.use += size
	d.peak = max(d.peak, d.use)
	return b, nil
}

func (b *buffer) Size() int64   { return b.size }
func (b *buffer) Label() string { return b.label }

func (b *buffer) Release() {
	b.dev.mu.Lock()
	defer b.dev.mu.Unlock()
	b.dev.release(b)
}

func (b *buffer) drop() {
	b.dev.use -= b.size
	b.dev.recycle(b.mem)
	b.mem = nil
}

// own returns the device's own, usable buffer behind b; mu is held.
func (d *device) own(b gpu.Buffer) (*buffer, error) {
	own, ok := b.(*buffer)
	switch {
	case !ok || own == nil:
		return nil, errors.New("no buffer of this device")
	case own.dev != d:
		return nil, fmt.Errorf("buffer %q belongs to another device", own.label)
	case own.mem == nil:
		return nil, fmt.Errorf("buffer %q was released", own.label)
	}
	return own, nil
}
