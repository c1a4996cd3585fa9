package kerneltest

import (
	"math"
	"slices"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "rms_norm",
	Limit:  Limit{1e-13, 1e-6},
	Why:    "a sum of squares, an inverse square root good to 2 ulp, and two products",
	cases: func(g *generator) {
		for i, tokens := range append(g.around(g.tile("tokens")), 2*g.tile("tokens")+1) {
			g.rmsNorm(i, tokens)
		}
	},
})

func (g *generator) rmsNorm(i, tokens int) {
	cols, heads := []int{4, 67, 1020, 12}[i], []int{1, 1, 1, 3}[i]
	quads := (cols + 3) / 4 * 4
	xFirst, yFirst := []int{0, 4, 8, 16}[i], []int{0, 0, 12, 4}[i]
	xStride, yStride := xFirst+heads*quads+[]int{0, 60, 4, 0}[i], yFirst+heads*quads+[]int{4, 0, 0, 8}[i]
	c := g.add()
	c.size("tokens", tokens)
	c.size("heads", heads)
	c.size("cols", cols)
	c.size("x_first", xFirst)
	c.size("x_stride", xStride)
	c.size("y_first", yFirst)
	c.size("y_stride", yStride)
	eps := c.float("eps", []float64{1e-5, 1e-6, 1e-3, 0.1}[i])
	offset := c.float("offset", []float64{0, 1, 0, 1}[i])

	form := g.word("form")
	y := c.output("y", tokens*yStride)
	var x []float64
	if form != "inplace" {
		x = g.normal(tokens * xStride)
		for j := range x {
			if within := j%xStride - xFirst; within < 0 || within >= heads*cols {
				x[j] = math.NaN()
			}
			if t := j / xStride; t < 3 && i > 0 {
				x[j] *= []float64{1e3, 0, 1e-4}[t] // large, all zero, and so small that eps counts
			}
		}
		x = c.floats("x", x)
	}
	weight := slices.Repeat([]float64{1}, cols)
	if g.word("weights") == "one" {
		weight = append(g.normal(cols), slices.Repeat([]float64{math.NaN()}, quads-cols)...)
		for j, w := range c.floats("weight", weight) {
			weight[j] = w + offset
		}
	}
	var residual *want
	if form == "add" {
		residual = c.output("residual", tokens*xStride)
	}
	for t := range tokens {
		for h := range heads {
			from, to := t*xStride+xFirst+h*cols, t*yStride+yFirst+h*cols
			row := make([]float64, cols)
			for j := range row {
				switch form {
				case "inplace":
					row[j] = y.was(to + j)
				case "add":
					row[j] = float64(float32(x[from+j] + residual.was(from+j)))
				default:
					row[j] = x[from+j]
				}
			}
			normed := append(reference.RMSNorm(row, weight, eps), make([]float64, quads-cols)...)
			for j, v := range normed {
				switch form {
				case "onto":
					y.put(to+j, y.was(to+j)+v, math.Abs(y.was(to+j))+math.Abs(v))
				default:
					y.put(to+j, v, 0)
				}
				if form == "add" {
					residual.put(from+j, append(row, 0, 0, 0)[j], 0)
				}
			}
		}
	}
}
