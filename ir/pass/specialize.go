package pass

import (
	"fmt"

	"github.com/wgslgen/wgslgen/ir"
)

// specialize replaces axes by the point's values, keeps of every compile-time
// if the branch that the point takes, and drops the rest unchecked.
func specialize(u *Unit) error {
	src := u.Source
	s := newSpecializer(u)
	k := &ir.Kernel{
		Pos: src.Pos, Name: src.Name, Doc: src.Doc, End: src.End,
		Params:    src.Params,
		Workgroup: s.expr(src.Workgroup),
		Body:      append(s.runtimeLets(), s.stmts(src.Body)...),
	}
	for _, g := range src.Grid {
		k.Grid = append(k.Grid, s.expr(g))
	}
	for _, b := range src.Bindings {
		c := *b
		c.Type, c.Interleave, c.Texels, c.Uniform = s.typ(b.Type), s.expr(b.Interleave), s.expr(b.Texels), s.expr(b.Uniform)
		if c.Uniform != nil && isInt(c.Uniform, 0) {
			c.Uniform = nil
		}
		k.Bindings = append(k.Bindings, &c)
	}
	for _, sh := range src.Shared {
		c := *sh
		c.Type = s.typ(sh.Type)
		k.Shared = append(k.Shared, &c)
	}
	u.Kernel = k
	return s.errs.Err()
}

type specializer struct {
	unit *Unit
	lets map[string]ir.Expr // what the header's lets stand for
	body bool               // whether run-time lets keep their names
	errs ir.Errors
}

func newSpecializer(u *Unit) *specializer {
	s := &specializer{unit: u, lets: map[string]ir.Expr{}}
	for _, l := range u.Source.Lets {
		s.lets[l.Name] = s.expr(l.X)
	}
	return s
}

// runtimeLets makes the header's lets that are no constants the first of the
// body, where they keep their names; clauses have them written out.
func (s *specializer) runtimeLets() []ir.Stmt {
	var out []ir.Stmt
	for _, l := range s.unit.Source.Lets {
		if _, ok := s.lets[l.Name].(*ir.Lit); !ok {
			out = append(out, &ir.Let{Pos: l.Pos, Name: l.Name, X: s.lets[l.Name]})
		}
	}
	return out
}

// lowest is the least finite f32, in digits that every front end reads as such.
const lowest = -3.4028234e38

// expr replaces axes in e and folds the result.
func (s *specializer) expr(e ir.Expr) ir.Expr {
	return ir.RewriteExpr(e, func(e ir.Expr) ir.Expr { return fold(s.replace(e)) })
}

func (s *specializer) replace(e ir.Expr) ir.Expr {
	switch e := e.(type) {
	case *ir.Name:
		if v, ok := s.unit.Point[e.Name]; ok {
			return ir.NewLit(e.Pos, v)
		}
		if x, ok := s.lets[e.Name]; ok {
			if l, ok := x.(*ir.Lit); ok {
				return ir.NewLit(e.Pos, l.Value)
			}
			if !s.body {
				return ir.CloneExpr(x)
			}
		}
		if e.Name == ir.LowestName {
			return ir.NewFloat(e.Pos, lowest)
		}
		if s.unit.isWord(e.Name) {
			return ir.NewLit(e.Pos, ir.WordValue(e.Name))
		}
	case *ir.Member:
		return s.member(e)
	case *ir.Call:
		return s.conversion(e)
	}
	return e
}

// conversion replaces a call of an axis over types, as math(x), by the
// conversion to the point's type.
func (s *specializer) conversion(e *ir.Call) ir.Expr {
	v, ok := s.unit.Point[e.Func]
	if !ok || e.Recv != nil {
		return e
	}
	if b := ir.Builtins[v.String()]; b == nil || b.Kind != ir.Convert {
		s.errs.Addf(e.Pos, "axis %s is %v here, which nothing can be converted to", e.Func, v)
		return e
	}
	return ir.NewCall(e.Pos, v.String(), e.Args...)
}

// member replaces what a format says of itself: W.block and W.chunk of an
// axis, w.blocks and w.chunks of a weight binding.
func (s *specializer) member(e *ir.Member) ir.Expr {
	if word, ok := constant(e.X, ir.WordKind); ok {
		f := s.unit.Lib.Format(word.Word)
		switch {
		case f == nil:
			s.errs.Addf(e.Pos, "%s is no storage format", word.Word)
		case e.Name == "block":
			return ir.NewInt(e.Pos, int64(f.Block))
		case e.Name == "chunk":
			return ir.NewInt(e.Pos, int64(f.Chunk))
		default:
			s.errs.Addf(e.Pos, "a format has block and chunk, not %s", e.Name)
		}
		return e
	}
	name, ok := e.X.(*ir.Name)
	if !ok {
		return e
	}
	b, f := s.unit.weight(name.Name)
	if b == nil {
		return e
	}
	cols := b.Type.Dims[len(b.Type.Dims)-1]
	switch e.Name {
	case "blocks":
		return ir.NewBinary(e.Pos, "/", s.expr(cols), ir.NewInt(e.Pos, int64(f.Block)))
	case "chunks":
		return ir.NewBinary(e.Pos, "/", s.expr(cols), ir.NewInt(e.Pos, int64(f.Chunk)))
	}
	s.errs.Addf(e.Pos, "weights have blocks and chunks, not %s", e.Name)
	return e
}

