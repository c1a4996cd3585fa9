package conformance

import (
	"math"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// experts is products by expert: a token's k slots choose one each.
type experts struct {
	tokens, k, count int
	ids              []float64 // of the slots
	matrix           *weights.Matrix
	rows             int       // of an expert
	x                []float64 // rows of x, each shared by so many slots
	cols, share      int
	bias             []float64 // of each expert's rows; nil: none
}

// mulMatID multiplies each row of b with the experts that its slots choose.
func mulMatID(t *trial) (func() []float64, error) {
	a, b, chosen := t.operand(0), t.operand(1), t.operand(2)
	e := experts{tokens: chosen.Ne[1], k: chosen.Ne[0], count: a.Ne[2], rows: a.Ne[1], cols: a.Ne[0], share: chosen.Ne[0] / b.Ne[1]}
	format := formatOf(a)
	if format == nil {
		return nil, inapplicable("type " + a.Type)
	}
	data, err := t.Stored(t.out().Src[0])
	if err != nil {
		return nil, err
	}
	if e.matrix, err = t.batch.matrix(plan.ExpertLayout, format, e.count*e.rows, e.cols, data); err != nil {
		return nil, err
	}
	if e.x, err = t.values(1); err != nil {
		return nil, err
	}
	if e.ids, err = t.values(2); err != nil {
		return nil, err
	}
	if t.exact, err = e.exact(t); err != nil {
		return nil, err
	}
	return t.products(&e)
}

// exact is MUL_MAT_ID in float64.
func (e *experts) exact(t *trial) (out []float64, err error) {
	w, err := t.values(0)
	if err != nil {
		return nil, err
	}
	for slot, id := range e.ids {
		x := e.x[slot/e.share*e.cols:][:e.cols]
		for r := range e.rows {
			dot, _ := reference.Dot(w[(int(id)*e.rows+r)*e.cols:][:e.cols], x)
			out = append(out, dot)
		}
	}
	return out, nil
}

// addID adds the biases of chosen experts. The library does that at the end of
// a product: here, of one with the identity.
func addID(t *trial) (func() []float64, error) {
	a, b, chosen := t.operand(0), t.operand(1), t.operand(2)
	n := a.Ne[0]
	e := experts{tokens: chosen.Ne[1], k: chosen.Ne[0], count: b.Ne[1], rows: n, cols: n, share: 1}
	identity := make([]uint32, e.count*n*n)
	for i := range e.count * n {
		identity[i*n+i%n] = math.Float32bits(1)
	}
	var err error
	if e.matrix, err = t.batch.matrix(plan.ExpertLayout, plan.Format(int(gguf.F32)), e.count*n, n, encode(identity)); err != nil {
		return nil, err
	}
	if e.x, err = t.values(0); err != nil {
		return nil, err
	}
	if e.bias, err = t.values(1); err != nil {
		return nil, err
	}
	if e.ids, err = t.values(2); err != nil {
		return nil, err
	}
	return t.products(&e)
}

// products plans what the experts make of their slots, as the engine does: for
// one token at once, for many by tiles of slots that chose the same expert.
func (t *trial) products(e *experts) (func() []float64, error) {
	y := t.batch.output(e.tokens * e.k * e.rows)
	ids := t.batch.integers(e.ids)
	bound := map[string]plan.Source{
		"w": e.matrix.Parts[0], "x": t.batch.floats(e.x, e.cols, e.matrix.Cols), "y": y, "ids": ids,
		"weights": t.batch.scratch(e.k), "bias": t.batch.scratch(1),
	}
	if e.bias != nil {
		bound["bias"] = t.batch.floats(e.bias, e.rows, e.rows)
	}
	result := func() []float64 { return y.rows(e.rows, e.rows) }
	if e.tokens == 1 {
		return result, t.batch.dispatch(generated.ExpertGemv, e.gemvKey(), e.gemv(), bound)
	}
	return result, t.tiled(e, ids, bound)
}

func (e *experts) gemvKey() generated.ExpertGemvKey {
	return generated.ExpertGemvKey{W: e.matrix.Format.Name, Epilogue: "store", Interleave: e.matrix.Interleave}
}

func (e *experts) gemv() generated.ExpertGemvParams {
	return generated.ExpertGemvParams{
		Slots: uint32(e.k), Rows: uint32(e.rows), Cols: uint32(e.matrix.Cols), Experts: uint32(e.count), Share: uint32(e.share),
		XStride: uint32(e.matrix.Cols), YStride: uint32(e.rows), Biased: flag(e.bias != nil), BiasStride: uint32(e.rows),
	}
}

// tiled sorts the slots, lists the tiles, and dispatches as many.
func (t *trial) tiled(e *experts, ids *array, bound map[string]plan.Source) error {
	key := generated.ExpertGemmKey{W: e.matrix.Format.Name, Epilogue: "store", Interleave: e.matrix.Interleave}
	params := generated.ExpertGemmParams{
		Tokens: uint32(e.tokens), K: uint32(e.k), Rows: uint32(e.rows), Cols: uint32(e.matrix.Cols), Experts: uint32(e.count), Share: uint32(e.share),
		XStride: uint32(e.matrix.Cols), YStride: uint32(e.rows), Biased: flag(e.bias != nil), BiasStride: uint32(e.rows),
	}
	v, err := t.batch.library.Find(generated.ExpertGemm, key, params.Words())
	if err != nil {
		return err
	}
	each, err := setting(v, "T")
	if err != nil {
		return err
	}
	down, err := setting(v, "down")
	if err != nil {
		return err
	}
	tile, slots := each*down, e.tokens*e.k
	along := uint32(v.Grid(params.Words())[0])

	order, offsets := t.batch.scratch(slots), t.batch.scratch(e.count+1)
	if err := t.batch.dispatch(generated.ExpertOrder, generated.ExpertOrderKey{},
		generated.ExpertOrderParams{Tokens: uint32(e.tokens), K: uint32(e.k), Experts: uint32(e.count)},
		map[string]plan.Source{"ids": ids, "order": order, "offsets": offsets}); err != nil {
		return err
	}
	tiles, groups := t.batch.scratch(4*((slots+tile-1)/tile+e.count)), t.batch.scratch(6)
	if err := t.batch.dispatch(generated.ExpertTiles, generated.ExpertTilesKey{},
		generated.ExpertTilesParams{Tokens: uint32(e.tokens), K: uint32(e.k), Experts: uint32(e.count), Tile: uint32(tile), UpGroups: along, DownGroups: along},
		map[string]plan.Source{"offsets": offsets, "tiles": tiles, "groups": groups}); err != nil {
		return err
	}
	bound["order"], bound["tiles"] = order, tiles
	return t.batch.dispatchIndirect(generated.ExpertGemm, key, params, bound, groups)
}

func flag(on bool) uint32 {
	if on {
		return 1
	}
	return 0
}
