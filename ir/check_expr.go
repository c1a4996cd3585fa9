package ir

import (
	"math"
	"strings"
)

// defaulted types e and gives untyped literals the type that they have on
// their own: u32 or f32.
func (c *checker) defaulted(e Expr) Type {
	t := defaultType(c.expr(e))
	c.settle(e, t)
	return t
}

// defaultType returns the type that values of type t have on their own.
func defaultType(t Type) Type {
	switch t.Scalar {
	case UntypedInt:
		return t.Of(U32)
	case UntypedFloat:
		return t.Of(F32)
	}
	return t
}

// want types e and reports what is not of type t.
func (c *checker) want(e Expr, t Type, what string) {
	got := c.expr(e)
	if got.Scalar == Invalid || t.Scalar == Invalid || c.fits(e, t) {
		return
	}
	c.errs.Addf(e.ExprPos(), "%s must be %v, not %v", what, t, got)
}

// uint types e and reports what is no unsigned integer.
func (c *checker) uint(e Expr) { c.want(e, U32Type, FormatExpr(e)) }

// fits reports whether e can have type t, and gives untyped literals that type.
func (c *checker) fits(e Expr, t Type) bool {
	got := e.Type()
	if got == t {
		return true
	}
	if t.IsArray() && !got.IsArray() { // every element is e
		return c.fits(e, t.Elem())
	}
	ok := got.Lanes == t.Lanes && !got.IsArray() &&
		(got.Scalar == UntypedInt && (t.Scalar.IsInteger() || t.Scalar.IsFloat()) ||
			got.Scalar == UntypedFloat && t.Scalar.IsFloat())
	if ok {
		c.settle(e, t)
	}
	return ok
}

// settle gives an untyped expression and its untyped parts the type t.
func (c *checker) settle(e Expr, t Type) {
	if !e.Type().Scalar.IsUntyped() {
		return
	}
	e.setType(t)
	switch e := e.(type) {
	case *Lit:
		c.inRange(e, t)
	case *Unary:
		c.settle(e.X, t.Of(t.Scalar))
	case *Binary:
		c.settle(e.X, ScalarType(t.Scalar))
		if e.Op != "<<" && e.Op != ">>" {
			c.settle(e.Y, ScalarType(t.Scalar))
		}
	case *Call:
		for i, a := range e.Args {
			if e.Func != "select" || i > 0 {
				c.settle(a, ScalarType(t.Scalar))
			}
		}
	}
}

// maxF16 is the largest finite f16.
const maxF16 = 65504

func (c *checker) inRange(l *Lit, t Type) {
	n := l.Value.Int
	switch {
	case l.Value.Kind == IntKind && t.Scalar == U32 && (n < 0 || n > math.MaxUint32),
		l.Value.Kind == IntKind && t.Scalar == I32 && (n < math.MinInt32 || n > math.MaxInt32):
		c.errs.Addf(l.Pos, "%d does not fit in %v", n, t)
	case t.Scalar == F16 && (l.Value.Kind == IntKind && (n < -maxF16 || n > maxF16) || l.Value.Kind == FloatKind && math.Abs(l.Value.Float) > maxF16):
		c.errs.Addf(l.Pos, "%v does not fit in f16", l.Value)
	case l.Value.Kind == FloatKind && math.Abs(l.Value.Float) > math.MaxFloat32:
		c.errs.Addf(l.Pos, "%v does not fit in f32", l.Value)
	}
}

// expr types e and its parts; Invalid says that an error was reported.
func (c *checker) expr(e Expr) Type {
	t := c.infer(e)
	e.setType(t)
	return t
}

func (c *checker) infer(e Expr) Type {
	switch e := e.(type) {
	case *Lit:
		switch e.Value.Kind {
		case IntKind:
			return ScalarType(UntypedInt)
		case FloatKind:
			return ScalarType(UntypedFloat)
		case BoolKind:
			return BoolType
		}
		c.errs.Addf(e.Pos, "%v is a value of an axis, and can only be compared with one", e.Value)
		return Type{}
	case *Name:
		s, ok := c.lookup(e.Name)
		if !ok {
			c.errs.Addf(e.Pos, "unknown name %s", e.Name)
			return Type{}
		}
		if s.kind == buffer {
			c.errs.Addf(e.Pos, "binding %s needs an index", e.Name)
			return Type{}
		}
		return s.typ
	case *Unary:
		return c.unary(e)
	case *Binary:
		return c.binary(e)
	case *Call:
		return c.call(e)
	case *Index:
		return c.index(e)
	case *Slice:
		c.errs.Addf(e.Pos, "a slice can only be named by let, or given to a function")
		return Type{}
	case *Member:
		return c.member(e)
	}
	panic("ir: unknown expression")
}

