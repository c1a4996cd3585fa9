package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "softmax_topk",
	Limit:  Limit{1e-12, 2e-6},
	Why:    "exp of differences of up to 10, divided by a sum; indices are exact",
	cases: func(g *generator) {
		most := g.int("E") * g.int("group")
		for i, n := range []int{1, 7, most - 1, most} {
			tokens, k := []int{1, 3, 5, 2}[i], []int{1, 7, 6, 1}[i]
			c := g.add()
			c.size("tokens", tokens)
			c.size("n", n)
			c.size("k", k)
			x := g.normal(tokens * n)
			for j := range x { // equal ones, and no two that differ by little
				x[j] = math.Round(x[j]*2*16) / 16
				if j < n {
					x[j] = 3 // all equal
				}
			}
			x = c.floats("x", x)
			values, indices := c.output("values", tokens*k), c.output("indices", tokens*k)
			for t := range tokens {
				row := reference.Softmax(x[t*n:][:n])
				for at, j := range reference.TopK(x[t*n:][:n], k) {
					values.put(t*k+at, row[j], 0)
					indices.put(t*k+at, float64(j), 0)
				}
			}
		}
	},
})
