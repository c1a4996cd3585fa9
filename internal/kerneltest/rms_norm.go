package kerneltest

import "github.com/wgslgen/wgslgen/internal/reference"

var _ = describe(Spec{
	Kernel: "rms_norm",
	Limit:  Limit{1e-13, 1e-6},
	Why:    "a sum of squares, an inverse square root good to 2 ulp, and two products",
	cases: func(g *generator) {
		for i, tokens := range append(g.around(g.tile("tokens")), 2*g.tile("tokens")+1) {
			cols := []int{4, 68, 1020, 12}[i]
			stride := cols + []int{0, 60, 4, 0}[i]
			c := g.add()
			c.size("tokens", tokens)
			c.size("cols", cols)
			c.size("stride", stride)
			eps := c.float("eps", []float64{1e-5, 1e-6, 1e-3, 0.1}[i])
			all := g.padded(tokens, cols, stride)
			for t, factor := range []float64{1e3, 0, 1e-4} { // large, all zero, and so small that eps counts
				for j := range cols {
					if t < tokens && i > 0 {
						all[t*stride+j] *= factor
					}
				}
			}
			all = c.floats("x", all)
			weight := c.floats("weight", g.normal(cols))
			y := c.output("y", tokens*stride)
			for t := range tokens {
				for j, v := range reference.RMSNorm(all[t*stride:][:cols], weight, eps) {
					y.put(t*stride+j, v, 0)
				}
			}
		}
	},
})
