package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

var _ = describe(Spec{
	Kernel: "expert_gemv",
	Limit:  Limit{3e-12, 3e-7},
	Why:    "as gemv",
	cases: func(g *generator) {
		for i, rows := range g.around(g.tile("rows")) {
			g.expertProduct(rows, 1, i)
		}
		g.expertProduct(2*g.tile("rows")+3, 1, 3)
	},
})

var _ = describe(Spec{
	Kernel: "expert_gemm",
	Limit:  Limit{3e-12, 3e-7},
	Why:    "as gemv",
	cases: func(g *generator) {
		for i, rows := range g.around(g.tile("rows")) {
			g.expertProduct(rows, []int{19, 1, 3}[i], i)
		}
		g.expertProduct(2*g.tile("rows")+3, 2, 3)
	},
})

// expertProduct adds a case of expert_gemv or expert_gemm. i counts the cases.
func (g *generator) expertProduct(rows, tokens, i int) {
	f := g.format()
	cols := f.FileBlock * max(1, []int{5, 1, 3, 1}[i]*f.Block/f.FileBlock*3/4)
	width := wide(f, cols)
	k, experts, first := []int{4, 1, 3, 2}[i], []int{5, 2, 3, 1}[i], []int{0, 5, 1, 17}[i]
	slots := tokens * k
	epilogue := g.word("epilogue")
	share := []int{k, 1, 1, k}[i]
	xStride, yStride := width+64*(i%2), first+rows+[]int{3, 0, 64, 1}[i]
	biased, biasStride := i != 1, first+rows+2

	c := g.add()
	c.size("rows", rows)
	c.size("cols", width)
	c.size("first", first)
	c.size("experts", experts)
	c.size("share", share)
	c.size("x_stride", xStride)
	c.size("y_stride", yStride)
	c.size("bias_stride", biasStride)
	c.flag("biased", biased)
	activation := []kernel.Activation{kernel.SiLU, kernel.SwiGLUOAI, kernel.SiLU, kernel.SwiGLUOAI}[i]
	c.size("kind", int(activation))
	x := c.activations("x", slots/share, cols, width, xStride)
	ids := g.choices(slots, experts)
	ups := 1
	if epilogue == "gated" {
		ups = 2
	}
	w := g.weights(c, "w", experts*ups*rows, cols)
	bias := []float64{math.NaN()}
	if biased {
		bias = g.normal(ups * experts * biasStride)
	}
	bias = c.floats("bias", bias)
	var weights []float64
	begin := 0
	if g.Unit.Source.Name == "expert_gemm" {
		c.size("tokens", tokens)
		c.size("k", k)
		order, offsets := reference.ByExpert(ids, experts)
		tiles, _ := tilesOf(offsets, g.int("T")*g.int("down"), slots)
		c.integers("order", order)
		c.integers("tiles", tiles)
	} else {
		begin = []int{1, 0, 2, 0}[i]
		c.size("begin", begin)
		c.size("slots", slots-begin)
		c.integers("ids", ids)
		if epilogue == "weighted" {
			weights = c.floats("weights", g.normal(slots))
		}
	}

	stored := slots
	if epilogue == "weighted" {
		stored = 1
	}
	y := c.output("y", stored*yStride)
	// value returns row r of a slot's product, and what its errors are measured
	// against.
	value := func(slot, up, r int) (float64, float64) {
		v, scale := reference.Dot(w[(ids[slot]*ups+up)*rows+r], x[slot/share])
		if biased {
			b := bias[(up*experts+ids[slot])*biasStride+first+r]
			v, scale = v+b, scale+math.Abs(b)
		}
		return v, scale
	}
	for r := range rows {
		sum, sumScale := y.was(first+r), math.Abs(y.was(first+r))
		for slot := begin; slot < slots; slot++ {
			v, scale := value(slot, 0, r)
			switch epilogue {
			case "store":
				y.put(slot*yStride+first+r, v, scale)
			case "gated":
				up, upScale := value(slot, 1, r)
				gated := reference.SiLU(v) * up
				if activation == kernel.SwiGLUOAI {
					gated = reference.SwiGLUOAI(v, up, 1.702, 7)
				}
				y.put(slot*yStride+first+r, gated, 2*(scale+math.Abs(v))*(upScale+math.Abs(up)+1))
			case "weighted":
				sum, sumScale = sum+weights[slot]*v, sumScale+math.Abs(weights[slot])*scale
				y.put(first+r, sum, sumScale)
			}
		}
	}
}
