// Package memory plans device memory before any of it is allocated.
package memory

import (
	"fmt"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// Class says what memory is for, in sums and refusals.
type Class int

// The classes of memory.
const (
	Weights Class = iota
	Experts       // those of the weights that come and go
	Cache
	Activations
	Tables
	classes
)

func (c Class) String() string {
	return [...]string{"weights", "expert cache", "KV cache", "activations", "tables"}[c]
}

// Plan is a list of buffers that are allocated together.
type Plan struct {
	buffers []*Buffer
}

// Buffer is device memory of a known size, which has bytes once its plan is
// allocated.
type Buffer struct {
	label string
	class Class
	usage gpu.Usage
	size  int64
	gpu   gpu.Buffer
}

// New adds a buffer of size bytes to the plan.
func (p *Plan) New(class Class, label string, size int64, usage gpu.Usage) *Buffer {
	b := &Buffer{label: label, class: class, usage: usage, size: size}
	p.buffers = append(p.buffers, b)
	return b
}

// Bytes returns the sum of all buffers.
func (p *Plan) Bytes() int64 {
	var sum int64
	for _, n := range p.sums() {
		sum += n
	}
	return sum
}

// Sum returns the bytes of a class.
func (p *Plan) Sum(c Class) int64 { return p.sums()[c] }

func (p *Plan) sums() (sums [classes]int64) {
	for _, b := range p.buffers {
		sums[b.class] += b.size
	}
	return sums
}

// Fit returns an error with the sums where the plan needs more than limit
// bytes, or a buffer more than the device's limit.
func (p *Plan) Fit(limit int64, limits gpu.Limits) error {
	for _, b := range p.buffers {
		if b.size > limits.MaxBufferSize {
			return fmt.Errorf("%s needs a buffer of %s; the device's limit is %s", b.label, MiB(b.size), MiB(limits.MaxBufferSize))
		}
	}
	if p.Bytes() <= limit {
		return nil
	}
	var parts []string
	for c, n := range p.sums() {
		if n == 0 && Class(c) == Experts {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s", Class(c), MiB(n)))
	}
	return fmt.Errorf("needs %s of device memory (%s); the limit is %s", MiB(p.Bytes()), strings.Join(parts, ", "), MiB(limit))
}

// MiB formats a number of bytes for people.
func MiB(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// Allocate gives every buffer its bytes, which are zero. After an error
// nothing stays allocated.
func (p *Plan) Allocate(dev gpu.Device) error {
	for _, b := range p.buffers {
		var err error
		if b.gpu, err = dev.NewBuffer(b.label, b.size, b.usage); err != nil {
			p.Release()
			return err
		}
	}
	return nil
}

// Release gives all memory back.
func (p *Plan) Release() {
	for _, b := range p.buffers {
		if b.gpu != nil {
			b.gpu.Release()
			b.gpu = nil
		}
	}
}

// Reserve makes a planned buffer at least size bytes, and serves usage too.
func (b *Buffer) Reserve(size int64, usage gpu.Usage) {
	b.size = max(b.size, size)
	b.usage |= usage
}

// Size returns the buffer's size in bytes.
func (b *Buffer) Size() int64 { return b.size }

// GPU returns the allocated buffer; nil before Plan.Allocate.
func (b *Buffer) GPU() gpu.Buffer { return b.gpu }

// All returns the range of the whole buffer.
func (b *Buffer) All() Range { return Range{b, 0, b.size} }

// Range is Size bytes of a planned buffer at Offset.
type Range struct {
	Buffer       *Buffer
	Offset, Size int64
}

// GPU returns the range of the allocated buffer.
func (r Range) GPU() gpu.BufferRange {
	return gpu.BufferRange{Buffer: r.Buffer.gpu, Offset: r.Offset, Size: r.Size}
}
