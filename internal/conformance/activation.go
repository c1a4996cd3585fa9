package conformance

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// activate applies an activation to every element.
func activate(kind kernel.Activation) func(t *trial) (func() []float64, error) {
	return func(t *trial) (func() []float64, error) {
		return t.pointwise(generated.PointwiseOpActivate, generated.PointwiseParams{Kind: uint32(kind)})
	}
}

// softCap keeps values within a bound. The graph is x/cap, tanh, and ·cap.
func softCap(t *trial) (func() []float64, error) {
	return t.pointwise(generated.PointwiseOpSoftCap, generated.PointwiseParams{Factor: float32(t.out().Float(0))})
}

// pointwise applies an operation to every element of the first leaf.
func (t *trial) pointwise(op string, params generated.PointwiseParams) (func() []float64, error) {
	x, err := t.Values(0)
	if err != nil {
		return nil, err
	}
	cols, rows := t.out().Ne[0], rowsOf(t.out())
	y := t.batch.floats(x, cols, cols)
	y.output = true
	params.Tokens, params.Cols, params.Stride = uint32(rows), uint32(cols), uint32(cols)
	err = t.batch.dispatch(generated.Pointwise, generated.PointwiseKey{Op: op}, params, map[string]plan.Source{
		"y": y, "x": t.batch.scratch(1), "gate": t.batch.scratch(rows),
	})
	return func() []float64 { return y.rows(cols, cols) }, err
}

// glu multiplies up by an activation of gate. These are two operands, or halves
// of the rows of one, in an order that parameter 1 swaps.
func glu(kind kernel.Activation) func(t *trial) (func() []float64, error) {
	return func(t *trial) (func() []float64, error) {
		out := t.out()
		cols, rows, stride := out.Ne[0], rowsOf(out), t.operand(0).Ne[0]
		gate, err := t.activations(0, stride)
		if err != nil {
			return nil, err
		}
		params := generated.GluParams{
			Tokens: uint32(rows), Cols: uint32(cols), Stride: uint32(stride), YStride: uint32(cols),
			Kind: uint32(kind), Alpha: float32(out.Float(2)), Limit: float32(out.Float(3)),
		}
		up := gate
		switch {
		case t.operands() == 2:
			if up, err = t.activations(1, stride); err != nil {
				return nil, err
			}
		case out.Params[1] == 1:
			params.GateFirst = uint32(cols)
		default:
			params.UpFirst = uint32(cols)
		}
		y := t.batch.scratch(rows * cols)
		if err := t.batch.dispatch(generated.Glu, generated.GluKey{}, params, map[string]plan.Source{"gate": gate, "up": up, "y": y}); err != nil {
			return nil, err
		}
		return t.cast(y, cols)
	}
}
