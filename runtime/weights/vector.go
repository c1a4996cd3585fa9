package weights

import (
	"fmt"
	"io"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// Vector is float32 values that the device holds as they are: a norm's
// weights, a table.
type Vector struct {
	memory.Range
	name string
	data io.ReaderAt
}

// Vector plans n float32 values, which data holds in little-endian order.
func (s *Set) Vector(name string, n int, data io.ReaderAt) *Vector {
	size := 4 * int64(n)
	v := &Vector{name: name, data: data}
	v.Range = s.memory.New(memory.Weights, name, size, gpu.Storage).All()
	s.vectors = append(s.vectors, v)
	return v
}

func (v *Vector) upload(dev gpu.Device) error {
	b := make([]byte, v.Size)
	if n, err := v.data.ReadAt(b, 0); n < len(b) {
		return fmt.Errorf("load %s: %w", v.name, err)
	}
	return dev.Write(v.Buffer.GPU(), v.Offset, b)
}
