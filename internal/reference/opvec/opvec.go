// Package opvec reads the operator test vectors of ../shared/opvec: little graphs with their inputs and the output that llama.cpp computes.
package opvec

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
)

// Record is one vector. Tensors stand in the order of computation.
type Record struct {
	Op       string
	Vars     string  // the parameters, as the suite that it comes from spells them
	MaxError float64 `json:"max_err"` // that suite's limit for the NMSE
	Tensors  []Tensor
	Out      int // index of the result

	Result    [2]int `json:"out_f32"`
	BlobBytes int    `json:"blob"`

	blob []byte
}

// Tensor is a leaf with data, or a step of the computation.
type Tensor struct {
	Name   string
	Op     string    // NONE for a leaf
	Type   string    // of its elements, as ggml spells it
	Ne     [4]int    // sizes; the first is contiguous
	Nb     [4]int    // strides in bytes
	View   int       // tensor that this one lies in, or -1
	Off    int       // bytes from the start of the root of a view
	Src    []int     // operands
	Params [16]int32 // of the operator; some are the bits of a float
	Data   []int     // of a leaf: offset and length
}

// Read returns the records of a file.
func Read(fsys fs.FS, path string) ([]*Record, error) {
	data, err := fs.ReadFile(fsys, path)
	if err != nil {
		return nil, err
	}
	var out []*Record
	for len(data) > 0 {
		if len(data) < 4 || len(data)-4 < int(binary.LittleEndian.Uint32(data)) {
			return nil, fmt.Errorf("%s: record %d is cut off", path, len(out))
		}
		header, rest := data[4:][:binary.LittleEndian.Uint32(data)], data[4+binary.LittleEndian.Uint32(data):]
		r := &Record{}
		if err := json.Unmarshal(header, r); err != nil {
			return nil, fmt.Errorf("%s: record %d: %w", path, len(out), err)
		}
		if len(rest) < r.BlobBytes {
			return nil, fmt.Errorf("%s: record %d is cut off", path, len(out))
		}
		r.blob, data = rest[:r.BlobBytes], rest[r.BlobBytes:]
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("%s: record %d: %w", path, len(out), err)
		}
		out = append(out, r)
	}
	return out, nil
}

// check checks that all that the header points to is there.
func (r *Record) check() error {
	if !r.holds(r.Result[:]) || r.Out < 0 || r.Out >= len(r.Tensors) {
		return fmt.Errorf("result %d at %v is beyond %d tensors or %d bytes", r.Out, r.Result, len(r.Tensors), len(r.blob))
	}
	for i := range r.Tensors {
		t := &r.Tensors[i]
		if t.View >= i || t.Data != nil && !r.holds(t.Data) {
			return fmt.Errorf("tensor %d: data %v, or view of %d, is not there", i, t.Data, t.View)
		}
		for _, s := range t.Src {
			if s >= i {
				return fmt.Errorf("tensor %d is computed from tensor %d", i, s)
			}
		}
	}
	return nil
}

// holds reports whether an offset and a length are within the blob.
func (r *Record) holds(at []int) bool {
	return len(at) == 2 && at[0] >= 0 && at[1] >= 0 && at[0]+at[1] <= len(r.blob)
}

// Want returns the result's values.
func (r *Record) Want() []float32 {
	b := r.blob[r.Result[0]:][:r.Result[1]]
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

// Float returns parameter i as the float whose bits it is.
func (t *Tensor) Float(i int) float64 {
	return float64(math.Float32frombits(uint32(t.Params[i])))
}
