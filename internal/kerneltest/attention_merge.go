package kerneltest

import "math"

var _ = describe(Spec{
	Kernel: "attention_merge", Limit: Limit{1e-12, 1e-6}, Why: "a weighted mean with weights from exp",
	cases: func(g *generator) {
		for i, slots := range []int{1, 3, 8, 33} {
			tokens, heads, dim := []int{1, 3, 2, 1}[i], []int{1, 3, 8, 2}[i], []int{4, 20, 80, 128}[i]
			stride := heads*dim + []int{0, 64, 4, 0}[i]
			c := g.add()
			c.size("tokens", tokens)
			c.size("heads", heads)
			c.size("head_dim", dim)
			c.size("slots", slots)
			c.size("y_stride", stride)
			n := tokens * heads * slots
			acc, ml := g.normal(n*dim), g.normal(2*n)
			for s := range n {
				ml[2*s] = ml[2*s]*4 + 300*float64(i-1) // beyond what exp holds
				ml[2*s+1] = math.Exp(ml[2*s+1])
				if s%slots > 0 && s%3 == 1 { // a slot that saw no keys
					ml[2*s], ml[2*s+1] = -math.MaxFloat32, 0
					clear(acc[s*dim:][:dim])
				}
			}
			acc, ml = c.floats("acc", acc), c.floats("ml", ml)
			y := c.output("y", tokens*stride)
			for row := range tokens * heads {
				most := math.Inf(-1)
				for s := row * slots; s < (row+1)*slots; s++ {
					most = max(most, ml[2*s])
				}
				for d := range dim {
					var o, l, size float64
					for s := row * slots; s < (row+1)*slots; s++ {
						weight := math.Exp(ml[2*s] - most)
						o += weight * acc[s*dim+d]
						size += weight * math.Abs(acc[s*dim+d])
						l += weight * ml[2*s+1]
					}
					y.put(row/heads*stride+row%heads*dim+d, o/l, size/l)
				}
			}
		}
	},
})
