package ir

func (c *checker) call(e *Call) Type {
	for _, a := range e.Args {
		c.expr(a)
	}
	b := Builtins[e.Func]
	if b == nil || e.Recv != nil {
		c.errs.Addf(e.Pos, "unknown function %s", e.Func)
		return Type{}
	}
	for _, a := range e.Args {
		if a.Type().Scalar == Invalid {
			return Type{}
		}
	}
	if b.Arity >= 0 && len(e.Args) != b.Arity {
		c.errs.Addf(e.Pos, "%s takes %d values, not %d", e.Func, b.Arity, len(e.Args))
		return Type{}
	}
	if b.Kind == Reduction {
		t := c.defaulted(e.Args[0])
		c.combines(e, t)
		c.uint(e.Args[1])
		return t
	}
	return c.elementwise(e.Pos, e.Args, func() Type { return c.builtin(e, b) })
}

// builtin types a call on values that are no arrays.
func (c *checker) builtin(e *Call, b *Builtin) Type {
	switch b.Kind {
	case FloatMap, NumberMap, IntegerMap:
		return c.mapCall(e, b)
	case Convert:
		return c.convert(e)
	case Construct:
		return c.construct(e)
	case Bitcast:
		t := e.Args[0].Type()
		if t.Scalar.IsUntyped() {
			t = c.defaulted(e.Args[0])
		}
		if t.Scalar == F16 {
			c.errs.Addf(e.Pos, "%s does not take %v, which has other bits: convert it to f32", e.Func, t)
			return Type{}
		}
		return t.Of(scalarByName[e.Func[len("bits_"):]])
	case Shuffle:
		t := e.Args[0].Type()
		if t.Scalar.IsUntyped() {
			t = c.defaulted(e.Args[0])
		}
		c.combines(e, t)
		c.uint(e.Args[1])
		return t
	}
	return c.special(e)
}

// combines reports values that invocations don't exchange: what f16 saves there
// is not worth what sums in it lose.
func (c *checker) combines(e *Call, t Type) {
	switch t.Scalar {
	case Bool:
		c.errs.Addf(e.Pos, "%s can't combine bool", e.Func)
	case F16:
		c.errs.Addf(e.Pos, "%s can't combine f16: convert it to f32", e.Func)
	}
}

// mapCall types a function that works lane by lane on values of one type.
func (c *checker) mapCall(e *Call, b *Builtin) Type {
	t := c.common(e.Args)
	if b.Kind == FloatMap && t.Scalar == UntypedInt {
		t.Scalar = UntypedFloat
	}
	ok := b.Kind == FloatMap && t.Scalar.IsFloat() ||
		b.Kind == NumberMap && (t.Scalar.IsFloat() || t.Scalar.IsInteger()) ||
		b.Kind == IntegerMap && t.Scalar.IsInteger()
	for _, a := range e.Args {
		lanes := a.Type().Lanes
		ok = ok && (lanes == 1 || lanes == t.Lanes) && (a.Type().Scalar == t.Scalar || c.fits(a, a.Type().Of(t.Scalar)))
	}
	if !ok {
		c.errs.Addf(e.Pos, "%s of %s has no meaning", e.Func, argTypes(e.Args))
		return Type{}
	}
	return t
}

// common returns the type that values have together if they have one: the
// first typed scalar, or the untyped one, over the widest lanes.
func (c *checker) common(args []Expr) Type {
	t := args[0].Type()
	for _, a := range args[1:] {
		at := a.Type()
		t.Lanes = max(t.Lanes, at.Lanes)
		if t.Scalar.IsUntyped() && (!at.Scalar.IsUntyped() || at.Scalar == UntypedFloat) {
			t.Scalar = at.Scalar
		}
	}
	return t
}

func (c *checker) convert(e *Call) Type {
	t := e.Args[0].Type()
	if t.Scalar.IsUntyped() {
		t = c.defaulted(e.Args[0])
	}
	return t.Of(scalarByName[e.Func])
}

// constructed returns the vector type that a constructor makes.
func constructed(name string) Type {
	scalar := F32
	switch name[len(name)-1] {
	case 'u':
		scalar = U32
	case 'i':
		scalar = I32
	case 'h':
		scalar = F16
	}
	return VecType(scalar, int(name[3]-'0'))
}

func (c *checker) construct(e *Call) Type {
	t := constructed(e.Func)
	lanes := 0
	for _, a := range e.Args {
		at := a.Type()
		if at.Scalar != t.Scalar && !c.fits(a, at.Of(t.Scalar)) {
			c.errs.Addf(a.ExprPos(), "%s takes %v, not %v: convert it", e.Func, t.Scalar, at)
			return Type{}
		}
		lanes += at.Lanes
	}
	if lanes != t.Lanes && (len(e.Args) != 1 || lanes != 1) {
		c.errs.Addf(e.Pos, "%s takes one value or %d lanes, not %d", e.Func, t.Lanes, lanes)
		return Type{}
	}
	return t
}

func (c *checker) special(e *Call) Type {
	bad := func() Type {
		c.errs.Addf(e.Pos, "%s does not take %s", e.Func, argTypes(e.Args))
		return Type{}
	}
	switch e.Func {
	case "dot":
		x, y := e.Args[0].Type(), e.Args[1].Type()
		if x != y || !x.Scalar.IsFloat() || x.Lanes == 1 {
			return bad()
		}
		return ScalarType(x.Scalar)
	case "dot_i8":
		if !c.fits(e.Args[0], U32Type) || !c.fits(e.Args[1], U32Type) {
			return bad()
		}
		return I32Type
	case "select":
		t, ok := c.unify(e.Args[1], e.Args[2])
		if e.Args[0].Type() != BoolType || !ok || e.Args[1].Type().Lanes != e.Args[2].Type().Lanes {
			return bad()
		}
		return t
	case "unpack_f16":
		if !c.fits(e.Args[0], U32Type) {
			return bad()
		}
		return VecType(F32, 2)
	case "pack_f16":
		if e.Args[0].Type() != VecType(F32, 2) {
			return bad()
		}
		return U32Type
	}
	panic("ir: builtin without a type: " + e.Func)
}

func argTypes(args []Expr) string {
	s := ""
	for i, a := range args {
		if i > 0 {
			s += ", "
		}
		s += a.Type().String()
	}
	return s
}
