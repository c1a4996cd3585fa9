package interp

import "github.com/wgslgen/wgslgen/ir"

// kernel translates the whole kernel.
func (c *compiler) kernel() {
	k, p := c.src, c.program
	p.size = c.workgroup()
	c.push()
	c.names()
	for _, s := range k.Params {
		t, ok := s.Type.ElemType()
		if !ok || t.Lanes != 1 || len(s.Type.Dims) > 0 {
			c.fail(s.Pos, "parameter %s is no scalar", s.Name)
		}
		o := c.slot()
		o.fixed = true
		c.declare(s.Name, symbol{value: value{o}})
	}
	p.params = len(k.Params)
	p.prologue = c.detached(func() {
		c.bindings()
		c.grid()
	})
	c.shared()
	p.body = c.block(k.Body)
	c.pop()
}

func (c *compiler) workgroup() int {
	if l, ok := c.src.Workgroup.(*ir.Lit); ok && l.Value.Kind == ir.IntKind && l.Value.Int > 0 && l.Value.Int <= maxInvocations {
		return int(l.Value.Int)
	}
	c.fail(c.src.Workgroup.ExprPos(), "a workgroup must be a constant of 1 to %d invocations", maxInvocations)
	return 1
}

// names declares what every body can use.
func (c *compiler) names() {
	c.declare(ir.LocalName, symbol{value: value{{reg: localReg}}})
	c.declare(ir.WorkgroupName, symbol{value: coordinates(firstWorkgroup)})
	c.declare(ir.WorkgroupsName, symbol{value: coordinates(firstWorkgroups)})
}

func coordinates(first int) value {
	v := make(value, 3)
	for i := range v {
		v[i] = operand{reg: first + i, uniform: true, fixed: true}
	}
	return v
}

func (c *compiler) bindings() {
	kinds := [...]memoryKind{ir.In: readOnly, ir.Out: writeOnly, ir.InOut: readWrite}
	for _, b := range c.src.Bindings {
		if len(b.Type.Dims) != 1 {
			c.fail(b.Pos, "binding %s has %d dimensions, not 1", b.Name, len(b.Type.Dims))
			continue
		}
		elems := c.sizeOf(b.Type.Dims[0])
		c.memory(b.Pos, b.Name, b.Type, kinds[b.Access], elems)
	}
}

func (c *compiler) shared() {
	for _, s := range c.src.Shared {
		t, err := s.Type.ArrayType()
		if err != nil || t.Rank != 1 {
			c.fail(s.Pos, "shared array %s needs one constant dimension", s.Name)
			continue
		}
		c.memory(s.Pos, s.Name, s.Type, shared, c.constant(uint32(t.Dims[0])))
	}
}

func (c *compiler) memory(pos ir.Pos, name string, te *ir.TypeExpr, kind memoryKind, elems operand) {
	t, ok := te.ElemType()
	if !ok || t.Scalar != ir.F32 && t.Scalar != ir.U32 && t.Scalar != ir.I32 && (kind != shared || t.Scalar != ir.F16) {
		c.fail(pos, "%s can't hold %v", name, t)
		return
	}
	p := c.program
	c.declare(name, symbol{memory: len(p.memories)})
	p.memories = append(p.memories, memoryDecl{name: name, kind: kind, lanes: t.Lanes, elems: elems})
}

func (c *compiler) grid() {
	for i := range c.program.grid {
		c.program.grid[i] = c.constant(1)
		if i < len(c.src.Grid) {
			c.program.grid[i] = c.sizeOf(c.src.Grid[i])
		}
	}
}

// sizeOf translates an expression over the parameters.
func (c *compiler) sizeOf(e ir.Expr) operand {
	o := c.scalar(e)
	if !o.uniform {
		c.fail(e.ExprPos(), "a size must follow from the parameters")
		return c.constant(0)
	}
	return o
}
