package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "attention_merge", Limit: Limit{1e-12, 1e-6}, Why: "a weighted mean with weights from exp",
	cases: func(g *generator) {
		for i, slots := range []int{1, 3, 8, 33} {
			tokens, heads, dim := []int{1, 3, 2, 1}[i], []int{1, 3, 8, 2}[i], []int{4, 20, 80, 128}[i]
			stride := heads*dim + []int{0, 64, 4, 0}[i]
			c := g.add()
			c.size("tokens", tokens)
			c.size("heads", heads)
			c.size("value_dim", dim)
			c.size("slots", slots)
			partKeys := []int{0, 16, 0, 5}[i]
			c.size("part_keys", partKeys)
			position := 16*2 - 2 + g.IntN(2) // with 16 keys a slot the second or third is the last that has any
			c.words("state", uint32(position), g.Uint32(), g.Uint32(), g.Uint32())
			c.size("y_stride", stride)
			n := tokens * heads * slots
			row := dim + 4
			parts := g.normal(n * row)
			for s := range n {
				sums := parts[s*row+dim:][:4]
				sums[0] = sums[0]*4 + 300*float64(i-1) // beyond what exp holds
				sums[1] = math.Exp(sums[1])
				sums[2], sums[3] = 0, 0
				if s%slots > 0 && s%3 == 1 { // a slot that saw no keys
					sums[0], sums[1] = -math.MaxFloat32, 0
					parts[s*row] = math.Inf(1) // never written
				}
				if used := slotsUsed(slots, partKeys, position+s/(heads*slots)+1); s%slots >= used {
					for d := range row { // nobody may look
						parts[s*row+d] = math.Inf(1)
					}
				}
			}
			parts = c.floats("parts", parts)
			sinks := c.sinks(i%2 == 1, heads) // near the scores of case 1, and far below those of case 3
			y := c.output("y", tokens*stride)
			for t := range tokens * heads {
				top := math.Inf(-1)
				end := t*slots + slotsUsed(slots, partKeys, position+t/heads+1)
				for s := t * slots; s < end; s++ {
					top = max(top, parts[s*row+dim])
				}
				acc, size := make([]float64, dim), make([]float64, dim)
				sum := 0.0
				for s := t * slots; s < end; s++ {
					if parts[s*row+dim+1] == 0 {
						continue
					}
					weight := math.Exp(parts[s*row+dim] - top)
					sum += weight * parts[s*row+dim+1]
					for d := range dim {
						acc[d] += weight * parts[s*row+d]
						size[d] += weight * math.Abs(parts[s*row+d])
					}
				}
				size = reference.Output(size, top, sum, sinks[t%heads])
				for d, x := range reference.Output(acc, top, sum, sinks[t%heads]) {
					y.put(t/heads*stride+t%heads*dim+d, x, size[d])
				}
			}
		}
	},
})

// slotsUsed returns how many of the slots may have keys, of which so many are seen.
func slotsUsed(slots, partKeys, seen int) int {
	if partKeys == 0 {
		return slots
	}
	return min(slots, (seen+partKeys-1)/partKeys)
}
