package plan

import (
	"errors"
	"fmt"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Routing says how a mixture of experts chooses for a token, and how it weighs
// what it chose.
type Routing struct {
	Experts, Used int
	Sigmoid       bool            // scores are sigmoids of the logits, not their softmax
	Bias          *weights.Vector // added to scores for the choice alone; nil: none
	Normalize     bool            // a token's weights add up to Scale: with softmax, it is that of the chosen
	Scale         float32         // of weights, which are scores
	Groups        Groups
}

// Groups limits a choice to the experts of some groups, in which they come; the
// zero value does not.
type Groups struct {
	Count, Kept int
	Best        int // experts whose scores rank a group together: 1 or 2
}

// mostGroups is what the router's kernel has bits for.
const mostGroups = 32

func (r *Routing) check() error {
	g := r.Groups
	size := r.Experts / g.Count
	if g.Count > mostGroups || size*g.Count != r.Experts || g.Kept < 1 || g.Kept > g.Count || g.Best < 1 || g.Best > min(2, size) {
		return fmt.Errorf("%d experts in %d groups, of which %d are kept by their best %d: groups must be equal, at most %d, and ranked by 1 or 2", r.Experts, g.Count, g.Kept, g.Best, mostGroups)
	}
	if r.Used < 1 || r.Used > g.Kept*size {
		return fmt.Errorf("a token uses %d experts of %d", r.Used, g.Kept*size)
	}
	return nil
}

// Chosen is the experts that a router chose for each token, best first, and
// their weights.
type Chosen struct {
	used         int
	ids, weights rows
}

// rows is a source with a row for each token.
type rows interface {
	Source
	fromRow(row int) Source
}

func (t *Tensor) fromRow(row int) Source { return t.from(row) }

// Route chooses experts by a router's logits.
func (r *Recorder) Route(logits *Tensor, routing Routing) *Chosen {
	if routing.Groups.Count == 0 {
		routing.Groups = Groups{1, 1, 1}
	}
	if err := routing.check(); err != nil {
		r.fail(err)
	}
	ids, weights := r.packed("experts", r.Tokens, routing.Used), r.packed("expert weights", r.Tokens, routing.Used)
	chosen := &Chosen{routing.Used, ids, weights}
	key := generated.RouterKey{Bias: "false"}
	binds := []bind{{"x", logits}, {"values", chosen.weights}, {"indices", chosen.ids}}
	if routing.Bias != nil {
		key.Bias = "true"
		binds = append(binds, bind{"b", routing.Bias})
	}
	params := generated.RouterParams{
		Tokens: uint32(r.Tokens), N: uint32(routing.Experts), Stride: uint32(logits.Stride), K: uint32(routing.Used),
		Sigmoid: flag(routing.Sigmoid), Normalize: flag(routing.Normalize), Scale: routing.Scale,
		Groups: uint32(routing.Groups.Count), Kept: uint32(routing.Groups.Kept), Best: uint32(routing.Groups.Best),
	}
	r.dispatch(generated.Router, key, params, 0, r.Tokens, binds...)
	return chosen
}

func flag(on bool) uint32 {
	if on {
		return 1
	}
	return 0
}

// Experts is the weights of a layer's experts.
type Experts struct {
	GateUp     *weights.Matrix // of weights.Set.Experts
	Down       *weights.Matrix
	GateUpBias *weights.Vector // of all gates, then of all ups; nil: none
	DownBias   *weights.Vector // nil: none
	Activation kernel.Activation
	Cache      *weights.ExpertCache // that all of these are of; nil: the device holds all experts
}

// AddExperts adds to y, for each token, what its chosen experts make of x, times
// their weights, best first.
func (r *Recorder) AddExperts(y, x *Tensor, chosen *Chosen, e *Experts) {
	if r.Tokens == 1 {
		hidden := r.tensor("experts", chosen.used, e.GateUp.Rows)
		up := &expertProduct{Experts: e, matrix: e.GateUp, bias: e.GateUpBias, epilogue: "gated", share: chosen.used, y: hidden, x: x.from(0)}
		down := &expertProduct{Experts: e, matrix: e.Down, bias: e.DownBias, epilogue: "weighted", share: 1, y: y, x: hidden.from(0)}
		r.page(&Page{Cache: e.Cache, chosen: chosen, tokens: 1})
		for begin, most := 0, e.most(chosen); begin < chosen.used; begin += most {
			slots := min(most, chosen.used-begin)
			r.expertGemv(up, chosen, begin, slots)
			r.expertGemv(down, chosen, begin, slots)
			r.endRound(e.Cache, slots)
		}
		return
	}
	most := r.tokensWithin(int64(chosen.used) * max(2*partWork(e.GateUp), partWork(e.Down)))
	if most < r.Tokens {
		most = max(most/chosenGranule, 1) * chosenGranule
	}
	for from := 0; from < r.Tokens; from += most {
		r.expertsOfMany(y, x, chosen, e, from, min(most, r.Tokens-from))
	}
}

// chosenGranule is what tokens are split by: what a router chose for the next
// ones is then where a binding can begin.
const chosenGranule = 64

// partWork returns how often a dispatch multiplies for a slot.
func partWork(m *weights.Matrix) (most int64) {
	for _, part := range m.Parts {
		most = max(most, int64(part.Rows)*int64(m.Cols))
	}
	return most
}

// expertProduct is the product of the rows of x with the experts that the slots
// of one or more tokens chose; so many slots share a row.
type expertProduct struct {
	*Experts
	matrix   *weights.Matrix
	bias     *weights.Vector
	epilogue string
	share    int
	y        *Tensor
	x        rowsFrom
	apart    [2]int // values from one slot's x, and y, to the next; 0 is a row
}

func (p *expertProduct) strides() (x, y uint32) {
	if p.apart[0] > 0 {
		return uint32(p.apart[0]), uint32(p.apart[1])
	}
	return uint32(p.x.Stride), uint32(p.y.Stride)
}

// binds returns what a part's kernel binds. Where there is no bias it binds what
// is not read.
func (p *expertProduct) binds(part *weights.Part, chosen *Chosen) []bind {
	bias := bind{"bias", chosen.weights}
	if p.bias != nil {
		bias.source = p.bias
	}
	return []bind{{"w", part}, bias, {"x", p.x}, {"y", p.y}}
}

// expertGemv computes a product of some slots of a token.
func (r *Recorder) expertGemv(p *expertProduct, chosen *Chosen, begin, slots int) {
	key := generated.ExpertGemvKey{W: p.matrix.Format.Name, Epilogue: p.epilogue, Interleave: p.matrix.Interleave}
	xStride, yStride := p.strides()
	for _, part := range p.matrix.Parts {
		params := generated.ExpertGemvParams{
			Slots: uint32(slots), Rows: uint32(part.Rows), Cols: uint32(p.matrix.Cols), First: uint32(part.First), Begin: uint32(begin),
			Experts: uint32(p.matrix.Experts), Share: uint32(p.share), XStride: xStride, YStride: yStride,
			Biased: flag(p.bias != nil), BiasStride: uint32(p.matrix.Rows), Kind: uint32(p.Activation),
		}
		r.dispatch(generated.ExpertGemv, key, params, 0, 1,
			append(p.binds(part, chosen), bind{"ids", chosen.ids}, bind{"weights", chosen.weights})...)
	}
}

// expertsOfMany is AddExperts for tokens [from, from+tokens).
func (r *Recorder) expertsOfMany(y, x *Tensor, chosen *Chosen, e *Experts, from, tokens int) {
	slots := tokens * chosen.used
	hidden, out := r.tensor("experts", slots, e.GateUp.Rows), r.tensor("expert results", slots, e.Down.Rows)
	up := &expertProduct{Experts: e, matrix: e.GateUp, bias: e.GateUpBias, epilogue: "gated", share: chosen.used, y: hidden, x: x.from(from)}
	down := &expertProduct{Experts: e, matrix: e.Down, bias: e.DownBias, epilogue: "store", share: 1, y: out, x: hidden.from(0)}
	s := r.sorted(chosen, from, tokens, e.Down.Experts)
	upKernel, downKernel := r.expertKernel(up, s), r.expertKernel(down, s)
	if r.err != nil {
		return
	}
	upTiles := r.tiles(s, upKernel.tile, upKernel.groups, downKernel.groups)
	downTiles := upTiles
	if downKernel.tile != upKernel.tile {
		downTiles = r.tiles(s, downKernel.tile, upKernel.groups, downKernel.groups)
	}
	if e.Cache != nil {
		r.page(&Page{Cache: e.Cache, chosen: chosen, from: from, tokens: tokens, order: s.order, up: upTiles, down: downTiles})
	} else {
		r.sort(s)
		r.list(s, upTiles)
		if downTiles != upTiles {
			r.list(s, downTiles)
		}
	}
	r.expertGemm(up, s, upKernel.variant, upTiles, 0)
	r.expertGemm(down, s, downKernel.variant, downTiles, 1)
	r.endRound(e.Cache, 1)
	r.weightedSum(y, out, s)
}

// sorted is the slots of tokens [from, from+tokens) by expert.
type sorted struct {
	chosen         *Chosen
	from, tokens   int
	order, offsets *Tensor
}

func (s *sorted) experts() int { return s.offsets.rows - 1 }

// sorted makes room for the sorted slots.
func (r *Recorder) sorted(chosen *Chosen, from, tokens, experts int) *sorted {
	return &sorted{
		chosen: chosen, from: from, tokens: tokens,
		order: r.packed("expert order", tokens*chosen.used, 1), offsets: r.packed("expert offsets", experts+1, 1),
	}
}

func (r *Recorder) sort(s *sorted) {
	params := generated.ExpertOrderParams{Tokens: uint32(s.tokens), K: uint32(s.chosen.used), Experts: uint32(s.experts())}
	r.dispatch(generated.ExpertOrder, generated.ExpertOrderKey{}, params, s.from, s.tokens,
		bind{"ids", s.chosen.ids.fromRow(s.from)}, bind{"order", s.order}, bind{"offsets", s.offsets})
}

// tiles is the runs of so many sorted slots, at most, that workgroups take, and
// the workgroups of two products over them, a row each.
type tiles struct {
	list, groups         *Tensor
	size                 int
	upGroups, downGroups uint32 // along the rows of the products
}

// tiles makes room for tiles.
func (r *Recorder) tiles(s *sorted, size int, upGroups, downGroups uint32) tiles {
	slots := s.tokens * s.chosen.used
	list, groups := r.packed("expert tiles", ceilDiv(slots, size)+s.experts(), 4), r.packed("expert groups", 2, 3)
	return tiles{list, groups, size, upGroups, downGroups}
}

// appendTiles adds the tiles of the slots from first to end of an expert's order
// to a list: what expert_tiles makes of them.
func appendTiles(list []uint32, expert, first, end, size uint32) []uint32 {
	for ; first < end; first += size {
		list = append(list, expert, first, min(first+size, end), 0)
	}
	return list
}

// retiled returns a list of tiles of another size for the same slots.
func retiled(list []uint32, size uint32) (all []uint32) {
	for at := 0; at < len(list); {
		expert, first, end := list[at], list[at+1], list[at+2]
		for at += 4; at < len(list) && list[at] == expert && list[at+1] == end; at += 4 {
			end = list[at+2]
		}
		all = appendTiles(all, expert, first, end, size)
	}
	return all
}

// list finds the tiles of sorted slots.
func (r *Recorder) list(s *sorted, t tiles) {
	params := generated.ExpertTilesParams{
		Tokens: uint32(s.tokens), K: uint32(s.chosen.used), Experts: uint32(s.experts()), Tile: uint32(t.size),
		UpGroups: t.upGroups, DownGroups: t.downGroups,
	}
	r.dispatch(generated.ExpertTiles, generated.ExpertTilesKey{}, params, s.from, s.tokens,
		bind{"offsets", s.offsets}, bind{"tiles", t.list}, bind{"groups", t.groups})
}

// expertKernel is what computes a product of many tokens: the same variant for
// all of its parts, as these go by the same tiles.
type expertKernel struct {
	variant *kernel.Variant
	tile    int    // slots that a workgroup takes
	groups  uint32 // workgroups along the rows of the largest part
}

func (r *Recorder) expertKernel(p *expertProduct, s *sorted) (k expertKernel) {
	words := p.gemm(p.matrix.Parts[0], s).Words() // none has more rows
	var err error
	if k.variant, err = r.library.Find(generated.ExpertGemm, p.gemmKey(), words); err == nil {
		k.tile, err = tileOf(k.variant)
	}
	if err != nil {
		r.fail(err)
		return k
	}
	k.groups = uint32(k.variant.Grid(words)[0])
	return k
}

// tileOf returns how many slots a workgroup of a variant of expert_gemm takes.
func tileOf(v *kernel.Variant) (int, error) {
	each, eachErr := tuned(v, "T")
	down, downErr := tuned(v, "down")
	return each * down, errors.Join(eachErr, downErr)
}

// tilesBinding is where expert_gemm finds the tiles.
const tilesBinding = "tiles"

// expertGemm computes a product of sorted slots, by a row of the tiles' groups.
func (r *Recorder) expertGemm(p *expertProduct, s *sorted, v *kernel.Variant, t tiles, row int) {
	for _, part := range p.matrix.Parts {
		r.record(step{
			table: generated.ExpertGemm, key: p.gemmKey().Values(), variant: v, words: p.gemm(part, s).Words(), from: s.from, most: s.tokens,
			binds: append(p.binds(part, s.chosen), bind{"order", s.order}, bind{tilesBinding, t.list}),
		})
		r.indirect(t.groups, row)
	}
}

func (p *expertProduct) gemmKey() generated.ExpertGemmKey {
	return generated.ExpertGemmKey{W: p.matrix.Format.Name, Epilogue: p.epilogue, Interleave: p.matrix.Interleave}
}

func (p *expertProduct) gemm(part *weights.Part, s *sorted) generated.ExpertGemmParams {
	xStride, yStride := p.strides()
	return generated.ExpertGemmParams{
		Tokens: uint32(s.tokens), K: uint32(s.chosen.used), Rows: uint32(part.Rows), Cols: uint32(p.matrix.Cols), First: uint32(part.First),
		Experts: uint32(p.matrix.Experts), Share: uint32(p.share), XStride: xStride, YStride: yStride,
		Biased: flag(p.bias != nil), BiasStride: uint32(p.matrix.Rows), Kind: uint32(p.Activation),
	}
}

// weightedSum adds to y what the experts of each of its tokens made, x, times
// their weights.
func (r *Recorder) weightedSum(y, x *Tensor, s *sorted) {
	params := generated.WeightedSumParams{
		Tokens: uint32(s.tokens), Cols: uint32(y.Cols), K: uint32(s.chosen.used), XStride: uint32(x.Stride), YStride: uint32(y.Stride),
	}
	r.dispatch(generated.WeightedSum, generated.WeightedSumKey{}, params, s.from, s.tokens,
		bind{"weights", s.chosen.weights.fromRow(s.from)}, bind{"x", x}, bind{"y", y.from(s.from)})
}
