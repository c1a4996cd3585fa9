package ir

import "slices"

// Check types a specialised kernel: it sets the Type of every expression and
// reports what does not fit: unknown names, wrong types, stores to what can't
// be stored to. It may be run again after any pass, and is what the passes'
// results are verified by.
func Check(k *Kernel) error {
	c := &checker{kernel: k}
	c.push()
	for _, p := range k.Params {
		t, err := p.Type.ArrayType()
		if err != nil {
			c.add(err)
			continue
		}
		if t.Lanes != 1 || t.IsArray() || t.Scalar == Bool || t.Scalar.IsPacked() {
			c.errs.Addf(p.Pos, "parameter %s must be u32, i32 or f32, not %v", p.Name, t)
		}
		c.declare(p.Pos, p.Name, symbol{kind: value, typ: t})
	}
	for _, b := range k.Bindings {
		c.binding(b)
	}
	for _, s := range k.Shared {
		t, err := s.Type.ArrayType()
		if err != nil {
			c.add(err)
			continue
		}
		if t.Scalar == Bool || t.Scalar == Q8_0 {
			c.errs.Addf(s.Pos, "shared memory holds u32, i32, f32 or f16, not %v", t.Scalar)
		}
		c.declare(s.Pos, s.Name, symbol{kind: variable, typ: t})
	}
	c.uint(k.Workgroup)
	for _, g := range k.Grid {
		c.uint(g)
	}
	c.push()
	c.stmts(k.Body)
	return c.errs.Err()
}

// symbolKind says what a name stands for.
type symbolKind uint8

const (
	value    symbolKind = iota // let, parameter, loop variable
	variable                   // private or shared memory
	buffer                     // a binding
)

type symbol struct {
	kind   symbolKind
	typ    Type
	access Access // of a buffer
	rank   int    // dimensions of a buffer
}

type checker struct {
	kernel *Kernel
	scopes []map[string]symbol
	errs   Errors
}

func (c *checker) add(err *Error) { c.errs = append(c.errs, err) }
func (c *checker) push()          { c.scopes = append(c.scopes, map[string]symbol{}) }
func (c *checker) pop()           { c.scopes = c.scopes[:len(c.scopes)-1] }

func (c *checker) declare(pos Pos, name string, s symbol) {
	scope := c.scopes[len(c.scopes)-1]
	if _, ok := scope[name]; ok {
		c.errs.Addf(pos, "%s is declared twice", name)
	}
	scope[name] = s
}

func (c *checker) lookup(name string) (symbol, bool) {
	for i := len(c.scopes) - 1; i >= 0; i-- {
		if s, ok := c.scopes[i][name]; ok {
			return s, true
		}
	}
	if name == LocalName {
		return symbol{kind: value, typ: U32Type}, true
	}
	return symbol{}, false
}

func (c *checker) binding(b *Binding) {
	t, ok := b.Type.ElemType()
	if !ok {
		c.errs.Addf(b.Type.Pos, "unknown type %s", formatType(b.Type))
		return
	}
	if t.Scalar == Bool {
		c.errs.Addf(b.Type.Pos, "a buffer can't hold bool")
	}
	if t.Scalar == F16 && t.Lanes == 1 && b.Access != In {
		c.errs.Addf(b.Type.Pos, "a single f16 can't be stored, two share a word: use vec2<f16> or vec4<f16>")
	}
	if t.Scalar == F16 && t.Lanes == 3 {
		c.errs.Addf(b.Type.Pos, "vec3<f16> fills no whole words: use vec2<f16> or vec4<f16>")
	}
	if t.Scalar == Q8_0 && (t.Lanes != 4 || b.Access != In) {
		c.errs.Addf(b.Type.Pos, "q8_0 is loaded only, and by fours: declare in, of vec4<q8_0>")
	}
	if len(b.Type.Dims) == 0 {
		c.errs.Addf(b.Pos, "binding %s has no dimensions", b.Name)
	}
	for _, d := range b.Type.Dims {
		c.uint(d)
	}
	if b.Uniform != nil {
		c.uniform(b, t)
	}
	c.declare(b.Pos, b.Name, symbol{kind: buffer, typ: t, access: b.Access, rank: len(b.Type.Dims)})
}

// maxUniform is how many 16-byte elements every device lets a uniform buffer
// hold (64 KiB).
const maxUniform = 4096

// uniform reports what can't be read through a uniform buffer: its size is part
// of its type, and its elements are 16 bytes apart.
func (c *checker) uniform(b *Binding, t Type) {
	if b.Access != In {
		c.errs.Addf(b.Pos, "%s is stored to: a uniform buffer is only read", b.Name)
	}
	if t.Lanes != 4 || t.Scalar.IsPacked() {
		c.errs.Addf(b.Type.Pos, "a uniform buffer holds vec4, vec4<u32> or vec4<i32>, not %v", t)
	}
	if l, ok := b.Uniform.(*Lit); !ok || l.Value.Kind != IntKind || l.Value.Int < 1 || l.Value.Int > maxUniform {
		c.errs.Addf(b.Uniform.ExprPos(), "the size of a uniform buffer must be a constant from 1 to %d elements, not %s", maxUniform, FormatExpr(b.Uniform))
	}
}

