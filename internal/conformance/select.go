package conformance

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/internal/reference/opvec"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// shortRow is up to where rows are sorted for their k largest values.
const shortRow = 64

// topK finds the k largest of each row: by sorting where rows are short, or
// more stay than the kernel for long rows can list.
func topK(t *trial) (func() []float64, error) {
	n, k := t.operand(0).Ne[0], t.out().Ne[0]
	long, err := t.batch.library.Find(generated.TopK, generated.TopKKey{}, nil)
	if err != nil {
		return nil, err
	}
	capacity, err := setting(long, "capacity")
	if err != nil {
		return nil, err
	}
	if n <= shortRow || k > capacity {
		return t.sorted(k, false)
	}
	rows := rowsOf(t.operand(0))
	x, err := t.values(0)
	if err != nil {
		return nil, err
	}
	indices := t.batch.output(rows * k)
	params := generated.TopKParams{Rows: uint32(rows), N: uint32(n), Stride: uint32(n), K: uint32(k)}
	err = t.batch.dispatch(generated.TopK, generated.TopKKey{}, params, map[string]plan.Source{
		"x": t.batch.floats(x, n, n), "values": t.batch.scratch(rows * k), "indices": indices,
	})
	return indices.counts, err
}

// argsort sorts whole rows; parameter 0 says which way.
func argsort(t *trial) (func() []float64, error) {
	return t.sorted(t.operand(0).Ne[0], t.out().Params[0] == 0)
}

// sorted plans the indices of the first k of each row in order.
func (t *trial) sorted(k int, ascending bool) (func() []float64, error) {
	n, rows := t.operand(0).Ne[0], rowsOf(t.operand(0))
	x, err := t.values(0)
	if err != nil {
		return nil, err
	}
	indices := t.batch.output(rows * k)
	params := generated.ArgsortParams{Rows: uint32(rows), N: uint32(n), Stride: uint32(n), K: uint32(k)}
	if ascending {
		params.Ascending = 1
	}
	err = t.batch.dispatch(generated.Argsort, generated.ArgsortKey{}, params, map[string]plan.Source{
		"x": t.batch.floats(x, n, n), "values": t.batch.scratch(rows * k), "indices": indices,
	})
	return indices.counts, err
}

// chosen returns the values at the indices that a result has, in order: which of
// equal ones are chosen is free, and so is their order.
func chosen(r *opvec.Record, indices []float64) ([]float64, error) {
	x, err := r.Values(r.Tensors[r.Out].Src[0])
	if err != nil {
		return nil, err
	}
	n, k := r.Tensors[r.Tensors[r.Out].Src[0]].Ne[0], r.Tensors[r.Out].Ne[0]
	var out []float64
	for row := range len(indices) / k {
		var values []float64
		taken := map[float64]bool{}
		for _, i := range indices[row*k:][:k] {
			if i >= float64(n) || taken[i] {
				return nil, fmt.Errorf("row %d: index %v of %d, taken before: %v", row, i, n, taken[i])
			}
			taken[i] = true
			values = append(values, x[row*n+int(i)])
		}
		slices.Sort(values)
		out = append(out, values...)
	}
	return out, nil
}

// setting returns a tuning axis of a variant.
func setting(v *kernel.Variant, axis string) (int, error) {
	i := slices.IndexFunc(v.Tune, func(s kernel.Setting) bool { return s.Axis == axis })
	if i < 0 {
		return 0, fmt.Errorf("%s has no tuning axis %s", v.Name, axis)
	}
	return strconv.Atoi(v.Tune[i].Value)
}
