package kerneltest

import (
	"fmt"
	"math"
	"strings"

	"github.com/wgslgen/wgslgen/ir"
)

// Case is one dispatch: what a variant is given and what it must make of it.
type Case struct {
	variant *Variant
	random  *generator
	params  map[string]uint32
	buffers map[string][]uint32 // by the binding's name
	wants   map[string]*want
}

// want is what a binding must hold in the end.
type want struct {
	storage storage
	before  []uint32
	value   []float64
	scale   []float64 // what an error of an element is measured against
	set     []bool    // elements that the kernel writes
}

// String names the case by its parameters.
func (c *Case) String() string {
	var parts []string
	for _, p := range c.variant.Unit.Kernel.Params {
		if p.Type.Name == "f32" {
			parts = append(parts, fmt.Sprintf("%s=%v", p.Name, math.Float32frombits(c.params[p.Name])))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s=%d", p.Name, c.params[p.Name]))
	}
	return strings.Join(parts, " ")
}

// add begins a case.
func (g *generator) add() *Case {
	c := &Case{g.Variant, g, map[string]uint32{}, map[string][]uint32{}, map[string]*want{}}
	g.cases = append(g.cases, c)
	return c
}

// size sets a parameter.
func (c *Case) size(name string, n int) { c.params[name] = uint32(n) }

// float sets a parameter, and returns it as float32 holds it.
func (c *Case) float(name string, x float64) float64 {
	c.params[name] = math.Float32bits(float32(x))
	return float64(float32(x))
}

// flag sets a parameter that is 0 or 1.
func (c *Case) flag(name string, on bool) {
	c.params[name] = 0
	if on {
		c.params[name] = 1
	}
}

// integers fills a binding of integers.
func (c *Case) integers(name string, all []int) {
	words := make([]uint32, len(all))
	for i, n := range all {
		words[i] = uint32(n)
	}
	c.words(name, words...)
}

// words fills a binding of integers.
func (c *Case) words(name string, words ...uint32) { c.buffers[name] = words }

// floats fills a binding, and returns the numbers as it stores them.
func (c *Case) floats(name string, x []float64) []float64 {
	s := asF32
	if c.variant.packed(name) {
		s = asF16
	}
	return c.floatsAs(name, s, x)
}

func (c *Case) floatsAs(name string, s storage, x []float64) []float64 {
	c.buffers[name] = s.encode(x)
	return s.decode(c.buffers[name])[:len(x)]
}

// padded returns random rows. What lies between cols and stride is NaN.
func (g *generator) padded(rows, cols, stride int) []float64 {
	all := g.normal(rows * stride)
	for i := range all {
		if i%stride >= cols {
			all[i] = math.NaN()
		}
	}
	return all
}

// output fills a binding of n numbers that the kernel writes: NaN where it may
// not read them, else random ones.
func (c *Case) output(name string, n int) *want {
	s := asF32
	t, _ := c.variant.binding(name).Type.ElemType()
	switch {
	case c.variant.packed(name):
		s = asF16
	case t.Scalar == ir.U32:
		s = asU32
	}
	return c.outputAs(name, s, n)
}

func (c *Case) outputAs(name string, s storage, n int) *want {
	w := &want{storage: s, value: make([]float64, n), scale: make([]float64, n), set: make([]bool, n)}
	before := c.random.normal(n)
	for i := range before {
		switch {
		case w.storage == asU32:
			before[i] = float64(c.random.Uint32())
		case c.variant.binding(name).Access == ir.Out:
			before[i] = math.NaN()
		}
	}
	w.before = w.storage.encode(before)
	c.buffers[name] = w.before
	c.wants[name] = w
	return w
}

// was returns what element i holds before the run.
func (w *want) was(i int) float64 { return w.storage.decode(w.before)[i] }

// put says that the kernel writes element i, and how large errors may seem
// there: a scale of 0 is the value's own.
func (w *want) put(i int, value, scale float64) {
	w.set[i], w.value[i], w.scale[i] = true, value, math.Abs(scale)
	if scale == 0 {
		w.scale[i] = math.Abs(value)
	}
}

// complete checks that the case says all that the kernel asks, and no more.
func (c *Case) complete() error {
	k := c.variant.Unit.Kernel
	for _, p := range k.Params {
		if _, ok := c.params[p.Name]; !ok {
			return fmt.Errorf("no value for parameter %s", p.Name)
		}
	}
	if len(c.params) != len(k.Params) || len(c.buffers) != len(k.Bindings) {
		return fmt.Errorf("%d parameters for %d, %d buffers for %d bindings", len(c.params), len(k.Params), len(c.buffers), len(k.Bindings))
	}
	for _, b := range k.Bindings {
		words, ok := c.buffers[b.Name]
		if need := c.variant.words(b, c.params); !ok || len(words) != need {
			return fmt.Errorf("binding %s has %d words, not %d", b.Name, len(words), need)
		}
		if b.Access != ir.In && c.wants[b.Name] == nil {
			return fmt.Errorf("nothing is expected of binding %s", b.Name)
		}
	}
	return nil
}

// paramWords returns the parameter block.
func (c *Case) paramWords() []uint32 {
	var out []uint32
	for _, p := range c.variant.Unit.Kernel.Params {
		out = append(out, c.params[p.Name])
	}
	return out
}
