package kerneltest

var _ = describe(Spec{
	Kernel: "embed",
	Limit:  Limit{1e-13, 2e-7},
	Why:    "a weight is one or two rounded products, and at most one difference",
	cases: func(g *generator) {
		f := g.format()
		for i, tokens := range []int{1, 3, 7} {
			const rows = 13
			cols := f.FileBlock * max(1, []int{1, 3, 5}[i]*f.Block/f.FileBlock*3/4)
			if i == 1 {
				cols = f.FileBlock * ((8*g.int("group") + f.FileBlock) / f.FileBlock) // more than two workgroups
			}
			width := wide(f, cols)
			stride, first := width+64*(i%2), 29*i
			c := g.add()
			c.size("tokens", tokens)
			c.size("rows", rows)
			c.size("cols", width)
			c.size("first", first)
			c.size("stride", stride)
			w := g.weights(c, "w", rows, cols)
			y := c.output("y", tokens*stride)
			ids := make([]uint32, tokens)
			for t := range ids {
				row := []int{rows - 1, 0, -1, rows, g.IntN(rows)}[t%5] // of this part: the third and the fourth are not
				if first == 0 && row < 0 {
					row = 5 * rows
				}
				ids[t] = uint32(first + row)
				if row < 0 || row >= rows {
					continue
				}
				most := largest(w[row])
				for i, v := range w[row] {
					y.put(t*stride+i, v, most)
				}
			}
			c.words("ids", ids...)
		}
	},
})
