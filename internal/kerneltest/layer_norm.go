package kerneltest

import (
	"math"
	"slices"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "layer_norm",
	Limit:  Limit{1e-12, 3e-6},
	Why:    "as rms_norm, after a mean is taken away that is as large as what is left",
	cases: func(g *generator) {
		for i, tokens := range append(g.around(g.tile("tokens")), 2*g.tile("tokens")+1) {
			cols := []int{4, 67, 1022, 1}[i]
			quads := (cols + 3) / 4 * 4
			xStride, yStride := quads+[]int{0, 60, 4, 0}[i], quads+[]int{4, 0, 0, 8}[i]
			c := g.add()
			c.size("tokens", tokens)
			c.size("cols", cols)
			c.size("x_stride", xStride)
			c.size("y_stride", yStride)
			eps := c.float("eps", []float64{1e-5, 1e-6, 1e-3, 0.1}[i])
			x := g.padded(tokens, cols, xStride)
			for j := range x {
				if i%2 == 1 {
					x[j]++ // a mean to take away
				}
				if t := j / xStride; t < 3 && i > 0 {
					x[j] *= []float64{1e3, 0, 1e-4}[t] // large, all zero, and so small that eps counts
				}
			}
			x = c.floats("x", x)
			vector := func(name string) []float64 {
				c.floats(name, append(g.normal(cols), slices.Repeat([]float64{math.NaN()}, quads-cols)...))
				return asF32.decode(c.buffers[name])[:cols]
			}
			var weight, bias []float64
			if g.word("weights") != "none" {
				weight = vector("weight")
			}
			if g.word("weights") == "both" {
				bias = vector("bias")
			}
			y := c.output("y", tokens*yStride)
			for t := range tokens {
				row := x[t*xStride:][:cols]
				most := largest(reference.LayerNorm(row, nil, nil, eps))
				for j, v := range append(reference.LayerNorm(row, weight, bias, eps), make([]float64, quads-cols)...) {
					scale := 0.0
					if j < cols {
						scale = most
						if weight != nil {
							scale *= math.Abs(weight[j])
						}
						if bias != nil {
							scale += math.Abs(bias[j])
						}
					}
					y.put(t*yStride+j, v, scale)
				}
			}
		}
	},
})
