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
			at := 0
			for e := range experts {
				offsets.put(e, float64(at), 0)
				for slot, id := range ids {
					if id == e {
						order.put(at, float64(slot), 0)
						at++
					}
				}
			}
			offsets.put(experts, float64(at), 0)
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
			offsets, at := []int{0}, 0
			for e := range experts {
				end := offsets[e]
				for _, id := range ids {
					if id == e {
						end++
					}
				}
				for first := offsets[e]; first < end; first += tile {
					for j, word := range []int{e, first, min(first+tile, end), 0} {
						tiles.put(4*at+j, float64(word), 0)
					}
					at++
				}
				offsets = append(offsets, end)
			}
			c.integers("offsets", offsets)
			groups := c.output("groups", 6)
			for j, n := range []int{11 + i, at, 1, 5, at, 1} {
				groups.put(j, float64(n), 0)
			}
		}
	},
})

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
			weightStride := k + []int{0, 57, 0}[i]
			sigmoid := i == 1
			c := g.add()
			c.size("tokens", tokens)
			c.size("cols", cols)
			c.size("k", k)
			c.size("weight_stride", weightStride)
			c.size("x_stride", xStride)
			c.size("y_stride", yStride)
			c.flag("sigmoid", sigmoid)
			weights := c.floats("weights", g.padded(tokens, k, weightStride))
			x := c.floats("x", g.padded(tokens*k, cols, xStride))
			y := c.output("y", tokens*yStride)
			for t := range tokens {
				for j := range cols {
					at := t*yStride + j
					sum, scale := y.was(at), math.Abs(y.was(at))
					for r := range k {
						weight := weights[t*weightStride+r]
						if sigmoid {
							weight = reference.Sigmoid(weight)
						}
						term := weight * x[(t*k+r)*xStride+j]
						sum += term
						scale += math.Abs(term)
					}
					y.put(at, sum, scale)
				}
			}
		}
	},
})