func (c *checker) unary(e *Unary) Type {
	t := c.expr(e.X)
	if t.Scalar == Invalid {
		return t
	}
	ok := false
	switch e.Op {
	case "-":
		ok = t.Scalar.IsFloat() || t.Scalar == I32 || t.Scalar == UntypedInt
	case "!":
		ok = t.Scalar == Bool
	case "~":
		ok = t.Scalar.IsInteger()
	}
	if !ok {
		c.errs.Addf(e.Pos, "%s%v has no meaning", e.Op, t)
		return Type{}
	}
	return t
}

func (c *checker) binary(e *Binary) Type {
	c.expr(e.X)
	c.expr(e.Y)
	return c.elementwise(e.Pos, []Expr{e.X, e.Y}, func() Type { return c.operator(e) })
}

// elementwise types an operation on arrays as that on their elements: as many
// times as the arrays have elements, with what is no array in each.
func (c *checker) elementwise(pos Pos, args []Expr, scalar func() Type) Type {
	var array Type
	for _, a := range args {
		t := a.Type()
		switch {
		case t.Scalar == Invalid:
			return Type{}
		case !t.IsArray():
		case !array.IsArray():
			array = t
		case array.Rank != t.Rank || array.Dims != t.Dims:
			c.errs.Addf(pos, "arrays of different sizes: %v and %v", array, t)
			return Type{}
		}
	}
	if !array.IsArray() {
		return scalar()
	}
	whole := make([]bool, len(args))
	for i, a := range args {
		whole[i] = a.Type().IsArray()
		a.setType(a.Type().Elem())
	}
	over := func(t Type) Type {
		if t.Scalar != Invalid {
			t.Rank, t.Dims = array.Rank, array.Dims
		}
		return t
	}
	result := over(scalar())
	for i, a := range args {
		if whole[i] {
			a.setType(over(a.Type()))
		}
	}
	return result
}

// operator types a binary operator on values that are no arrays.
func (c *checker) operator(e *Binary) Type {
	x, y := e.X.Type(), e.Y.Type()
	mismatch := func() Type {
		c.errs.Addf(e.Pos, "%v %s %v has no meaning", x, e.Op, y)
		return Type{}
	}
	switch e.Op {
	case "&&", "||", "=>":
		if x != BoolType || y != BoolType {
			return mismatch()
		}
		return BoolType
	case "<<", ">>":
		if !x.Scalar.IsInteger() || !y.Scalar.IsInteger() || y.Lanes != 1 && y.Lanes != x.Lanes {
			return mismatch()
		}
		if y.Scalar == I32 {
			c.errs.Addf(e.Y.ExprPos(), "a shift count must be u32, not i32")
		}
		c.fits(e.Y, U32Type)
		return x
	}
	t, ok := c.unify(e.X, e.Y)
	if !ok {
		return mismatch()
	}
	if Precedence(e.Op) == comparisonPrecedence && t.Scalar.IsUntyped() { // nothing else will give them a type
		t = defaultType(t)
		c.settle(e.X, t)
		c.settle(e.Y, t)
	}
	switch e.Op {
	case "==", "!=":
		ok = t.Lanes == 1
		t = BoolType
	case "<", "<=", ">", ">=":
		ok = t.Lanes == 1 && t.Scalar != Bool
		t = BoolType
	case "|", "&", "^":
		ok = t.Scalar.IsInteger()
	default: // + - * / %
		ok = t.Scalar != Bool
	}
	if !ok {
		return mismatch()
	}
	return t
}

