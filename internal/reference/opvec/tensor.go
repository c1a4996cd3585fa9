package opvec

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/wgslgen/wgslgen/internal/reference"
)

// Format returns the format of a tensor's elements as weights, or nil where
// they are integers, or of a type that the reference does not hold.
func (t *Tensor) Format() *reference.Format {
	for _, f := range reference.Formats {
		if f.Name == strings.ToLower(t.Type) {
			return f
		}
	}
	return nil
}

// Stored returns the rows of tensor i, a leaf or a view of one, as they are
// stored, one after the other in the order of ne, whatever its strides.
func (r *Record) Stored(i int) ([]byte, error) {
	t := &r.Tensors[i]
	b, err := r.bytes(i)
	if err != nil {
		return nil, err
	}
	per, size := 1, map[string]int{"i32": 4, "i64": 8}[t.Type] // elements and bytes of a block
	if f := t.Format(); f != nil {
		per, size = f.Block, f.Bytes
	}
	if size == 0 {
		return nil, fmt.Errorf("%s %s: tensor %s of unknown type %s", r.Op, r.Vars, t.Name, t.Type)
	}
	if last := (t.Ne[0]/per-1)*t.Nb[0] + (t.Ne[1]-1)*t.Nb[1] + (t.Ne[2]-1)*t.Nb[2] + (t.Ne[3]-1)*t.Nb[3]; last+size > len(b) {
		return nil, fmt.Errorf("%s %s: tensor %s of %v elements ends at byte %d of %d", r.Op, r.Vars, t.Name, t.Ne, last+size, len(b))
	}
	var out []byte
	for i3 := range t.Ne[3] {
		for i2 := range t.Ne[2] {
			for i1 := range t.Ne[1] {
				row := b[i1*t.Nb[1]+i2*t.Nb[2]+i3*t.Nb[3]:]
				for i0 := range t.Ne[0] / per {
					out = append(out, row[i0*t.Nb[0]:][:size]...)
				}
			}
		}
	}
	return out, nil
}

// Values returns the elements of tensor i, a leaf or a view of one, in the
// order of ne.
func (r *Record) Values(i int) ([]float64, error) {
	b, err := r.Stored(i)
	if err != nil {
		return nil, err
	}
	t := &r.Tensors[i]
	if f := t.Format(); f != nil {
		return f.Dequantize(b), nil
	}
	var out []float64
	for len(b) > 0 {
		switch t.Type {
		case "i32":
			out, b = append(out, float64(int32(binary.LittleEndian.Uint32(b)))), b[4:]
		case "i64":
			out, b = append(out, float64(int64(binary.LittleEndian.Uint64(b)))), b[8:]
		}
	}
	return out, nil
}

// bytes returns the storage of tensor i from its first element on: its own, or
// that of the tensor that it is a view of.
func (r *Record) bytes(i int) ([]byte, error) {
	t := &r.Tensors[i]
	root := t
	for root.View >= 0 {
		root = &r.Tensors[root.View]
	}
	if root.Data == nil {
		return nil, fmt.Errorf("%s %s: tensor %s is computed", r.Op, r.Vars, t.Name)
	}
	if t.Off < 0 || t.Off > root.Data[1] {
		return nil, fmt.Errorf("%s %s: tensor %s begins at byte %d of %d", r.Op, r.Vars, t.Name, t.Off, root.Data[1])
	}
	return r.blob[root.Data[0]:][:root.Data[1]][t.Off:], nil
}
