package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// activations are the references of what a kernel's parameter kind chooses.
var activations = map[kernel.Activation]func(float64) float64{
	kernel.Identity:    func(x float64) float64 { return x },
	kernel.SiLU:        reference.SiLU,
	kernel.GELU:        reference.GELU,
	kernel.GELUErf:     reference.GELUErf,
	kernel.GELUQuick:   reference.GELUQuick,
	kernel.ReLU:        reference.ReLU,
	kernel.ReLUSquared: reference.ReLUSquared,
	kernel.Sigmoid:     reference.Sigmoid,
}

var _ = describe(Spec{
	Kernel: "pointwise",
	Limit:  Limit{1e-13, 1e-6},
	Why:    "an exponential of up to 20, whose error grows with it, or one or two products",
	cases: func(g *generator) {
		if g.word("op") != "activate" {
			for i, cols := range g.folding(g.tile("cols")) {
				g.pointwise(i, cols, kernel.Identity)
			}
			return
		}
		for kind := range kernel.Activation(len(activations)) {
			g.pointwise(int(kind)%4, g.folding(g.tile("cols"))[kind%3], kind)
		}
	},
})

func (g *generator) pointwise(i, cols int, kind kernel.Activation) {
	tokens, first := []int{1, 3, 2, 5}[i], []int{0, 7, 0, 1}[i]
	stride := first + cols + []int{0, 0, 3, 5}[i]
	xFirst, xRow, xCol := i, []int{cols, 0, 1, 0}[i], []int{1, 1, 0, 1}[i] // of its own for each element, for each column, for each row
	xSize := xFirst + (tokens-1)*xRow + (cols-1)*xCol + 1
	c := g.add()
	c.size("tokens", tokens)
	c.size("cols", cols)
	c.size("first", first)
	c.size("stride", stride)
	c.size("x_size", xSize)
	c.size("x_first", xFirst)
	c.size("x_row", xRow)
	c.size("x_col", xCol)
	gateStride := 1 + i
	c.size("gate_stride", gateStride)
	c.size("kind", int(kind))
	factor := c.float("factor", []float64{30, 0.0625, 1.5, -2}[i])

	op := g.word("op")
	y := c.output("y", tokens*stride)
	var x, gate []float64
	if op == "add" || op == "mul" || op == "add_gated" {
		x = c.floats("x", g.normal(xSize))
	}
	if op == "add_gated" {
		gate = c.floats("gate", g.padded(tokens, 1, gateStride))
	}
	for t := range tokens {
		for j := range cols {
			at, from := t*stride+first+j, xFirst+t*xRow+j*xCol
			was := y.was(at)
			switch op {
			case "activate":
				y.put(at, activations[kind](was), max(math.Abs(activations[kind](was)), 0.02*math.Abs(was)))
			case "scale":
				y.put(at, factor*was, 0)
			case "soft_cap":
				y.put(at, reference.SoftCap(was, factor), factor)
			case "add":
				y.put(at, was+factor*x[from], math.Abs(was)+math.Abs(factor*x[from]))
			case "mul":
				y.put(at, was*x[from], 0)
			case "add_gated":
				v := reference.Sigmoid(gate[t*gateStride]) * x[from]
				y.put(at, was+v, math.Abs(was)+math.Abs(v))
			}
		}
	}
}

var _ = describe(Spec{
	Kernel: "glu",
	Limit:  Limit{1e-13, 1e-6},
	Why:    "as an activation of kernel pointwise, and one or two products",
	cases: func(g *generator) {
		for kind := range kernel.SwiGLUOAI + 1 {
			g.glu(int(kind)%3, kind)
		}
		g.glu(1, kernel.SwiGLUOAI)
	},
})

func (g *generator) glu(i int, kind kernel.Activation) {
	tokens, cols := []int{1, 3, 2}[i], g.folding(g.tile("cols"))[i]
	gateFirst, upFirst := []int{0, cols, 0}[i], []int{cols, 0, 0}[i] // halves in either order, or whole rows
	stride, yStride := 2*cols+i, cols+[]int{0, 0, 3}[i]
	c := g.add()
	c.size("tokens", tokens)
	c.size("cols", cols)
	c.size("gate_first", gateFirst)
	c.size("up_first", upFirst)
	c.size("stride", stride)
	c.size("y_stride", yStride)
	c.size("kind", int(kind))
	alpha, limit := c.float("alpha", []float64{1.702, 0.5, 1.702}[i]), c.float("limit", []float64{7, 0.75, 7}[i])
	gate, up := c.floats("gate", g.normal(tokens*stride)), c.floats("up", g.normal(tokens*stride))
	y := c.output("y", tokens*yStride)
	for t := range tokens {
		for j := range cols {
			a, b := gate[t*stride+gateFirst+j], up[t*stride+upFirst+j]
			var v, scale float64
			if kind == kernel.SwiGLUOAI {
				v = reference.SwiGLUOAI(a, b, alpha, limit)
				scale = max(math.Abs(v), math.Abs(a))
			} else {
				v = activations[kind](a) * b
				scale = max(math.Abs(v), 0.02*math.Abs(a*b))
			}
			y.put(t*yStride+j, v, scale)
		}
	}
}
