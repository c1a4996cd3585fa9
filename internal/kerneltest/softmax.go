package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "softmax",
	Limit:  Limit{1e-11, 4e-6},
	Why:    "exp of differences of up to 20, divided by a sum",
	cases: func(g *generator) {
		for i, tokens := range append(g.around(g.tile("tokens")), 3) {
			g.softmax(i, tokens)
		}
	},
})

func (g *generator) softmax(i, tokens int) {
	batches, heads, cols := []int{1, 1, 2, 6}[i], []int{1, 2, 3, 4}[i], []int{1, 70, 17, 515}[i]
	maskBatches, maskHeads := []int{1, 1, 2, 3}[i], []int{1, 2, 1, 2}[i]
	maskRows := tokens + []int{0, 3, 0, 1}[i]
	c := g.add()
	c.size("batches", batches)
	c.size("heads", heads)
	c.size("tokens", tokens)
	c.size("cols", cols)
	c.size("mask_batches", maskBatches)
	c.size("mask_heads", maskHeads)
	c.size("mask_rows", maskRows)
	scale := c.float("scale", []float64{1, 0.125, 2, 1}[i])
	rows := batches * heads * tokens
	x := c.floats("x", g.normal(rows*cols))

	perHead := make([]float64, 0, 2*heads)
	for h := range heads {
		slope, sink := 1.0, float64(-math.MaxFloat32)
		if i%2 == 1 {
			slope = math.Exp2(-float64(h) - 1)
		}
		if i > 1 {
			sink = g.NormFloat64()
		}
		perHead = append(perHead, slope, sink)
	}
	perHead = c.floats("per_head", perHead)

	var mask []float64
	if g.word("masked") == "true" {
		mask = g.normal(maskBatches * maskHeads * maskRows * cols)
		for j := range mask {
			if g.IntN(3) == 0 || i == 1 && j/cols == 1 { // of one row, all
				mask[j] = math.Inf(-1)
			}
		}
		mask = c.floats("mask", mask)
	}
	y := c.output("y", rows*cols)
	for r := range rows {
		t, h, b := r%tokens, r/tokens%heads, r/tokens/heads
		scores := make([]float64, cols, cols+1)
		for j := range scores {
			scores[j] = scale * x[r*cols+j]
			if mask != nil {
				scores[j] += perHead[2*h] * mask[((b%maskBatches*maskHeads+h%maskHeads)*maskRows+t)*cols+j]
			}
		}
		for j, v := range reference.Softmax(append(scores, perHead[2*h+1]))[:cols] {
			y.put(r*cols+j, v, 0)
		}
	}
}
