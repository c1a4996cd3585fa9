package kerneltest

import (
	"math"
	"slices"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "argsort",
	Why:    "exact",
	cases: func(g *generator) {
		tile := g.tile("n")
		for i, n := range []int{1, tile - 1, tile + 1, 131, 64} {
			rows, k := []int{3, 2, 1, 2, 3}[i], []int{1, tile - 1, 3, 131, 8}[i]
			g.topK(rows, n, n+i*3, k, i%2)
		}
	},
})

var _ = describe(Spec{
	Kernel: "top_k",
	Why:    "exact",
	cases: func(g *generator) {
		group := g.int("group")
		for i, n := range []int{1, group - 1, group + 1, 4 * group, 3001} {
			rows, k := []int{3, 2, 1, 1, 4}[i], []int{1, group - 1, 3, g.int("capacity") / 4, 40}[i]
			g.topK(rows, n, n+i*3, min(k, n), -1)
		}
	},
})

// topK adds a case of a kernel that finds the first k of rows. ascending is its
// parameter, -1 if it has none.
func (g *generator) topK(rows, n, stride, k, ascending int) {
	c := g.add()
	c.size("rows", rows)
	c.size("n", n)
	c.size("stride", stride)
	c.size("k", k)
	sign := 1.0
	if ascending >= 0 {
		c.size("ascending", ascending)
		sign -= 2 * float64(ascending)
	}
	x := g.padded(rows, n, stride)
	for i := range x {
		if i/stride == rows-1 { // many equal ones, zeros of both signs too
			x[i] = math.Round(x[i]*4) / 4
		}
	}
	if n > 4 {
		x[0], x[3] = math.Inf(-1), -math.MaxFloat32
		x[2], x[4] = math.Inf(1), math.MaxFloat32
	}
	x = c.floats("x", x)
	values, indices := c.output("values", rows*k), c.output("indices", rows*k)
	for r := range rows {
		row := slices.Clone(x[r*stride:][:n])
		for i := range row {
			row[i] *= sign
		}
		for at, j := range reference.TopK(row, k) {
			values.put(r*k+at, x[r*stride+j], 0)
			indices.put(r*k+at, float64(j), 0)
		}
	}
}
