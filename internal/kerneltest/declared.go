package kerneltest

import (
	"fmt"
	"slices"

	"github.com/wgslgen/wgslgen/ir"
)

// Declared describes a kernel of which only the declarations are known: its
// cases have all its shapes alike, other whole parameters 1, and integers in
// bindings below the least shape, so that they may serve as indices. What the
// kernel should make of them nobody says; only how it does so can be watched.
func Declared(k *ir.Kernel) *Spec {
	return &Spec{Kernel: k.Name, unknown: true, cases: func(g *generator) {
		for _, n := range g.sizes() {
			g.declared(n)
		}
	}}
}

// maxWords bounds the buffers of a case.
const maxWords = 1 << 20

// sizes returns 1, a prime, and one less and one more than a workgroup and than
// the tiles of the grid, in whole blocks where the kernel reads stored weights.
func (g *generator) sizes() []int {
	block := 1
	for _, b := range g.Unit.Kernel.Bindings {
		if b.Plane != nil {
			block = max(block, b.Plane.Format.Block)
		}
	}
	var out []int
	for _, n := range append([]int{1, 7}, g.tilesAround()...) {
		n = (n + block - 1) / block * block
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// tilesAround returns sizes around those that one workgroup takes of a shape,
// and some that take a workgroup several rounds.
func (g *generator) tilesAround() []int {
	group := g.Unit.GroupSize
	out := []int{max(group-1, 1), group + 1, 2*group + 3}
	for _, p := range g.Unit.Kernel.Params {
		if tile, ok := g.tileOf(p.Name); p.Shape && ok && tile > 1 {
			out = append(out, tile-1, tile+1)
		}
	}
	return out
}

// declared adds a case with shapes of n, unless it would be large.
func (g *generator) declared(n int) {
	c := &Case{g.Variant, g, map[string]uint32{}, map[string][]uint32{}, map[string]*want{}}
	for _, p := range g.Unit.Kernel.Params {
		switch {
		case p.Shape:
			c.size(p.Name, n)
		case p.Type.Name == "f32":
			c.float(p.Name, 0.5+g.Float64())
		default:
			c.size(p.Name, 1)
		}
	}
	words := 0
	for _, b := range g.Unit.Kernel.Bindings {
		size := g.words(b, c.params)
		if words += size; size < 0 || words > maxWords {
			return
		}
		c.buffers[b.Name] = g.fill(b, size, n)
		if b.Access != ir.In {
			c.wants[b.Name] = &want{}
		}
	}
	g.cases = append(g.cases, c)
}

// fill returns what a binding of so many words may hold: bits of weights,
// numbers, or integers below n.
func (g *generator) fill(b *ir.Binding, size, n int) []uint32 {
	t, _ := b.Type.ElemType()
	switch {
	case b.Plane == nil && g.packed(b.Name):
		return asF16.encode(g.normal(2 * size))
	case b.Plane == nil && t.Scalar == ir.F32:
		return asF32.encode(g.normal(size))
	}
	out := make([]uint32, size)
	for i := range out {
		out[i] = g.Uint32()
		if b.Plane == nil {
			out[i] %= uint32(n)
		}
	}
	return out
}

// SpecFor returns the spec of a kernel that is the library's own, or looks like
// it from outside; else nil.
func SpecFor(k, own *ir.Kernel) *Spec {
	if own == nil || outside(k) != outside(own) {
		return nil
	}
	return SpecOf(k.Name)
}

// outside names what the cases of a kernel must know of it.
func outside(k *ir.Kernel) string {
	s := ""
	for _, p := range k.Params {
		s += fmt.Sprintf("param %s %s;", p.Name, p.Type.Name)
	}
	for _, a := range k.Axes {
		s += fmt.Sprintf("axis %s %v;", a.Name, a.Values)
	}
	for _, b := range k.Bindings {
		s += fmt.Sprintf("binding %d %s %s %s;", b.Access, b.Name, b.Type.Name, b.Type.Elem)
	}
	return s
}
