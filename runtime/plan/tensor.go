// Package plan records a model's step once, as dispatches over planned memory, to be played for every token.
package plan

import (
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// rowAlign is what the rows of activations are rounded up to, in floats: every
// row can then be bound by itself, and is as long as a row of weights whose
// blocks are longer on the device than in the file.
const rowAlign = 128

// Source is what a step can bind: a memory.Range, a weights.Part, or a Tensor.
type Source interface {
	// Range returns the memory for a kernel's binding.
	Range(b *kernel.Binding) memory.Range
}

// Tensor is float32 activations, a row for each token. Its memory is shared
// with tensors that are not in use at the same time, but for a kept one.
type Tensor struct {
	Cols   int // values of a row
	Stride int // Cols rounded up: the floats from one row to the next

	label       string
	rows        int
	flat        bool // no rows of activations
	kept        bool
	uniform     int64     // where the last of the uniform buffers ends that it is bound as; 0: none
	norm        *norm     // what is to fill the tensor, until something reads it
	writes      int       // steps that wrote the tensor
	rounded     []rounded // what it was rounded to
	indirect    bool      // holds the workgroups of steps
	first, last int       // steps that use the tensor
	buffer      *memory.Buffer
}

func newTensor(label string, rows, cols int) *Tensor {
	return &Tensor{Cols: cols, Stride: (cols + rowAlign - 1) / rowAlign * rowAlign, label: label, rows: rows}
}

func (t *Tensor) bytes() int64 { return max(4*int64(t.rows)*int64(t.Stride), t.uniform) }

func (t *Tensor) usage() gpu.Usage {
	usage := gpu.Storage
	if t.uniform > 0 {
		usage |= gpu.Uniform
	}
	if t.indirect {
		usage |= gpu.Indirect
	}
	return usage
}

// Range returns the memory of all rows.
func (t *Tensor) Range(b *kernel.Binding) memory.Range { return t.from(0).Range(b) }

// Row returns the memory of one row.
func (t *Tensor) Row(row int) memory.Range {
	bytes := 4 * int64(t.Stride)
	return memory.Range{Buffer: t.buffer, Offset: int64(row) * bytes, Size: bytes}
}

// rowsFrom is the rows of a tensor from one on.
type rowsFrom struct {
	*Tensor
	row int
}

func (t *Tensor) from(row int) rowsFrom { return rowsFrom{t, row} }

// tensorOf returns the tensor that a source is, or is a part of, or nil.
func tensorOf(s Source) *Tensor {
	switch s := s.(type) {
	case *Tensor:
		return s
	case rowsFrom:
		return s.Tensor
	}
	return nil
}

// Range returns the memory of the rows, or of a whole uniform buffer from there on.
func (r rowsFrom) Range(b *kernel.Binding) memory.Range {
	at := 4 * int64(r.row) * int64(r.Stride)
	if b.Uniform > 0 {
		return memory.Range{Buffer: r.buffer, Offset: at, Size: b.Uniform}
	}
	return memory.Range{Buffer: r.buffer, Offset: at, Size: 4*int64(r.rows)*int64(r.Stride) - at}
}

// Fixed is a memory.Range as a Source.
type Fixed memory.Range

// Range returns the range.
func (f Fixed) Range(*kernel.Binding) memory.Range { return memory.Range(f) }

// share gives tensors their memory: one buffer for several whose uses do not
// overlap. Sorted by first use, as they are, each takes the free buffer that
// fits it best; sizes grow to the largest user. What is left in the padding of
// rows meets weights that are zero, but must be finite and small enough to be
// added up: so rows and flat tensors, which hold anything, share no buffers.
func share(tensors []*Tensor, plan *memory.Plan) {
	type slot struct {
		users []*Tensor
		bytes int64
		free  int // the step after the last use
	}
	var slots []*slot
	for _, t := range tensors {
		var best *slot
		for _, s := range slots {
			if t.kept || s.free > t.first || s.users[0].flat != t.flat {
				continue
			}
			if best == nil || distance(s.bytes, t.bytes()) < distance(best.bytes, t.bytes()) {
				best = s
			}
		}
		if best == nil {
			best = &slot{}
			slots = append(slots, best)
		}
		best.users = append(best.users, t)
		best.bytes = max(best.bytes, t.bytes())
		best.free = t.last + 1
		if t.kept {
			best.free = int(^uint(0) >> 1)
		}
	}
	for _, s := range slots {
		var usage gpu.Usage
		for _, t := range s.users {
			usage |= t.usage()
		}
		buffer := plan.New(memory.Activations, s.users[0].label, s.bytes, usage)
		for _, t := range s.users {
			t.buffer = buffer
		}
	}
}

func distance(a, b int64) int64 { return max(a-b, b-a) }
