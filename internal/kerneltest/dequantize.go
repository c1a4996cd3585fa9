package kerneltest

import "math"

var _ = describe(Spec{
	Kernel: "dequantize",
	Limit:  Limit{1e-13, 2e-7},
	Why:    "as embed",
	cases: func(g *generator) {
		f := g.format()
		for i, rows := range []int{1, 3, 13} {
			cols := f.FileBlock * max(1, []int{1, 5, 3}[i]*f.Block/f.FileBlock*3/4)
			width := wide(f, cols)
			stride := width + 4*(i%2)
			c := g.add()
			c.size("rows", rows)
			c.size("cols", width)
			c.size("stride", stride)
			w := g.weights(c, "w", rows, cols)
			y := c.output("y", rows*stride)
			for r := range rows {
				limit := math.Inf(1)
				if g.word("Y") == "f16" {
					limit = 65504
				}
				most := min(largest(w[r]), limit)
				for j, v := range w[r] {
					y.put(r*stride+j, min(max(v, -limit), limit), most)
				}
			}
		}
	},
})
