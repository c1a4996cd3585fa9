package interp

import (
	"strings"

	"github.com/wgslgen/wgslgen/ir"
)

// place is what can be read or stored to: lanes of an element of a memory, of
// an element of an array in registers, or registers that are known now.
type place struct {
	value value // where index is nil

	index  *operand
	site   uint16
	sel    []int // the lanes of the element
	memory int   // where table is nil
	table  value // an array in registers: width operands an element
	width  int
	name   string
}

// place translates a path of names, indices and members. What is no such path
// is a place that holds the expression's value.
func (c *compiler) place(e ir.Expr) place {
	switch e := e.(type) {
	case *ir.Index:
		return c.indexed(e)
	case *ir.Member:
		return c.member(e)
	case *ir.Name:
		if s, ok := c.lookup(e.Name); ok && s.value != nil {
			return place{value: s.value}
		}
		c.fail(e.Pos, "%s is no value", e.Name)
		return place{value: c.zeros(e.Type())}
	}
	return place{value: c.expr(e)}
}

func (c *compiler) indexed(e *ir.Index) place {
	if len(e.Indices) != 1 {
		c.fail(e.Pos, "%d indices are not lowered to one", len(e.Indices))
		return place{value: c.zeros(e.Type())}
	}
	index := c.scalar(e.Indices[0])
	if n, ok := e.X.(*ir.Name); ok {
		if s, ok := c.lookup(n.Name); ok && s.value == nil {
			return place{index: &index, site: c.site(e.Pos), memory: s.memory, sel: first(c.program.memories[s.memory].lanes)}
		}
	}
	p := c.place(e.X)
	width := 1
	if e.X.Type().IsArray() {
		width = e.X.Type().Lanes
	}
	if p.index != nil {
		if index.konst && int(index.bits) < len(p.sel) {
			p.sel = p.sel[index.bits : index.bits+1]
			return p
		}
		// A dynamic lane of a dynamic element: the element is read first.
		p = place{value: c.read(p)}
	}
	if at := uint64(index.bits) * uint64(width); index.konst && at < uint64(len(p.value)) {
		return place{value: p.value[at : int(at)+width]}
	}
	return place{index: &index, site: c.site(e.Pos), table: p.value, width: width, sel: first(width), name: ir.FormatExpr(e.X)}
}

func (c *compiler) member(e *ir.Member) place {
	p := c.place(e.X)
	sel := make([]int, len(e.Name))
	for i, r := range e.Name {
		sel[i] = strings.IndexRune("xyzw", r)
	}
	if p.index != nil {
		for i, s := range sel {
			sel[i] = p.sel[s]
		}
		p.sel = sel
		return p
	}
	v := make(value, len(sel))
	for i, s := range sel {
		v[i] = p.value.lane(s)
	}
	return place{value: v}
}

// first returns 0, 1, … below n.
func first(n int) []int {
	sel := make([]int, n)
	for i := range sel {
		sel[i] = i
	}
	return sel
}

// read translates the reading of a place.
func (c *compiler) read(p place) value {
	if p.index == nil {
		return p.value
	}
	c.checks++
	site, sel := p.site, p.sel
	if p.table == nil && p.index.uniform && c.program.memories[p.memory].kind == readOnly {
		return c.uniformRead(p)
	}
	index := c.lanes(*p.index)
	to, d := c.tempsFor(len(sel))
	if p.table == nil {
		memory := p.memory
		c.emit(func(m *machine) { m.load(&m.memories[memory], site, m.regs[index], sel, to) })
		return d
	}
	name, table, width := p.name, c.lanesOf(p.table), p.width
	c.emit(func(m *machine) { m.gather(name, site, m.regs[index], table, width, sel, to) })
	return d
}

// uniformRead reads what all invocations see alike, once.
func (c *compiler) uniformRead(p place) value {
	d := make(value, len(p.sel))
	for i := range d {
		d[i] = c.slot()
	}
	memory, index, site, sel, to := p.memory, p.index.reg, p.site, p.sel, d[0].reg
	c.emit(func(m *machine) {
		mem, e := &m.memories[memory], m.uniforms[index]
		if e >= mem.elems {
			if m.fresh(site, OutOfBounds) {
				m.add(site, OutOfBounds, int(m.act[0]), "index %d of %s, which has %d elements", e, mem.decl.name, mem.elems)
			}
			clear(m.uniforms[to : to+len(sel)])
			return
		}
		for k, lane := range sel {
			m.uniforms[to+k] = mem.words[int(e)*mem.decl.lanes+lane]
		}
	})
	return d
}

// write translates a store to a place.
func (c *compiler) write(p place, x value) {
	if p.index == nil {
		if len(p.value) > 1 {
			x = c.frozen(x) // v = v.yx reads all lanes before it stores any
		}
		for i, o := range p.value {
			c.move(o.reg, x.lane(i))
		}
		return
	}
	c.checks++
	site, sel := p.site, p.sel
	index := c.lanes(*p.index)
	src := make([]int, len(sel))
	for i := range src {
		src[i] = c.lanes(x.lane(i))
	}
	if p.table == nil {
		memory := p.memory
		c.emit(func(m *machine) { m.store(&m.memories[memory], site, m.regs[index], sel, src) })
		return
	}
	name, table, width := p.name, c.lanesOf(p.table), p.width
	c.emit(func(m *machine) { m.scatter(name, site, m.regs[index], table, width, sel, src) })
}
