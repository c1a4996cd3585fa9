package interp

import (
	"math"

	"github.com/wgslgen/wgslgen/ir"
)

// lane returns lane i of v; a scalar is every lane of a vector.
func (v value) lane(i int) operand {
	if len(v) == 1 {
		return v[0]
	}
	return v[i]
}

// zeros stands for what can't be translated.
func (c *compiler) zeros(t ir.Type) value {
	v := make(value, max(t.Lanes, 1))
	for i := range v {
		v[i] = c.constant(0)
	}
	return v
}

// scalar translates an expression of one lane.
func (c *compiler) scalar(e ir.Expr) operand { return c.expr(e)[0] }

// expr translates an expression.
func (c *compiler) expr(e ir.Expr) value {
	switch e := e.(type) {
	case *ir.Lit:
		return value{c.constant(c.literal(e))}
	case *ir.Name, *ir.Index, *ir.Member:
		return c.read(c.place(e))
	case *ir.Unary:
		return c.unary(e)
	case *ir.Binary:
		if e.Op == "&&" || e.Op == "||" {
			return value{c.logical(e)}
		}
		return c.binary(e.Pos, e.Op, e.X.Type().Scalar, c.expr(e.X), c.expr(e.Y))
	case *ir.Call:
		return c.call(e)
	}
	c.fail(e.ExprPos(), "%T is not lowered", e)
	return c.zeros(e.Type())
}

// literal returns the word of a literal.
func (c *compiler) literal(l *ir.Lit) uint32 {
	v := l.Value
	switch l.Type().Scalar {
	case ir.F32:
		if v.Kind == ir.IntKind {
			return math.Float32bits(float32(v.Int))
		}
		return math.Float32bits(float32(v.Float))
	case ir.F16:
		if v.Kind == ir.IntKind {
			return half(math.Float32bits(float32(v.Int)))
		}
		return half(math.Float32bits(float32(v.Float)))
	case ir.U32, ir.I32, ir.Bool:
		return uint32(v.Int)
	}
	c.fail(l.Pos, "%v has no type: the kernel must be checked", v)
	return 0
}

func (c *compiler) unary(e *ir.Unary) value {
	f := unaryOp(e.Op, e.Type().Scalar)
	if f == nil {
		c.fail(e.Pos, "%s%v has no meaning", e.Op, e.X.Type())
		return c.zeros(e.Type())
	}
	return c.map1(f, c.expr(e.X))
}

// binary translates x op y over the scalar type of x.
func (c *compiler) binary(pos ir.Pos, op string, s ir.Scalar, x, y value) value {
	o, ok := binaryOp(op, s)
	if !ok {
		c.fail(pos, "%s over %v has no meaning", op, s)
		return x
	}
	return c.map2(pos, o, x, y)
}

// map1 applies f to each lane of x.
func (c *compiler) map1(f func(uint32) uint32, x value) value {
	v := make(value, len(x))
	for i, a := range x {
		v[i] = c.apply1(f, a)
	}
	return v
}

// map2 applies o to each lane of x and y.
func (c *compiler) map2(pos ir.Pos, o op2, x, y value) value {
	v := make(value, max(len(x), len(y)))
	for i := range v {
		v[i] = c.apply2(pos, o, x.lane(i), y.lane(i))
	}
	return v
}

// map3 applies o to each lane of x, y and z.
func (c *compiler) map3(o op3, x, y, z value) value {
	v := make(value, max(len(x), len(y), len(z)))
	for i := range v {
		v[i] = c.apply3(o, x.lane(i), y.lane(i), z.lane(i))
	}
	return v
}

// logical translates && and ||. The right side is only evaluated where the
// left one leaves it open, which shows where it could go wrong.
func (c *compiler) logical(e *ir.Binary) operand {
	x := c.scalar(e.X)
	t, release := c.mask(1)
	defer release()
	before := c.checks
	var y operand
	right := c.detached(func() { y = c.scalar(e.Y) })
	op, decided := op2{f: and, dense: denseAnd}, uint32(0)
	if e.Op == "||" {
		op, decided = op2{f: or, dense: denseOr}, 1
	}
	if c.checks == before {
		c.code = append(c.code, right...)
		return c.apply2(e.Pos, op, x, y)
	}
	if x.uniform && y.uniform {
		d := c.slot()
		c.emit(func(m *machine) {
			m.uniforms[d.reg] = decided
			if m.uniforms[x.reg] != decided {
				m.run(right)
				m.uniforms[d.reg] = m.uniforms[y.reg]
			}
		})
		return d
	}
	left, d := c.lanes(x), c.temp()
	right = append(right, c.detached(func() { c.move(d.reg, y) })...)
	c.emit(func(m *machine) {
		x, d, open := m.regs[left], m.regs[d.reg], m.masks[t][:0]
		for _, i := range m.act {
			if x[i] == decided {
				d[i] = decided
			} else {
				open = append(open, i)
			}
		}
		m.under(open, right)
	})
	return d
}
