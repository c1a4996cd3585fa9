package conformance

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// getRows looks rows up in each batch of a table, by the ids of that batch.
func getRows(t *trial) (func() []float64, error) {
	matrices, err := t.matrices(0)
	if err != nil {
		return nil, err
	}
	ids, err := t.values(1)
	if err != nil {
		return nil, err
	}
	cols, count := t.operand(0).Ne[0], t.operand(1).Ne[0]
	var found []*array
	for i, m := range matrices {
		key := generated.EmbedKey{W: m.Format.Name, Interleave: m.Interleave, Texels: m.TexelKey()}
		params := generated.EmbedParams{Tokens: uint32(count), Rows: uint32(m.Rows), Cols: uint32(m.Cols), Stride: uint32(m.Cols)}
		y := t.batch.output(count * m.Cols)
		if err := t.batch.dispatch(generated.Embed, key, params, map[string]plan.Source{
			"ids": t.batch.integers(ids[i*count:][:count]), "w": m.Parts[0], "y": y,
		}); err != nil {
			return nil, err
		}
		found = append(found, y)
	}
	return func() (out []float64) {
		for i, y := range found {
			out = append(out, y.rows(cols, matrices[i].Cols)...)
		}
		return out
	}, nil
}
