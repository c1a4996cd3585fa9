package kerneltest

var _ = describe(Spec{
	Kernel: "copy",
	Limit:  Limit{},
	Why:    "nothing is computed; what f16 rounds off does not count",
	cases: func(g *generator) {
		tile := g.tile("n1")
		for i, n := range [][4]int{{1, 1, 1, 1}, {2*tile + 1, 3, 1, 1}, {7, 5, 3, 2}, {4, tile + 1, 2, 3}} {
			g.copies(i, n)
		}
	},
})

func (g *generator) copies(i int, n [4]int) {
	c := g.add()
	for d, name := range []string{"n0", "n1", "n2", "n3"} {
		c.size(name, n[d])
	}
	// x has its dimensions in some order, and the last may repeat.
	order := [][4]int{{0, 1, 2, 3}, {1, 0, 2, 3}, {2, 0, 3, 1}, {0, 1, 2, 3}}[i]
	xFirst := []int{0, 3, 1, 2}[i]
	var from [4]int
	step := 1
	for _, d := range order {
		if i == 3 && d == 2 {
			continue
		}
		from[d] = step
		step = step*n[d] + 2*(d%2)
	}
	xSize := xFirst + 1
	for d := range n {
		xSize += (n[d] - 1) * from[d]
	}
	rows := n[1]
	named := g.word("rows") == "named"
	if named {
		rows += 3
	}
	row := (n[0]+1)/2*2 + 4*(i%2) // even
	to := [4]int{1, row, row * rows, row * rows * n[2]}
	yFirst := []int{0, 2, 6, 4}[i]
	ySize := yFirst + to[3]*n[3] + 2
	c.size("x_size", xSize)
	c.size("x_first", xFirst)
	for d, name := range []string{"x0", "x1", "x2", "x3"} {
		c.size(name, from[d])
	}
	c.size("y_size", ySize)
	c.size("y_first", yFirst)
	for d, name := range []string{"y1", "y2", "y3"} {
		c.size(name, to[d+1])
	}
	ids2, ids3 := n[1], 0 // those of i3 repeat
	idsSize := n[1] * n[2]
	c.size("ids_size", idsSize)
	c.size("ids2", ids2)
	c.size("ids3", ids3)
	var ids []uint32
	if named {
		for range n[2] {
			for _, r := range g.Perm(rows)[:n[1]] {
				ids = append(ids, uint32(r))
			}
		}
		c.words("ids", ids...)
	}

	x := c.floats("x", g.normal(xSize))
	name := "y"
	if g.word("Y") == "f16" {
		name = "halves"
	}
	y := c.output(name, ySize)
	for i3 := range n[3] {
		for i2 := range n[2] {
			for i1 := range n[1] {
				at := yFirst + i1*to[1] + i2*to[2] + i3*to[3]
				if named {
					at += (int(ids[i1+i2*ids2+i3*ids3]) - i1) * to[1]
				}
				for i0 := range n[0] {
					y.put(at+i0, x[xFirst+i0*from[0]+i1*from[1]+i2*from[2]+i3*from[3]], 0)
				}
				if name == "halves" && n[0]%2 == 1 {
					y.put(at+n[0], 0, 0)
				}
			}
		}
	}
}
