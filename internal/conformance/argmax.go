package conformance

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// argmax ends a greedy step for each row: the history then holds the winners.
func argmax(t *trial) (func() []float64, error) {
	x, err := t.values(0)
	if err != nil {
		return nil, err
	}
	cols, rows := t.operand(0).Ne[0], rowsOf(t.operand(0))
	stride := (cols + bindable - 1) / bindable * bindable
	logits := t.batch.floats(x, cols, stride)
	history := t.batch.output(rows)
	bound := map[string]plan.Source{"state": t.batch.integers(make([]float64, 4)), "ids": t.batch.integers([]float64{0}), "history": history}
	for row := range rows {
		bound["logits"] = from{logits, row * stride}
		params := generated.ArgmaxParams{N: uint32(cols), HistoryLen: uint32(rows)}
		if err := t.batch.dispatch(generated.Argmax, generated.ArgmaxKey{}, params, bound); err != nil {
			return nil, err
		}
	}
	return history.counts, nil
}
