package conformance

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

func rmsNorm(t *trial) (func() []float64, error) {
	n, err := t.norm()
	if err != nil {
		return nil, err
	}
	params := generated.RmsNormParams{
		Tokens: n.rows, Heads: 1, Cols: n.cols, XStride: n.stride, YStride: n.stride, Eps: n.eps,
	}
	err = t.batch.dispatch(generated.RmsNorm, generated.RmsNormKey{Form: "plain", Weights: "none"}, params, n.bound)
	return n.result, err
}

func layerNorm(t *trial) (func() []float64, error) {
	n, err := t.norm()
	if err != nil {
		return nil, err
	}
	params := generated.LayerNormParams{Tokens: n.rows, Heads: 1, Cols: n.cols, XStride: n.stride, YStride: n.stride, Eps: n.eps}
	err = t.batch.dispatch(generated.LayerNorm, generated.LayerNormKey{Form: "plain", Weights: "none"}, params, n.bound)
	return n.result, err
}

// norm is what the norms have in common: rows, padded to whole vectors.
type norm struct {
	rows, cols, stride uint32
	eps                float32
	bound              map[string]plan.Source
	result             func() []float64
}

func (t *trial) norm() (*norm, error) {
	x, err := t.values(0)
	if err != nil {
		return nil, err
	}
	cols, rows := t.operand(0).Ne[0], rowsOf(t.operand(0))
	stride := (cols + 3) / 4 * 4
	y := t.batch.output(rows * stride)
	return &norm{
		rows: uint32(rows), cols: uint32(cols), stride: uint32(stride),
		eps:    float32(t.out().Float(0)),
		bound:  map[string]plan.Source{"x": t.batch.floats(x, cols, stride), "y": y},
		result: func() []float64 { return y.rows(cols, stride) },
	}, nil
}
