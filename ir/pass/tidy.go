package pass

import (
	"slices"

	"github.com/wgslgen/wgslgen/ir"
)

// tidy drops what a point leaves unused (values, variables, bindings, shared
// arrays), turns variables that are given one value into lets, and lets that
// only rename another into that other: so that the WGSL reads as if written
// for the point.
func tidy(u *Unit) error {
	k := *u.Kernel
	for changed := true; changed; {
		changed = false
		for _, step := range []func(*ir.Kernel) bool{settle, rename, drop} {
			changed = step(&k) || changed
		}
	}
	used := uses(k.Body)
	k.Bindings = slices.DeleteFunc(slices.Clone(k.Bindings), func(b *ir.Binding) bool { return used[b.Name].total() == 0 })
	k.Shared = slices.DeleteFunc(slices.Clone(k.Shared), func(s *ir.Shared) bool { return used[s.Name].total() == 0 })
	u.Kernel = &k
	return nil
}

// use counts how a name is used.
type use struct {
	reads  int
	writes int // as a whole
	parts  int // of its lanes or elements
}

func (u use) total() int { return u.reads + u.writes + u.parts }

func uses(list []ir.Stmt) map[string]use {
	out := map[string]use{}
	read := func(e ir.Expr) {
		ir.InspectExpr(e, func(e ir.Expr) {
			if n, ok := e.(*ir.Name); ok {
				u := out[n.Name]
				u.reads++
				out[n.Name] = u
			}
		})
	}
	ir.Inspect(list, func(s ir.Stmt) {
		switch s := s.(type) {
		case *ir.Let:
			read(s.X)
		case *ir.Var:
			read(s.Init)
		case *ir.Assign:
			read(s.X)
			name := rootName(s.LHS)
			u := out[name]
			if _, whole := s.LHS.(*ir.Name); whole {
				u.writes++
			} else {
				u.parts++
				readIndices(s.LHS, read)
			}
			out[name] = u
		case *ir.If:
			read(s.Cond)
		case *ir.For:
			read(s.From)
			read(s.To)
			read(s.By)
		}
	}, nil)
	return out
}

// readIndices calls read on the indices of a store's target.
func readIndices(e ir.Expr, read func(ir.Expr)) {
	switch e := e.(type) {
	case *ir.Index:
		for _, i := range e.Indices {
			read(i)
		}
		readIndices(e.X, read)
	case *ir.Member:
		readIndices(e.X, read)
	}
}

// settle turns a variable into a let where it is given its only value: at its
// declaration, or by one assignment in the same block before any other use.
func settle(k *ir.Kernel) bool {
	used, changed := uses(k.Body), false
	var block func([]ir.Stmt) []ir.Stmt
	block = func(list []ir.Stmt) []ir.Stmt {
		pending := map[string]bool{} // declared in this block without a value
		var out []ir.Stmt
		for _, s := range list {
			switch s := s.(type) {
			case *ir.Var:
				u := used[s.Name]
				if s.Init != nil && u.writes+u.parts == 0 {
					forget(pending, s)
					out, changed = append(out, &ir.Let{Pos: s.Pos, Name: s.Name, X: s.Init}), true
					continue
				}
				pending[s.Name] = s.Init == nil && u.writes == 1 && u.parts == 0 && len(s.Type.Dims) == 0
			case *ir.Assign:
				n, ok := s.LHS.(*ir.Name)
				if ok && s.Op == "=" && pending[n.Name] && uses([]ir.Stmt{s})[n.Name].reads == 0 {
					forget(pending, s)
					out = slices.DeleteFunc(out, func(s ir.Stmt) bool {
						v, ok := s.(*ir.Var)
						return ok && v.Name == n.Name
					})
					out, changed = append(out, &ir.Let{Pos: s.Pos, Name: n.Name, X: s.X}), true
					continue
				}
			case *ir.If:
				c := *s
				c.Then, c.Else = block(s.Then), block(s.Else)
				out = append(out, &c)
				forget(pending, s)
				continue
			case *ir.For:
				c := *s
				c.Body = block(s.Body)
				out = append(out, &c)
				forget(pending, s)
				continue
			}
			forget(pending, s)
			out = append(out, s)
		}
		return out
	}
	k.Body = block(k.Body)
	return changed
}

// forget takes the names that a statement uses from those that wait for their
// value.
func forget(pending map[string]bool, s ir.Stmt) {
	if len(pending) == 0 {
		return
	}
	for name := range uses([]ir.Stmt{s}) {
		delete(pending, name)
	}
}

// rename replaces lets that stand for another let, a parameter or a literal.
func rename(k *ir.Kernel) bool {
	fixed := map[string]bool{ir.LocalName: true}
	for _, p := range k.Params {
		fixed[p.Name] = true
	}
	ir.Inspect(k.Body, func(s ir.Stmt) {
		switch s := s.(type) {
		case *ir.Let:
			fixed[s.Name] = true
		case *ir.For:
			fixed[s.Name] = true
		}
	}, nil)
	to := map[string]ir.Expr{}
	k.Body = ir.RewriteStmts(k.Body, func(s ir.Stmt) []ir.Stmt {
		l, ok := s.(*ir.Let)
		if !ok {
			return []ir.Stmt{s}
		}
		n, isName := l.X.(*ir.Name)
		if _, isLit := l.X.(*ir.Lit); !isLit && !(isName && fixed[n.Name]) {
			return []ir.Stmt{s}
		}
		to[l.Name] = l.X
		return nil
	}, func(e ir.Expr) ir.Expr {
		if n, ok := e.(*ir.Name); ok && to[n.Name] != nil {
			return ir.WithType(ir.CloneExpr(to[n.Name]), n.Type())
		}
		return e
	})
	return len(to) > 0
}

// drop removes lets and variables that nothing reads.
func drop(k *ir.Kernel) bool {
	used, changed := uses(k.Body), false
	k.Body = ir.RewriteStmts(k.Body, func(s ir.Stmt) []ir.Stmt {
		dead := false
		switch s := s.(type) {
		case *ir.Let:
			dead = used[s.Name].total() == 0
		case *ir.Var:
			dead = used[s.Name].reads == 0
		case *ir.Assign:
			name := rootName(s.LHS)
			dead = used[name].reads == 0 && isPrivate(k, name)
		case *ir.If:
			dead = len(s.Then) == 0 && len(s.Else) == 0
		case *ir.For:
			dead = len(s.Body) == 0
		}
		if dead {
			changed = true
			return nil
		}
		return []ir.Stmt{s}
	}, func(e ir.Expr) ir.Expr { return e })
	return changed
}

// isPrivate reports whether a name is neither a binding nor shared.
func isPrivate(k *ir.Kernel, name string) bool {
	for _, b := range k.Bindings {
		if b.Name == name {
			return false
		}
	}
	for _, s := range k.Shared {
		if s.Name == name {
			return false
		}
	}
	return true
}
