package conformance

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/internal/reference/opvec"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// mulMat multiplies the rows of a with those of b, in one product for each
// batch of b.
func mulMat(t *trial) (func() []float64, error) {
	a, b := t.operand(0), t.operand(1)
	matrices, err := t.matrices(0)
	if err != nil {
		return nil, err
	}
	stride := (matrices[0].Cols + bindable - 1) / bindable * bindable
	x, err := t.activations(1, stride)
	if err != nil {
		return nil, err
	}
	var products []*array
	for i := range b.Ne[2] * b.Ne[3] {
		m := matrices[broadcast(a, b, i)]
		y := t.batch.output(b.Ne[1] * m.Rows)
		if err := t.product(m, from{x, i * b.Ne[1] * stride}, stride, y, b.Ne[1]); err != nil {
			return nil, err
		}
		products = append(products, y)
	}
	if a.Type != "f32" {
		if t.exact, err = t.exactProducts(); err != nil {
			return nil, err
		}
	}
	return func() (out []float64) {
		for _, y := range products {
			out = append(out, y.rows(a.Ne[1], a.Ne[1])...)
		}
		return out
	}, nil
}

// broadcast returns which batch of a goes with batch i of b.
func broadcast(a, b *opvec.Tensor, i int) int {
	i2, i3 := i%b.Ne[2], i/b.Ne[2]
	return i3/(b.Ne[3]/a.Ne[3])*a.Ne[2] + i2/(b.Ne[2]/a.Ne[2])
}

// matrices plans the batches of operand i as weights.
func (t *trial) matrices(i int) ([]*weights.Matrix, error) {
	a := t.operand(i)
	format := formatOf(a)
	if format == nil {
		return nil, inapplicable("type " + a.Type)
	}
	data, err := t.Stored(t.out().Src[i])
	if err != nil {
		return nil, err
	}
	var out []*weights.Matrix
	each := len(data) / (a.Ne[2] * a.Ne[3])
	for ; len(data) > 0; data = data[each:] {
		m, err := t.batch.matrix(plan.Layout, format, a.Ne[1], a.Ne[0], data[:each])
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// formatOf returns the library's format of a tensor, or nil.
func formatOf(t *opvec.Tensor) *kernel.Format {
	f := t.Format()
	if f == nil {
		return nil
	}
	return plan.Format(f.GGML)
}

// product adds y = m·x for so many rows of x, by the kernel that the engine
// takes for them.
func (t *trial) product(m *weights.Matrix, x plan.Source, stride int, y *array, tokens int) error {
	bound := map[string]plan.Source{"w": m.Parts[0], "x": x, "bias": x, "y": y} // nothing of the bias is read
	if tokens == 1 {
		key := generated.GemvKey{W: m.Format.Name, Epilogue: generated.GemvEpilogueStore, Norm: generated.GemvNormNone, Interleave: m.Interleave, Texels: m.TexelKey()}
		return t.batch.dispatch(generated.Gemv, key, generated.GemvParams{Rows: uint32(m.Rows), Cols: uint32(m.Cols)}, bound)
	}
	key := generated.GemmKey{W: m.Format.Name, Epilogue: generated.GemmEpilogueStore, Math: "f32", Interleave: m.Interleave, Texels: m.TexelKey()}
	params := generated.GemmParams{
		Tokens: uint32(tokens), Rows: uint32(m.Rows), Cols: uint32(m.Cols), XStride: uint32(stride), YStride: uint32(m.Rows),
	}
	return t.batch.dispatch(generated.Gemm, key, params, bound)
}

// exactProducts is MUL_MAT in float64.
func (t *trial) exactProducts() (out []float64, err error) {
	a, b := t.operand(0), t.operand(1)
	w, err := t.values(0)
	if err != nil {
		return nil, err
	}
	x, err := t.values(1)
	if err != nil {
		return nil, err
	}
	cols := a.Ne[0]
	for i := range b.Ne[2] * b.Ne[3] {
		rows := w[broadcast(a, b, i)*a.Ne[1]*cols:]
		for n := range b.Ne[1] {
			for m := range a.Ne[1] {
				dot, _ := reference.Dot(rows[m*cols:][:cols], x[(i*b.Ne[1]+n)*cols:][:cols])
				out = append(out, dot)
			}
		}
	}
	return out, nil
}
