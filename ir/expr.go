package ir

// Expr is an expression: *Lit, *Name, *Unary, *Binary, *Call, *Index,
// *Slice or *Member.
type Expr interface {
	ExprPos() Pos
	// Type is what Check found; before it, the zero Type.
	Type() Type
	setType(Type)
}

// exprBase is what all expressions have.
type exprBase struct {
	Pos Pos
	typ Type
}

func (e *exprBase) ExprPos() Pos   { return e.Pos }
func (e *exprBase) Type() Type     { return e.typ }
func (e *exprBase) setType(t Type) { e.typ = t }

// Lit is a literal: a whole number, a float, a truth value, or an axis word.
type Lit struct {
	exprBase
	Value Value
	Text  string // as the source spells it; empty for literals of passes
}

// Name is a variable, parameter, binding, shared array, axis or builtin name.
type Name struct {
	exprBase
	Name string
}

// Unary is -x, !x or ~x.
type Unary struct {
	exprBase
	Op string
	X  Expr
}

// Binary is x op y, with Go's operators and precedences, and => (implies),
// which binds loosest.
type Binary struct {
	exprBase
	Op   string
	X, Y Expr
}

// Call is a builtin, a conversion, a function, or, with Recv set, a function
// of a weight binding's format.
type Call struct {
	exprBase
	Recv Expr
	Func string
	Args []Expr
}

// Index is x[i, j]: an element of a binding, of a shared or private array, or
// of a vector.
type Index struct {
	exprBase
	X       Expr
	Indices []Expr
}

// Slice is x[i, from .. +n]: n consecutive elements along the last dimension,
// as an array; n is constant.
type Slice struct {
	exprBase
	X       Expr
	Indices []Expr // of the dimensions before the last
	From, N Expr
}

// Member is x.name: lanes of a vector (x, y, z, w), a constant of a format
// (block, chunk), or a coordinate of workgroup.
type Member struct {
	exprBase
	X    Expr
	Name string
}

// NewLit, and the functions like it, make expressions at a position.
func NewLit(pos Pos, v Value) *Lit { return &Lit{exprBase: exprBase{Pos: pos}, Value: v} }

// NewInt makes an untyped integer literal.
func NewInt(pos Pos, n int64) *Lit { return NewLit(pos, IntValue(n)) }

// NewFloat makes an untyped float literal.
func NewFloat(pos Pos, x float64) *Lit { return NewLit(pos, FloatValue(x)) }

// NewBool makes true or false.
func NewBool(pos Pos, b bool) *Lit { return NewLit(pos, BoolValue(b)) }

// NewName makes a name.
func NewName(pos Pos, name string) *Name { return &Name{exprBase{Pos: pos}, name} }

// NewUnary makes op x.
func NewUnary(pos Pos, op string, x Expr) *Unary { return &Unary{exprBase{Pos: pos}, op, x} }

// NewBinary makes x op y.
func NewBinary(pos Pos, op string, x, y Expr) *Binary {
	return &Binary{exprBase{Pos: pos}, op, x, y}
}

// NewCall makes f(args).
func NewCall(pos Pos, f string, args ...Expr) *Call {
	return &Call{exprBase: exprBase{Pos: pos}, Func: f, Args: args}
}

// NewMethodCall makes recv.f(args).
func NewMethodCall(pos Pos, recv Expr, f string, args ...Expr) *Call {
	return &Call{exprBase: exprBase{Pos: pos}, Recv: recv, Func: f, Args: args}
}

// NewIndex makes x[indices].
func NewIndex(pos Pos, x Expr, indices ...Expr) *Index {
	return &Index{exprBase{Pos: pos}, x, indices}
}

// NewSlice makes x[indices, from .. +n].
func NewSlice(pos Pos, x Expr, indices []Expr, from, n Expr) *Slice {
	return &Slice{exprBase{Pos: pos}, x, indices, from, n}
}

// NewMember makes x.name.
func NewMember(pos Pos, x Expr, name string) *Member {
	return &Member{exprBase{Pos: pos}, x, name}
}

// WithType gives e a type without checking it, for passes that know it.
func WithType(e Expr, t Type) Expr {
	e.setType(t)
	return e
}
