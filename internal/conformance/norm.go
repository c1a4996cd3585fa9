package conformance

import (
	"slices"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

func rmsNorm(t *trial) (func() []float64, error) {
	x, err := t.values(0)
	if err != nil {
		return nil, err
	}
	cols, rows := t.operand(0).Ne[0], rowsOf(t.operand(0))
	if cols%4 != 0 {
		return nil, inapplicable("columns not in fours")
	}
	y := t.batch.output(rows * cols)
	params := generated.RmsNormParams{Tokens: uint32(rows), Cols: uint32(cols), Stride: uint32(cols), Eps: float32(t.out().Float(0))}
	err = t.batch.dispatch(generated.RmsNorm, generated.RmsNormKey{}, params, map[string]plan.Source{
		"x": t.batch.floats(x, cols, cols), "weight": t.batch.floats(slices.Repeat([]float64{1}, cols), cols, cols), "y": y,
	})
	return func() []float64 { return y.rows(cols, cols) }, err
}
