package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

var _ = describe(Spec{
	Kernel: "gemv",
	Limit:  Limit{3e-12, 3e-7},
	Why:    "float32 sums: a few roundings of the product of the norms, whose squares grow slower than the sum",
	cases: func(g *generator) {
		for i, rows := range g.around(g.tile("rows")) {
			g.product(rows, 1, i)
		}
		g.product(2*g.tile("rows")+3, 1, 3)
	},
})

var _ = describe(Spec{
	Kernel: "gemm",
	Limit:  Limit{3e-12, 3e-7},
	Halves: Limit{1e-5, 3e-3},
	Why:    "as gemv; halves round a weight, a product and the sums of up to 32 products by up to 5e-4 of them each: together, at random, √32 · 5e-4/√3 = 1.6e-3 of a sum that grows by all, which gates double",
	cases: func(g *generator) {
		tokens := g.around(g.tile("tokens"))
		for i, rows := range g.around(g.tile("rows")) {
			g.product(rows, tokens[(i+1)%len(tokens)], i)
		}
		g.product(2*g.tile("rows")+3, 1, 3)
	},
})

var _ = describe(Spec{
	Kernel: "gemv_few",
	Limit:  Limit{3e-12, 3e-7},
	Why:    "as gemv; quantised activations are what they are, and their products with bytes are exact",
	cases: func(g *generator) {
		tokens := g.around(g.int("T"))
		for i, rows := range g.around(g.tile("rows")) {
			g.product(rows, tokens[(i+2)%len(tokens)], i)
		}
		g.product(2*g.tile("rows")+3, 1, 3)
	},
})

// product adds a case of gemv, gemm or gemv_few. i counts the cases.
func (g *generator) product(rows, tokens, i int) {
	f := g.format()
	cols := f.FileBlock * max(1, []int{1, 3, 5, 7}[i]*f.Block/f.FileBlock*3/4)
	width := wide(f, cols)
	first := []int{0, 5, 1, 17}[i]
	c := g.add()
	c.size("rows", rows)
	c.size("cols", width)
	c.size("first", first)
	stride := first + rows
	var x [][]float64
	if g.Unit.Source.Name == "gemv" {
		x = g.row(c, cols, width, i)
	} else {
		stride += []int{0, 3, 64, 1}[i]
		c.size("tokens", tokens)
		c.size("y_stride", stride)
		c.size("x_stride", width+64*(i%2))
		switch g.word("math") {
		case "i8":
			x = c.quantised(tokens, cols, width)
		case "f16":
			x = c.halved(tokens, cols, width)
		default:
			x = c.activations("x", tokens, cols, width, width+64*(i%2))
		}
	}

	ups := 1
	if g.word("epilogue") == "gated" {
		ups = 2
	}
	activation := []kernel.Activation{kernel.Identity, kernel.SiLU, kernel.GELUErf, kernel.SiLU}[i]
	c.size("kind", int(activation))
	biasFirst, biasStride := 0, 0
	bias := []float64{math.NaN()}
	if i != 1 {
		biasFirst, biasStride = 2, rows+5
		bias = g.normal(ups * biasStride)
	}
	c.size("bias_first", biasFirst)
	c.size("bias_stride", biasStride)
	bias = c.floats("bias", bias)
	w := g.weights(c, "w", ups*rows, cols)
	y := c.output("y", tokens*stride)
	// value returns row r of a token's product, and what its errors are measured
	// against.
	value := func(t, up, r int) (float64, float64) {
		v, scale := reference.Dot(w[up*rows+r], x[t])
		if biasStride > 0 {
			b := bias[up*biasStride+biasFirst+r]
			v, scale = v+b, scale+math.Abs(b)
		}
		return v, scale
	}
	for t := range tokens {
		for r := range rows {
			at := t*stride + first + r
			dot, scale := value(t, 0, r)
			switch g.word("epilogue") {
			case "store":
				y.put(at, dot, scale)
			case "add":
				y.put(at, y.was(at)+dot, math.Abs(y.was(at))+scale)
			case "gated":
				up, upScale := value(t, 1, r)
				gate := activated(activation, dot)
				y.put(at, gate*up, (2*scale+math.Abs(gate))*math.Abs(up)+math.Abs(gate)*upScale)
			}
		}
	}
}

// activated returns what an activation makes of x.
func activated(kind kernel.Activation, x float64) float64 {
	switch kind {
	case kernel.SiLU:
		return reference.SiLU(x)
	case kernel.GELUErf:
		return reference.GELUErf(x)
	}
	return x
}

// row returns the activations of a case of gemv, normed where the variant norms
// them, and then without padding: it would count.
func (g *generator) row(c *Case, cols, width, i int) [][]float64 {
	eps := c.float("eps", []float64{1e-5, 1e-6, 1e-3, 0.1}[i])
	if g.word("norm") == "none" {
		return c.activations("x", 1, cols, width, width)
	}
	x := c.activations("x", 1, width, width, width)
	weight := c.floats("norm_weight", g.normal(width))
	return [][]float64{reference.RMSNorm(x[0], weight, eps)}
}

// activations fills a binding with random rows of cols columns, then zeros up
// to width, then NaN up to stride.
func (c *Case) activations(name string, rows, cols, width, stride int) [][]float64 {
	all := c.random.padded(rows, width, stride)
	out := make([][]float64, rows)
	for r := range out {
		out[r] = all[r*stride:][:width]
		clear(out[r][cols:])
	}
	c.floats(name, all)
	return out
}
