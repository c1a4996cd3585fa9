package pass

import (
	"github.com/wgslgen/wgslgen/ir"
)

// share computes once what a block names several times: loads from read-only
// bindings, and index arithmetic. The first statement that does is preceded by
// a let. What is compared is text over names that never change.
func share(u *Unit) error {
	k := *u.Kernel
	k.Body = newSharer(&k).block(k.Body)
	u.Kernel = &k
	return nil
}

// newSharer returns a sharer that knows what of a kernel changes.
func newSharer(k *ir.Kernel) *sharer {
	s := &sharer{readOnly: map[string]bool{}, used: names{}, mutable: map[string]bool{}}
	for _, b := range k.Bindings {
		s.readOnly[b.Name] = b.Access == ir.In
		s.used[b.Name] = true
	}
	for _, sh := range k.Shared {
		s.used[sh.Name], s.mutable[sh.Name] = true, true
	}
	for _, b := range k.Bindings {
		s.mutable[b.Name] = !s.readOnly[b.Name]
	}
	for _, n := range ir.Declared(k.Body) {
		s.used[n] = true
	}
	ir.Inspect(k.Body, func(st ir.Stmt) {
		if v, ok := st.(*ir.Var); ok {
			s.mutable[v.Name] = true
		}
	}, nil)
	return s
}

type sharer struct {
	readOnly map[string]bool
	mutable  map[string]bool // variables, shared memory, written bindings
	used     names
}

// block shares among a block's own statements; nested blocks share among
// themselves.
func (s *sharer) block(list []ir.Stmt) []ir.Stmt {
	counts := map[string]int{}
	for _, st := range list {
		s.ownExprs(st, func(e ir.Expr) { s.count(e, counts) })
	}
	names := map[string]string{}
	var out []ir.Stmt
	for _, st := range list {
		st = s.rewrite(st, counts, names, &out)
		out = append(out, st)
	}
	return out
}

// count counts shareable expressions, outer ones first: what only repeats
// inside a larger repetition counts once.
func (s *sharer) count(e ir.Expr, counts map[string]int) {
	if e == nil {
		return
	}
	if s.shareable(e) {
		key := ir.FormatExpr(e)
		if counts[key]++; counts[key] > 1 {
			return
		}
	}
	ir.MapChildren(e, func(c ir.Expr) ir.Expr {
		s.count(c, counts)
		return c
	})
}

// shareable reports whether equal text means an equal value, and one that is
// worth a name.
func (s *sharer) shareable(e ir.Expr) bool {
	switch e := e.(type) {
	case *ir.Index:
		n, ok := e.X.(*ir.Name)
		return ok && s.readOnly[n.Name] && s.fixed(e.Indices[0])
	case *ir.Binary:
		return e.Type() == ir.U32Type && operators(e) > 1 && s.fixed(e)
	}
	return false
}

// operators counts the operators of an expression.
func operators(e ir.Expr) int {
	n := 0
	ir.InspectExpr(e, func(e ir.Expr) {
		if _, ok := e.(*ir.Binary); ok {
			n++
		}
	})
	return n
}

// fixed reports whether e is made of names that never change.
func (s *sharer) fixed(e ir.Expr) bool {
	fixed := true
	ir.InspectExpr(e, func(e ir.Expr) {
		switch e := e.(type) {
		case *ir.Name:
			fixed = fixed && !s.mutable[e.Name]
		case *ir.Call:
			fixed = fixed && ir.Builtins[e.Func].Kind != ir.Shuffle
		}
	})
	return fixed
}

// ownExprs calls f on the expressions of a statement, not of those nested in it.
func (s *sharer) ownExprs(st ir.Stmt, f func(ir.Expr)) {
	switch st := st.(type) {
	case *ir.Let:
		f(st.X)
	case *ir.Var:
		f(st.Init)
	case *ir.Assign:
		f(st.LHS)
		f(st.X)
	case *ir.If:
		f(st.Cond)
	case *ir.For:
		f(st.From)
		f(st.To)
		f(st.By)
	}
}

func (s *sharer) rewrite(st ir.Stmt, counts map[string]int, names map[string]string, out *[]ir.Stmt) ir.Stmt {
	f := func(e ir.Expr) ir.Expr { return s.replace(e, counts, names, out) }
	switch st := st.(type) {
	case *ir.Let:
		c := *st
		c.X = f(st.X)
		return &c
	case *ir.Var:
		c := *st
		c.Init = f(st.Init)
		return &c
	case *ir.Assign:
		c := *st
		c.LHS, c.X = f(st.LHS), f(st.X)
		return &c
	case *ir.If:
		c := *st
		c.Cond, c.Then, c.Else = f(st.Cond), s.block(st.Then), s.block(st.Else)
		return &c
	case *ir.For:
		c := *st
		c.From, c.To, c.By, c.Body = f(st.From), f(st.To), f(st.By), s.block(st.Body)
		return &c
	}
	return st
}

// replace names what repeats in e, emitting a let where it is met first.
func (s *sharer) replace(e ir.Expr, counts map[string]int, names map[string]string, out *[]ir.Stmt) ir.Expr {
	if e == nil {
		return nil
	}
	down := func(c ir.Expr) ir.Expr { return s.replace(c, counts, names, out) }
	if !s.shareable(e) {
		return ir.MapChildren(e, down)
	}
	key := ir.FormatExpr(e)
	if counts[key] < 2 {
		return ir.MapChildren(e, down)
	}
	name, ok := names[key]
	if !ok {
		x := ir.MapChildren(e, down)
		name = s.used.fresh(nameFor(e))
		names[key] = name
		*out = append(*out, &ir.Let{Pos: e.ExprPos(), Name: name, X: x})
	}
	return ir.WithType(ir.NewName(e.ExprPos(), name), e.Type())
}

// nameFor names a shared value: a load after its binding, an index plainly.
func nameFor(e ir.Expr) string {
	if ix, ok := e.(*ir.Index); ok {
		return ix.X.(*ir.Name).Name + "_at"
	}
	return "index"
}
