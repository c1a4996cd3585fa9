package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "rope",
	Limit:  Limit{1e-12, 1e-6},
	Why:    "as rope_kv",
	cases: func(g *generator) {
		for i, tokens := range []int{1, 3, 7} {
			g.ropeInPlace(i, tokens)
		}
	},
})

func (g *generator) ropeInPlace(i, tokens int) {
	heads, streams := []int{1, 5, 3}[i], []int{1, 4, 3}[i]
	rot, first := []int{4, 20, 64}[i], []int{0, 32, 2}[i]
	headDim := first + rot + []int{0, 12, 6}[i]
	stride := heads*headDim + []int{0, 4, 2}[i]
	farthest := []int{0, 130, 8191}[i]
	rows := 64 + farthest/64 + 1
	c := g.add()
	c.size("tokens", tokens)
	c.size("heads", heads)
	c.size("head_dim", headDim)
	c.size("stride", stride)
	c.size("first", first)
	c.size("rot", rot)
	c.size("streams", streams)
	c.size("table_rows", rows)
	rotation := reference.Rotation{Dims: rot, Half: g.word("pairs") == "half", Base: 10000, MScale: c.float("mscale", []float64{1, 1.25, 1}[i])}
	c.floats("table", rotationTable(rotation, rows))

	positions, section := make([]uint32, streams*tokens), make([]uint32, rot/2)
	for j := range positions {
		positions[j] = uint32(g.IntN(farthest + 1))
	}
	positions[0] = uint32(farthest)
	for p := range section {
		section[p] = uint32(g.IntN(streams))
	}
	c.words("positions", positions...)
	c.words("section", section...)

	y := c.output("y", tokens*stride)
	for t := range tokens {
		for h := range heads {
			at := t*stride + h*headDim + first
			var norm float64
			head := make([]float64, rot)
			for j := range head {
				head[j] = y.was(at + j)
				norm = math.Hypot(norm, head[j])
			}
			for j, v := range rotation.ApplyEach(head, func(p int) int { return int(positions[int(section[p])*tokens+t]) }) {
				y.put(at+j, v, norm)
			}
		}
	}
}

// rotationTable returns the (cos, sin) of positions 0–63, then of the multiples
// of 64.
func rotationTable(rotation reference.Rotation, rows int) (table []float64) {
	for r := range rows {
		position := r
		if r >= 64 {
			position = (r - 64) * 64
		}
		for p := range rotation.Dims / 2 {
			sin, cos := math.Sincos(rotation.Angle(position, p))
			table = append(table, cos, sin)
		}
	}
	return table
}