// unify finds the type that x and y have together: untyped literals take the
// other's, and a scalar spreads over a vector's lanes.
func (c *checker) unify(x, y Expr) (Type, bool) {
	tx, ty := x.Type(), y.Type()
	lanes := max(tx.Lanes, ty.Lanes)
	if min(tx.Lanes, ty.Lanes) != 1 && tx.Lanes != ty.Lanes {
		return Type{}, false
	}
	switch {
	case tx.Scalar == ty.Scalar:
	case tx.Scalar == UntypedInt && ty.Scalar == UntypedFloat:
		c.settle(x, tx.Of(UntypedFloat))
		tx.Scalar = UntypedFloat
	case tx.Scalar == UntypedFloat && ty.Scalar == UntypedInt:
		c.settle(y, ty.Of(UntypedFloat))
	case tx.Scalar.IsUntyped():
		if !c.fits(x, tx.Of(ty.Scalar)) {
			return Type{}, false
		}
		tx.Scalar = ty.Scalar
	case ty.Scalar.IsUntyped():
		if !c.fits(y, ty.Of(tx.Scalar)) {
			return Type{}, false
		}
	default:
		return Type{}, false
	}
	return VecType(tx.Scalar, lanes), true
}

func (c *checker) index(e *Index) Type {
	var dims []int
	var t Type
	if name, ok := e.X.(*Name); ok {
		s, found := c.lookup(name.Name)
		if found && s.kind == buffer {
			t = s.typ
			if t.Scalar.IsPacked() {
				t.Scalar = F32
			}
			e.X.setType(t)
			c.indices(e, name.Name, s.rank)
			return t
		}
	}
	if t = c.expr(e.X); t.Scalar == Invalid {
		return t
	}
	switch {
	case t.IsArray():
		if rest := t.Rank - len(e.Indices); rest > 0 { // a row of it
			row := Type{Scalar: t.Scalar, Lanes: t.Lanes, Rank: rest}
			copy(row.Dims[:], t.Dims[len(e.Indices):t.Rank])
			c.indices(e, FormatExpr(e.X), len(e.Indices))
			return row
		}
		dims = t.Dims[:t.Rank]
	case t.Lanes > 1:
		c.indices(e, FormatExpr(e.X), 1)
		c.constantIn(e.Indices[0], t.Lanes)
		return ScalarType(t.Scalar)
	default:
		c.errs.Addf(e.Pos, "%s of type %v can't be indexed", FormatExpr(e.X), t)
		return Type{}
	}
	c.indices(e, FormatExpr(e.X), len(dims))
	if len(e.Indices) == len(dims) {
		for i, x := range e.Indices {
			c.constantIn(x, dims[i])
		}
	}
	return t.Elem()
}

// constantIn reports a constant index that lies outside n elements.
func (c *checker) constantIn(index Expr, n int) {
	if l, ok := index.(*Lit); ok && l.Value.Kind == IntKind && (l.Value.Int < 0 || l.Value.Int >= int64(n)) {
		c.errs.Addf(l.Pos, "index %d is out of range: %d elements", l.Value.Int, n)
	}
}

func (c *checker) indices(e *Index, what string, rank int) {
	if len(e.Indices) != rank {
		c.errs.Addf(e.Pos, "%s has %d dimensions, not %d", what, rank, len(e.Indices))
	}
	for _, i := range e.Indices {
		t := c.defaulted(i)
		if t.Scalar != Invalid && t != U32Type && t != I32Type {
			c.errs.Addf(i.ExprPos(), "an index must be an integer, not %v", t)
		}
	}
}

func (c *checker) member(e *Member) Type {
	if n, ok := e.X.(*Name); ok && (n.Name == WorkgroupName || n.Name == WorkgroupsName) {
		if e.Name != "x" && e.Name != "y" && e.Name != "z" {
			c.errs.Addf(e.Pos, "%s has x, y and z, not %s", n.Name, e.Name)
		}
		n.setType(VecType(U32, 3))
		return U32Type
	}
	t := c.expr(e.X)
	if t.Scalar == Invalid {
		return t
	}
	lanes := "xyzw"[:t.Lanes]
	if t.IsArray() || t.Lanes == 1 || len(e.Name) > 4 || strings.Trim(e.Name, lanes) != "" {
		c.errs.Addf(e.Pos, "%v has no %s", t, e.Name)
		return Type{}
	}
	return VecType(t.Scalar, len(e.Name))
}
