// Package decoder computes whole language models in float64, straight from the definitions in their papers and with no
// thought of speed: what the engine's logits are held against where there is no other oracle.
//
// It keeps no cache: a run feeds all tokens through one layer after the other. It shares no code with the engine but
// the reading of GGUF files.
package decoder

import (
	"fmt"
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// Logits returns the logits after each of tokens, as the model in f means them for a session of context positions.
func Logits(f *gguf.File, tokens []int32, context int) (logits [][]float64, err error) {
	m := &model{file: f, matrices: map[string][][]float64{}}
	defer func() {
		switch failed := recover().(type) {
		case nil:
		case missing:
			logits, err = nil, failed.error
		default:
			panic(failed)
		}
	}()
	m.configure(context)
	return m.forward(tokens), nil
}

// missing is what the accessors below panic with; Logits returns it.
type missing struct{ error }

// model is a file with its configuration.
type model struct {
	config
	file     *gguf.File
	matrices map[string][][]float64
}

// has reports whether the file has a tensor.
func (m *model) has(name string) bool {
	_, ok := m.file.Tensor(name)
	return ok
}

// matrix returns the rows of a tensor; a third dimension's matrices follow each other.
func (m *model) matrix(name string) [][]float64 {
	if rows, ok := m.matrices[name]; ok {
		return rows
	}
	t, ok := m.file.Tensor(name)
	if !ok {
		panic(missing{fmt.Errorf("no tensor %s", name)})
	}
	format, err := reference.FormatOf(int(t.Type))
	if err != nil {
		panic(missing{err})
	}
	data, err := m.file.Data(t)
	if err != nil {
		panic(missing{err})
	}
	all, cols := format.Dequantize(data), int(t.Dims[0])
	var rows [][]float64
	for ; len(all) > 0; all = all[cols:] {
		rows = append(rows, all[:cols])
	}
	m.matrices[name] = rows
	return rows
}

// vector returns the values of a tensor of one dimension, or nil if there is none.
func (m *model) vector(name string) []float64 {
	if !m.has(name) {
		return nil
	}
	return m.matrix(name)[0]
}

// linear returns W·x + b; bias is a tensor's name that the file may lack.
func (m *model) linear(name string, x []float64) []float64 {
	return plus(product(m.matrix(name+".weight"), x), m.vector(name+".bias"))
}

func product(rows [][]float64, x []float64) []float64 {
	y := make([]float64, len(rows))
	for i, row := range rows {
		for j, w := range row {
			y[i] += w * x[j]
		}
	}
	return y
}

// plus returns a + b; b may be nil.
func plus(a, b []float64) []float64 {
	out := append([]float64(nil), a...)
	for i := range b {
		out[i] += b[i]
	}
	return out
}

// times returns s·a.
func times(s float64, a []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = s * a[i]
	}
	return out
}

// norm returns the model's norm of x: RMSNorm, or LayerNorm (Ba et al., 2016) where the model has that.
func (m *model) norm(name string, x []float64) []float64 {
	return m.normBy(m.vector(name+".weight"), m.vector(name+".bias"), x)
}

func (m *model) normBy(weight, bias, x []float64) []float64 {
	if !m.layerNorm {
		return reference.RMSNorm(x, weight, m.eps)
	}
	var mean, variance float64
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v - mean) / math.Sqrt(variance+m.eps) * weight[i]
	}
	return plus(out, bias)
}

// capped returns limit·tanh(x/limit); a limit of 0 is none.
func capped(x, limit float64) float64 {
	if limit == 0 {
		return x
	}
	return limit * math.Tanh(x/limit)
}
