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
			g.layerNorm(i, tokens)
		}
	},
})

func (g *generator) layerNorm(i, tokens int) {
	cols, heads := []int{4, 67, 1022, 12}[i], []int{2, 1, 1, 3}[i]
	quads := (cols + 3) / 4 * 4
	yFirst := []int{0, 0, 12, 4}[i]
	xStride, yStride := heads*quads+[]int{0, 60, 4, 0}[i], yFirst+heads*quads+[]int{4, 0, 0, 8}[i]
	weightStride := []int{0, 0, 0, quads}[i]
	c := g.add()
	c.size("tokens", tokens)
	c.size("heads", heads)
	c.size("cols", cols)
	c.size("x_stride", xStride)
	c.size("y_first", yFirst)
	c.size("y_stride", yStride)
	c.size("weight_stride", weightStride)
	eps := c.float("eps", []float64{1e-5, 1e-6, 1e-3, 0.1}[i])
	y := c.output("y", tokens*yStride)
	var x []float64
	if g.word("form") != "inplace" {
		x = g.normal(tokens * xStride)
		for j := range x {
			if i%2 == 1 {
				x[j]++ // a mean to take away
			}
			if t := j / xStride; t < 3 && i > 0 {
				x[j] *= []float64{1e3, 0, 1e-4}[t] // large, all zero, and so small that eps counts
			}
			if j%xStride >= heads*cols {
				x[j] = math.NaN()
			}
		}
		x = c.floats("x", x)
	}
	vector := func(name string, n int) []float64 {
		c.floats(name, append(g.normal(n), slices.Repeat([]float64{math.NaN()}, quads-cols)...))
		return asF32.decode(c.buffers[name])[:n]
	}
	var weights, bias []float64
	if g.word("weights") != "none" {
		weights = vector("weight", (heads-1)*weightStride+cols)
	}
	if g.word("weights") == "both" {
		bias = vector("bias", cols)
	}
	for t := range tokens {
		for h := range heads {
			to := t*yStride + yFirst + h*cols
			row := make([]float64, cols)
			for j := range row {
				if x == nil {
					row[j] = y.was(to + j)
				} else {
					row[j] = x[t*xStride+h*cols+j]
				}
			}
			var weight []float64
			if weights != nil {
				weight = weights[h*weightStride:][:cols]
			}
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
				y.put(to+j, v, scale)
			}
		}
	}
}
