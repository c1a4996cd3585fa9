package pass

import (
	"github.com/wgslgen/wgslgen/ir"
)

// elementwise expands statements over whole private arrays into unrolled loops
// over their elements: s = exp(s - top) becomes s[i] = exp(s[i] - top).
func elementwise(u *Unit) error {
	k := *u.Kernel
	e := &elements{used: names{}}
	for _, n := range ir.Declared(k.Body) {
		e.used[n] = true
	}
	k.Body = e.block(k.Body)
	u.Kernel = &k
	return nil
}

type elements struct{ used names }

func (e *elements) block(list []ir.Stmt) []ir.Stmt {
	var out []ir.Stmt
	for _, s := range list {
		switch s := s.(type) {
		case *ir.If:
			c := *s
			c.Then, c.Else = e.block(s.Then), e.block(s.Else)
			out = append(out, &c)
		case *ir.For:
			c := *s
			c.Body = e.block(s.Body)
			out = append(out, &c)
		case *ir.Let:
			if !s.X.Type().IsArray() || reduction(s.X) != nil {
				out = append(out, s)
				continue
			}
			out = append(out, &ir.Var{Pos: s.Pos, Name: s.Name, Type: ir.NewTypeExpr(s.Pos, s.X.Type())})
			out = e.assign(out, &ir.Assign{Pos: s.Pos, LHS: ir.WithType(ir.NewName(s.Pos, s.Name), s.X.Type()), Op: "=", X: s.X})
		case *ir.Var:
			if s.Init == nil || s.Type == nil || len(s.Type.Dims) == 0 {
				out = append(out, s)
				continue
			}
			t, _ := s.Type.ArrayType()
			c := *s
			c.Init = nil
			out = append(out, &c)
			out = e.assign(out, &ir.Assign{Pos: s.Pos, LHS: ir.WithType(ir.NewName(s.Pos, s.Name), t), Op: "=", X: s.Init})
		case *ir.Assign:
			if !s.LHS.Type().IsArray() {
				out = append(out, s)
				continue
			}
			out = e.assign(out, s)
		default:
			out = append(out, s)
		}
	}
	return out
}

// assign expands an assignment to an array into one loop a dimension. What is
// no array in its value is computed once, before.
func (e *elements) assign(out []ir.Stmt, s *ir.Assign) []ir.Stmt {
	x := e.hold(s.X, &out)
	t := s.LHS.Type()
	indices := make([]ir.Expr, t.Rank)
	names := make([]string, t.Rank)
	for d := range t.Rank {
		names[d] = e.used.fresh("i")
		indices[d] = ir.WithType(ir.NewName(s.Pos, names[d]), ir.U32Type)
	}
	var stmt ir.Stmt = &ir.Assign{Pos: s.Pos, LHS: element(s.LHS, indices), Op: s.Op, X: element(x, indices)}
	for d := t.Rank - 1; d >= 0; d-- {
		stmt = &ir.For{Pos: s.Pos, Unroll: true, Name: names[d], From: ir.NewInt(s.Pos, 0), To: ir.NewInt(s.Pos, int64(t.Dims[d])), Body: []ir.Stmt{stmt}}
	}
	return append(out, stmt)
}

// hold keeps the parts of x that are no arrays in lets, unless they are as
// simple as a name.
func (e *elements) hold(x ir.Expr, out *[]ir.Stmt) ir.Expr {
	if x.Type().IsArray() {
		switch x.(type) {
		case *ir.Name, *ir.Index:
			return x
		}
		return ir.MapChildren(x, func(c ir.Expr) ir.Expr { return e.hold(c, out) })
	}
	switch x.(type) {
	case *ir.Name, *ir.Lit:
		return x
	}
	name := e.used.fresh("each")
	*out = append(*out, &ir.Let{Pos: x.ExprPos(), Name: name, X: x})
	return ir.WithType(ir.NewName(x.ExprPos(), name), x.Type())
}

// element returns one element of an array expression.
func element(x ir.Expr, indices []ir.Expr) ir.Expr {
	if !x.Type().IsArray() {
		return x
	}
	switch a := x.(type) {
	case *ir.Name:
		return ir.WithType(ir.NewIndex(a.Pos, a, indices...), x.Type().Elem())
	case *ir.Index:
		all := append(append([]ir.Expr{}, a.Indices...), indices...)
		return ir.WithType(ir.NewIndex(a.Pos, a.X, all...), x.Type().Elem())
	}
	return ir.WithType(ir.MapChildren(x, func(c ir.Expr) ir.Expr { return element(c, indices) }), x.Type().Elem())
}