func (c *checker) stmts(list []Stmt) {
	for _, s := range list {
		c.stmt(s)
	}
}

func (c *checker) block(list []Stmt) {
	c.push()
	c.stmts(list)
	c.pop()
}

func (c *checker) stmt(s Stmt) {
	switch s := s.(type) {
	case *Let:
		t := c.defaulted(s.X)
		c.declare(s.Pos, s.Name, symbol{kind: value, typ: t})
	case *Var:
		c.declare(s.Pos, s.Name, symbol{kind: variable, typ: c.varType(s)})
	case *Assign:
		c.assign(s)
	case *If:
		c.want(s.Cond, BoolType, "a condition")
		c.block(s.Then)
		c.block(s.Else)
	case *For:
		c.loop(s)
	case *Barrier:
	case *Return:
		c.errs.Addf(s.Pos, "return outside a function")
	case *ExprStmt:
		c.errs.Addf(s.Pos, "%s is not used: an expression has no effect", FormatExpr(s.X))
	}
}

func (c *checker) isShared(name string) bool {
	return slices.ContainsFunc(c.kernel.Shared, func(s *Shared) bool { return s.Name == name })
}

func (c *checker) varType(s *Var) Type {
	if s.Type == nil {
		if s.Init == nil {
			c.errs.Addf(s.Pos, "var %s needs a type or a value", s.Name)
			return Type{}
		}
		t := c.defaulted(s.Init)
		if t.IsArray() {
			c.errs.Addf(s.Pos, "array %s needs a type", s.Name)
		}
		return t
	}
	t, err := s.Type.ArrayType()
	if err != nil {
		c.add(err)
		return Type{}
	}
	if t.Scalar == Q8_0 {
		c.errs.Addf(s.Type.Pos, "q8_0 is a type of bindings; compute in f32")
	}
	if s.Init != nil {
		c.want(s.Init, t, "var "+s.Name)
	}
	return t
}

func (c *checker) loop(s *For) {
	c.uint(s.From)
	c.uint(s.To)
	if s.By != nil {
		c.uint(s.By)
		if l, ok := s.By.(*Lit); ok && l.Value == IntValue(0) {
			c.errs.Addf(l.Pos, "a loop by 0 never ends")
		}
	}
	c.push()
	c.declare(s.Pos, s.Name, symbol{kind: value, typ: U32Type})
	c.block(s.Body)
	c.pop()
}

func (c *checker) assign(s *Assign) {
	t := c.expr(s.LHS)
	if t.Scalar == Invalid {
		c.expr(s.X)
		return
	}
	root := s.LHS
	for done := false; !done; {
		switch e := root.(type) {
		case *Index:
			root = e.X
		case *Member:
			if len(e.Name) != 1 {
				c.errs.Addf(e.Pos, "several lanes can't be stored to at once")
			}
			root = e.X
		default:
			done = true
		}
	}
	name, ok := root.(*Name)
	if !ok {
		c.errs.Addf(s.Pos, "%s can't be stored to", FormatExpr(s.LHS))
		return
	}
	sym, _ := c.lookup(name.Name)
	switch {
	case sym.kind == value:
		c.errs.Addf(s.Pos, "%s never changes: declare it with var", name.Name)
	case sym.kind == buffer && sym.access == In:
		c.errs.Addf(s.Pos, "binding %s is only read: declare it out or inout", name.Name)
	case sym.kind == buffer && sym.access == Out && s.Op != "=":
		c.errs.Addf(s.Pos, "binding %s is only written: declare it inout", name.Name)
	case sym.kind == buffer && sym.typ.Scalar == F16 && sym.typ.Lanes > t.Lanes:
		c.errs.Addf(s.Pos, "a lane of %v can't be stored by itself, it shares a word: store the vector", sym.typ)
	case t.IsArray() && c.isShared(name.Name):
		c.errs.Addf(s.Pos, "shared array %s can't be stored to as a whole: stage it, or store a slice", name.Name)
	}
	if s.Op == "=" {
		c.want(s.X, t, "the assignment")
		return
	}
	bin := NewBinary(s.Pos, s.Op[:len(s.Op)-1], s.LHS, s.X)
	if bt := c.binary(bin); bt.Scalar != Invalid && bt != t {
		c.errs.Addf(s.Pos, "%v %s %v can't be stored in %v", t, s.Op, s.X.Type(), t)
	}
}