func (s *specializer) typ(t *ir.TypeExpr) *ir.TypeExpr {
	if t == nil {
		return nil
	}
	c := *ir.RewriteType(t, func(e ir.Expr) ir.Expr { return fold(s.replace(e)) })
	if v, ok := s.unit.Point[c.Name]; ok {
		c.Name = v.String()
	}
	if v, ok := s.unit.Point[c.Elem]; ok {
		c.Elem = v.String()
	}
	return &c
}

// stmts specialises a body, in which run-time lets keep their names.
func (s *specializer) stmts(list []ir.Stmt) []ir.Stmt {
	outer := s.body
	s.body = true
	defer func() { s.body = outer }()
	var out []ir.Stmt
	for _, st := range list {
		switch st := st.(type) {
		case *ir.If:
			cond := s.expr(st.Cond)
			if v, ok := constant(cond, ir.BoolKind); ok {
				if v.Bool() {
					out = append(out, s.stmts(st.Then)...)
				} else {
					out = append(out, s.stmts(st.Else)...)
				}
				continue
			}
			c := *st
			c.Cond, c.Then, c.Else = cond, s.stmts(st.Then), s.stmts(st.Else)
			out = append(out, &c)
		case *ir.For:
			c := *st
			c.From, c.To, c.By = s.expr(st.From), s.expr(st.To), s.expr(st.By)
			c.Body = s.stmts(st.Body)
			out = append(out, &c)
		case *ir.Var:
			c := *st
			c.Type, c.Init = s.typ(st.Type), s.expr(st.Init)
			out = append(out, &c)
		default:
			out = append(out, ir.RewriteStmts([]ir.Stmt{st}, nil, func(e ir.Expr) ir.Expr { return fold(s.replace(e)) })...)
		}
	}
	return out
}

// Need is a demand on the device: a limit by name, and the least it must be.
type Need struct {
	Limit string
	Least int64
}

// Admits evaluates a kernel's where clauses at a point: false says that they
// exclude it; otherwise needs are the demands on the device that are left.
func Admits(lib *ir.Library, k *ir.Kernel, point ir.Point) (ok bool, needs []Need, err error) {
	u := &Unit{Lib: lib, Source: k, Point: point}
	s := newSpecializer(u)
	for _, w := range k.Where {
		cond := s.expr(w)
		if v, isConst := constant(cond, ir.BoolKind); isConst {
			if !v.Bool() {
				return false, nil, nil
			}
			continue
		}
		need, ok := deviceNeed(cond)
		if !ok {
			s.errs.Addf(w.ExprPos(), "where %s is neither a constant nor a demand on the device (constant <= device.limit)", ir.FormatExpr(w))
			continue
		}
		needs = append(needs, need)
	}
	return true, needs, s.errs.Err()
}

// deviceNeed reads constant <= device.limit, or device.limit >= constant.
func deviceNeed(e ir.Expr) (Need, bool) {
	b, ok := e.(*ir.Binary)
	if !ok {
		return Need{}, false
	}
	x, y := b.X, b.Y
	switch b.Op {
	case "<=":
	case ">=":
		x, y = y, x
	default:
		return Need{}, false
	}
	n, ok := constantInt(x)
	m, isMember := y.(*ir.Member)
	if !ok || !isMember {
		return Need{}, false
	}
	d, isName := m.X.(*ir.Name)
	return Need{m.Name, n}, isName && d.Name == ir.DeviceName
}

// Describe names a kernel at a point, for errors.
func Describe(k *ir.Kernel, p ir.Point) string {
	if len(p) == 0 {
		return "kernel " + k.Name
	}
	return fmt.Sprintf("kernel %s at %s", k.Name, PointString(k, p))
}

// PointString prints a point as axis=value, in the kernel's order of axes.
func PointString(k *ir.Kernel, p ir.Point) string {
	s := ""
	for _, a := range k.Axes {
		if v, ok := p[a.Name]; ok {
			if s != "" {
				s += ","
			}
			s += fmt.Sprintf("%s=%v", a.Name, v)
		}
	}
	return s
}
