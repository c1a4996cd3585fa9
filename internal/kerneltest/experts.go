package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "expert_order",
	Why:    "exact",
	cases: func(g *generator) {
		for i, experts := range []int{1, 4, g.tile("experts") + 7, 160} {
			tokens, k := []int{1, 3, 67, 29}[i], []int{1, 2, 1, 7}[i]
			ids := g.choices(tokens*k, experts)
			c := g.add()
			c.size("tokens", tokens)
			c.size("k", k)
			c.size("experts", experts)
			c.integers("ids", ids)
			order, offsets := c.output("order", len(ids)), c.output("offsets", experts+1)
			wantOrder, wantOffsets := reference.ByExpert(ids, experts)
			for j, slot := range wantOrder {
				order.put(j, float64(slot), 0)
			}
			for e, n := range wantOffsets {
				offsets.put(e, float64(n), 0)
			}
		}
	},
})

var _ = describe(Spec{
	Kernel: "expert_tiles",
	Why:    "exact",
	cases: func(g *generator) {
		for i, experts := range []int{1, 5, g.int("group") + 1, 257} {
			tokens, k, tile := []int{1, 31, 40, 64}[i], []int{1, 2, 3, 8}[i], []int{8, 1, 32, 7}[i]
			ids := g.choices(tokens*k, experts)
			c := g.add()
			c.size("tokens", tokens)
			c.size("k", k)
			c.size("experts", experts)
			c.size("tile", tile)
			c.size("up_groups", 11+i)
			c.size("down_groups", 5)
			tiles := c.output("tiles", 4*((tokens*k+tile-1)/tile+experts))
			_, offsets := reference.ByExpert(ids, experts)
			c.integers("offsets", offsets)
			list, used := tilesOf(offsets, tile, len(ids))
			for j, word := range list {
				tiles.put(j, float64(word), 0)
			}
			groups := c.output("groups", 6)
			for j, n := range []int{11 + i, used, 1, 5, used, 1} {
				groups.put(j, float64(n), 0)
			}
		}
	},
})

// tilesOf returns expert, first, end and 0 of every run of up to tile slots of an
// expert, then zeros; and how many tiles are in use.
func tilesOf(offsets []int, tile, slots int) (words []int, used int) {
	experts := len(offsets) - 1
	words = make([]int, 4*((slots+tile-1)/tile+experts))
	for e := range experts {
		for first := offsets[e]; first < offsets[e+1]; first += tile {
			copy(words[4*used:], []int{e, first, min(first+tile, offsets[e+1])})
			used++
		}
	}
	return words, used
}

// choices returns the experts of so many slots: some often, some not at all.
func (g *generator) choices(slots, experts int) []int {
	ids := make([]int, slots)
	for i := range ids {
		ids[i] = int(float64(experts) * math.Pow(g.Float64(), 2))
	}
	return ids
}

var _ = describe(Spec{
	Kernel: "weighted_sum",
	Limit:  Limit{1e-13, 1e-6},
	Why:    "as many roundings as terms, of their sum without signs",
	cases: func(g *generator) {
		for i, quads := range g.around(g.tile("cols") / 4) {
			tokens, k, cols := []int{1, 3, 2}[i], []int{1, 7, 8}[i], 4*quads
			xStride, yStride := cols+[]int{0, 4, 64}[i], cols+[]int{8, 0, 4}[i]
			c := g.add()
			c.size("tokens", tokens)
			c.size("cols", cols)
			c.size("k", k)
			c.size("x_stride", xStride)
			c.size("y_stride", yStride)
			weights := c.floats("weights", g.normal(tokens*k))
			x := c.floats("x", g.padded(tokens*k, cols, xStride))
			y := c.output("y", tokens*yStride)
			for t := range tokens {
				for j := range cols {
					at := t*yStride + j
					sum, scale := y.was(at), math.Abs(y.was(at))
					for r := range k {
						term := weights[t*k+r] * x[(t*k+r)*xStride+j]
						sum += term
						scale += math.Abs(term)
					}
					y.put(at, sum, scale)
				}
			}
		}
	},
})
