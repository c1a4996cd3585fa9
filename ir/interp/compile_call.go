package interp

import "github.com/wgslgen/wgslgen/ir"

// call translates a builtin.
func (c *compiler) call(e *ir.Call) value {
	b := ir.Builtins[e.Func]
	if b == nil || e.Recv != nil {
		c.fail(e.Pos, "function %s is not lowered", e.Func)
		return c.zeros(e.Type())
	}
	args := make([]value, len(e.Args))
	for i, a := range e.Args {
		args[i] = c.expr(a)
	}
	switch b.Kind {
	case ir.Construct:
		return construct(args, e.Type().Lanes)
	case ir.Bitcast:
		return args[0]
	case ir.Convert:
		if f := conversion(e.Args[0].Type().Scalar, e.Type().Scalar); f != nil {
			return c.map1(f, args[0])
		}
		return args[0]
	case ir.Shuffle:
		return c.shuffle(e, args[0], c.lanes(args[1][0]))
	case ir.Reduction:
		c.fail(e.Pos, "reduction %s is not lowered", e.Func)
		return c.zeros(e.Type())
	}
	return c.mapped(e, args)
}

// construct concatenates the lanes of args, or spreads a single one.
func construct(args []value, lanes int) value {
	var v value
	for _, a := range args {
		v = append(v, a...)
	}
	for len(v) < lanes {
		v = append(v, v[0])
	}
	return v
}

// mapped translates the builtins that work lane by lane, and the special ones.
func (c *compiler) mapped(e *ir.Call, args []value) value {
	switch e.Func {
	case "select": // select(condition, then, else), lane by lane
		return c.map3(op3{choose, denseChoose}, args[0], args[1], args[2])
	case "dot":
		return value{c.dot(e, args[0], args[1])}
	case "unpack_f16":
		return value{c.apply1(unpackLow, args[0][0]), c.apply1(unpackHigh, args[0][0])}
	case "dot_i8":
		return value{c.apply2(e.Pos, op2{f: dotBytes}, args[0][0], args[1][0])}
	case "pack_f16":
		return value{c.apply2(e.Pos, op2{f: packHalves}, args[0][0], args[0][1])}
	}
	scalar := e.Type().Scalar
	switch len(args) {
	case 1:
		if f := function1(e.Func, scalar); f != nil {
			return c.map1(f, args[0])
		}
	case 2:
		if o, ok := function2(e.Func, scalar); ok {
			return c.map2(e.Pos, o, args[0], args[1])
		}
	case 3:
		if o, ok := function3(e.Func, scalar); ok {
			return c.map3(o, args[0], args[1], args[2])
		}
	}
	c.fail(e.Pos, "%s over %v is unknown to the interpreter", e.Func, scalar)
	return c.zeros(e.Type())
}

// dot adds the lanes' products from the first to the last, rounding each time.
func (c *compiler) dot(e *ir.Call, x, y value) operand {
	mul, _ := binaryOp("*", e.Type().Scalar)
	add, _ := binaryOp("+", e.Type().Scalar)
	products := c.map2(e.Pos, mul, x, y)
	sum := products[0]
	for _, p := range products[1:] {
		sum = c.apply2(e.Pos, add, sum, p)
	}
	return sum
}

// shuffle translates shuffle_xor.
func (c *compiler) shuffle(e *ir.Call, x value, mask int) value {
	c.program.shuffles = true
	site, from := c.checked(e.Pos), c.lanesOf(x)
	to, v := c.tempsFor(len(x))
	t, release := c.mask(1)
	release()
	c.emit(func(m *machine) { m.shuffle(site, from, to, m.regs[mask], t) })
	return v
}
