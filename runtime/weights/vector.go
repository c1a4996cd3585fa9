package weights

import (
	"fmt"
	"io"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// Vector is float32 values that the device holds as they are: a norm's
// weights, a table.
type Vector struct {
	name   string
	size   int64 // bytes of the values
	buffer *memory.Buffer
	data   []io.ReaderAt // of equally many values each
}

// Vector plans n float32 values of each data, one after the other, which hold
// them in little-endian order.
func (s *Set) Vector(name string, n int, data ...io.ReaderAt) *Vector {
	v := s.vector(memory.Weights, name, n, data)
	s.vectors = append(s.vectors, v)
	return v
}

func (s *Set) vector(class memory.Class, name string, n int, data []io.ReaderAt) *Vector {
	size := 4 * int64(n) * int64(len(data))
	return &Vector{name, size, s.memory.New(class, name, size, gpu.Storage), data}
}

// Bytes returns the size of the values.
func (v *Vector) Bytes() int64 { return v.size }

// Serve makes room for a kernel's binding: as a uniform buffer the vector is
// bound at that buffer's size.
func (v *Vector) Serve(b *kernel.Binding) {
	if b.Uniform > 0 {
		v.buffer.Reserve(b.Uniform, gpu.Uniform)
	}
}

// Range returns the memory for a kernel's binding.
func (v *Vector) Range(b *kernel.Binding) memory.Range {
	return memory.Range{Buffer: v.buffer, Size: max(v.size, b.Uniform)}
}

func (v *Vector) upload(dev gpu.Device) error {
	b := make([]byte, v.size)
	each := len(b) / len(v.data)
	for i, data := range v.data {
		if n, err := data.ReadAt(b[i*each:][:each], 0); n < each {
			return fmt.Errorf("load %s: %w", v.name, err)
		}
	}
	return dev.Write(v.buffer.GPU(), 0, b)
}
