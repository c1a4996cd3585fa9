package pass

import (
	"fmt"

	"github.com/wgslgen/wgslgen/ir"
)

// unroll expands loops marked unroll, and with them propagates constants and
// copies, folds, and takes branches that became constant.
func unroll(u *Unit) error {
	k := *u.Kernel
	un := &unroller{used: map[string]bool{}, defs: map[string]ir.Expr{}, fixed: map[string]bool{ir.LocalName: true}}
	for _, p := range k.Params {
		un.fixed[p.Name] = true
	}
	for _, n := range ir.Declared(k.Body) {
		un.used[n] = true
	}
	k.Body = un.block(k.Body, subst{})
	if len(un.errs) == 0 {
		u.Kernel = &k
	}
	return un.errs.Err()
}

// maxUnrolled bounds the statements that unrolling may make of one kernel.
const maxUnrolled = 200_000

// subst maps names to the literals, names or renamed locals they stand for.
type subst map[string]ir.Expr

type unroller struct {
	used  map[string]bool    // names taken
	defs  map[string]ir.Expr // lets of index arithmetic, which divisions look through
	fixed map[string]bool    // names whose value never changes
	made  int
	errs  ir.Errors
}

func (un *unroller) expr(e ir.Expr, s subst) ir.Expr {
	return ir.RewriteExpr(e, func(e ir.Expr) ir.Expr {
		if n, ok := e.(*ir.Name); ok {
			if x, ok := s[n.Name]; ok {
				return ir.WithType(ir.CloneExpr(x), n.Type())
			}
		}
		return un.divide(fold(e))
	})
}

// divide simplifies the quotient or the remainder of x·k + b by a constant,
// looking through the names of lets.
func (un *unroller) divide(e ir.Expr) ir.Expr {
	b, ok := e.(*ir.Binary)
	if !ok || b.Op != "/" && b.Op != "%" {
		return e
	}
	x := b.X
	if n, ok := x.(*ir.Name); ok && un.defs[n.Name] != nil {
		x = un.defs[n.Name]
	}
	if m, ok := constantInt(b.Y); ok && m > 0 {
		if r := divideLinear(b, x, m); r != nil {
			return r
		}
	}
	return e
}

// block rewrites statements. s grows with what they declare; names are unique
// in the kernel, so that nothing that it holds is captured.
func (un *unroller) block(list []ir.Stmt, s subst) []ir.Stmt {
	var out []ir.Stmt
	for _, st := range list {
		if un.made++; un.made > maxUnrolled {
			if un.made == maxUnrolled+1 {
				un.errs.Addf(st.StmtPos(), "unrolling makes more than %d statements", maxUnrolled)
			}
			return out
		}
		out = append(out, un.stmt(st, s)...)
	}
	return out
}

func (un *unroller) stmt(st ir.Stmt, s subst) []ir.Stmt {
	switch st := st.(type) {
	case *ir.Let:
		x := un.expr(st.X, s)
		if un.propagates(x) {
			s[st.Name] = x
			return nil
		}
		c := *st
		c.X, c.Name = x, un.name(st.Name, s)
		un.fixed[c.Name] = true
		un.defs[c.Name] = x
		return []ir.Stmt{&c}
	case *ir.Var:
		c := *st
		c.Type = ir.RewriteType(st.Type, func(e ir.Expr) ir.Expr { return un.expr(e, s) })
		c.Init, c.Name = un.expr(st.Init, s), un.name(st.Name, s)
		return []ir.Stmt{&c}
	case *ir.If:
		return un.branch(st, s)
	case *ir.For:
		return un.loop(st, s)
	}
	return ir.RewriteStmts([]ir.Stmt{st}, nil, func(e ir.Expr) ir.Expr {
		if n, ok := e.(*ir.Name); ok && s[n.Name] != nil {
			return ir.WithType(ir.CloneExpr(s[n.Name]), n.Type())
		}
		return un.divide(fold(e))
	})
}

// propagates reports whether a let's value may stand where its name does: a
// literal, or a name whose value never changes.
func (un *unroller) propagates(x ir.Expr) bool {
	switch x := x.(type) {
	case *ir.Lit:
		return true
	case *ir.Name:
		return un.fixed[x.Name]
	}
	return false
}

// name returns the name of a local in the iteration being expanded; s holds
// the iteration's own names.
func (un *unroller) name(name string, s subst) string {
	if n, ok := s[name].(*ir.Name); ok {
		return n.Name
	}
	return name
}

func (un *unroller) branch(st *ir.If, s subst) []ir.Stmt {
	cond := un.expr(st.Cond, s)
	if v, ok := constant(cond, ir.BoolKind); ok {
		if v.Bool() {
			return un.block(st.Then, s)
		}
		return un.block(st.Else, s)
	}
	c := *st
	c.Cond = cond
	c.Then, c.Else = un.block(st.Then, s), un.block(st.Else, s)
	if len(c.Then) == 0 && len(c.Else) == 0 {
		return nil
	}
	return []ir.Stmt{&c}
}

func (un *unroller) loop(st *ir.For, s subst) []ir.Stmt {
	c := *st
	c.From, c.To, c.By = un.expr(st.From, s), un.expr(st.To, s), un.expr(st.By, s)
	if !st.Unroll {
		c.Name = un.name(st.Name, s)
		un.fixed[c.Name] = true
		if c.By != nil && isInt(c.By, 1) {
			c.By = nil
		}
		c.Body = un.block(st.Body, s)
		return []ir.Stmt{&c}
	}
	from, ok1 := constantInt(c.From)
	to, ok2 := constantInt(c.To)
	by, ok3 := int64(1), true
	if c.By != nil {
		by, ok3 = constantInt(c.By)
	}
	if !ok1 || !ok2 || !ok3 || by < 1 {
		un.errs.Addf(st.Pos, "an unrolled loop needs constant bounds, not %s .. %s", ir.FormatExpr(c.From), ir.FormatExpr(c.To))
		return nil
	}
	var out []ir.Stmt
	locals := ir.Declared(st.Body)
	for i := from; i < to && len(un.errs) == 0; i += by {
		iter := subst{}
		for k, v := range s {
			iter[k] = v
		}
		iter[st.Name] = ir.NewInt(st.Pos, i)
		for _, name := range locals {
			iter[name] = ir.NewName(st.Pos, un.fresh(un.name(name, s), i))
		}
		out = append(out, un.block(st.Body, iter)...)
	}
	return out
}

// fresh returns a name for a local of iteration i.
func (un *unroller) fresh(name string, i int64) string {
	n := fmt.Sprintf("%s_%d", name, i)
	for un.used[n] {
		n += "_"
	}
	un.used[n] = true
	return n
}
