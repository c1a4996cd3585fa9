package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "argmax",
	Why:    "exact",
	cases: func(g *generator) {
		flat := make([]float64, 37)
		ties := g.normal(1013)
		for _, i := range []int{1012, 700, 701, 523} {
			ties[i] = 9
		}
		low := g.normal(11)
		for i := range low {
			low[i] -= 1e30
		}
		none := make([]float64, 13)
		for i := range none {
			none[i] = math.Inf(-1)
		}
		for i, logits := range [][]float64{g.normal(1), g.normal(7), flat, ties, low, none, g.normal(257)} {
			c := g.add()
			c.size("n", len(logits))
			logits = c.floats("logits", logits)
			c.step(5+i, func(_, _ uint32) int { return reference.Argmax(logits) })
		}
	},
})
