package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "router",
	Limit:  Limit{1e-12, 2e-6},
	Why:    "exp of differences of up to 10, divided by sums; indices are exact",
	cases: func(g *generator) {
		for i, r := range []reference.Router{
			{K: 1, Scale: 1, Groups: 1, Kept: 1, Best: 1},
			{K: 7, Scale: 1, Groups: 1, Kept: 1, Best: 1, Normalize: true},
			{K: 8, Scale: 2.5, Groups: 8, Kept: 4, Best: 2, Normalize: true, Sigmoid: true},
			{K: 6, Scale: 16, Groups: 4, Kept: 3, Best: 1},
			{K: 4, Scale: 1, Groups: 32, Kept: 1, Best: 2, Sigmoid: true},
			{K: 5, Scale: 1, Groups: 1, Kept: 1, Best: 1, Sigmoid: true},
		} {
			n := []int{1, 7, 256, 60, 160, 127}[i]
			tokens := []int{1, g.tile("tokens") + 1, 3, 17, 1, 2}[i]
			g.route(r, tokens, n, n+[]int{0, 57, 0, 4, 64, 1}[i])
		}
	},
})

// route adds a case of the router.
func (g *generator) route(r reference.Router, tokens, n, stride int) {
	c := g.add()
	c.size("tokens", tokens)
	c.size("n", n)
	c.size("stride", stride)
	c.size("k", r.K)
	c.flag("sigmoid", r.Sigmoid)
	c.flag("normalize", r.Normalize)
	r.Scale = c.float("scale", r.Scale)
	c.size("groups", r.Groups)
	c.size("kept", r.Kept)
	c.size("best", r.Best)
	// On a grid, so that values are equal or far apart; σ(0) is exact, and so are
	// sums of it.
	x := g.padded(tokens, n, stride)
	for i := range x {
		x[i] = math.Round(x[i]*16) / 16
		if i < n && tokens > 1 {
			x[i] = 0
		}
	}
	x = c.floats("x", x)
	if g.word("bias") == "true" {
		r.Bias = g.normal(n)
		for i := range r.Bias {
			r.Bias[i] = math.Round(r.Bias[i]*64) / 64
		}
		c.floats("b", r.Bias)
	}
	values, indices := c.output("values", tokens*r.K), c.output("indices", tokens*r.K)
	for t := range tokens {
		experts, weights := r.Route(x[t*stride:][:n])
		for at := range experts {
			values.put(t*r.K+at, weights[at], 0)
			indices.put(t*r.K+at, float64(experts[at]), 0)
		}
	}
}
