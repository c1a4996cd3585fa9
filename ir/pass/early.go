package pass

import "github.com/wgslgen/wgslgen/ir"

// early moves the loads of texels, and what their indices need, to the begin of
// their block. Whoever reads weights as texels is a CPU that waits for memory in
// the order of the code: loads that stand together wait together. They read what
// nothing writes, so that any place in a block is as good.
func early(u *Unit) error {
	e := &mover{sharer: newSharer(u.Kernel), texels: map[string]bool{}}
	for _, b := range u.Kernel.Bindings {
		if b.Plane != nil && b.Plane.Texels {
			e.texels[b.Name] = true
		}
	}
	if len(e.texels) == 0 {
		return nil
	}
	k := *u.Kernel
	k.Body = e.block(k.Body)
	u.Kernel = &k
	return nil
}

type mover struct {
	*sharer
	texels map[string]bool
}

func (m *mover) block(list []ir.Stmt) []ir.Stmt {
	var named []ir.Stmt
	for _, st := range list {
		switch st := st.(type) {
		case *ir.If:
			c := *st
			c.Then, c.Else = m.block(st.Then), m.block(st.Else)
			named = append(named, &c)
		case *ir.For:
			c := *st
			c.Body = m.block(st.Body)
			named = append(named, &c)
		case *ir.Let:
			if m.load(st.X) {
				named = append(named, st)
				continue
			}
			c := *st
			c.X = m.name(st.X, &named)
			named = append(named, &c)
		case *ir.Var:
			c := *st
			c.Init = m.name(st.Init, &named)
			named = append(named, &c)
		case *ir.Assign:
			c := *st
			c.X = m.name(st.X, &named)
			named = append(named, &c)
		default:
			named = append(named, st)
		}
	}
	return m.move(named)
}

// load reports whether e is a load of a texel whose place never changes.
func (m *mover) load(e ir.Expr) bool {
	ix, ok := e.(*ir.Index)
	if !ok {
		return false
	}
	n, ok := ix.X.(*ir.Name)
	return ok && m.texels[n.Name] && m.fixed(ix.Indices[0])
}

// name gives the loads of an expression names, by lets that precede it. What
// may not be evaluated stays as it is.
func (m *mover) name(e ir.Expr, out *[]ir.Stmt) ir.Expr {
	if b, ok := e.(*ir.Binary); e == nil || ok && (b.Op == "&&" || b.Op == "||") {
		return e
	}
	if !m.load(e) {
		return ir.MapChildren(e, func(c ir.Expr) ir.Expr { return m.name(c, out) })
	}
	name := m.used.fresh(nameFor(e))
	*out = append(*out, &ir.Let{Pos: e.ExprPos(), Name: name, X: e})
	return ir.WithType(ir.NewName(e.ExprPos(), name), e.Type())
}

// move puts the lets of loads first, after those that they need.
func (m *mover) move(list []ir.Stmt) []ir.Stmt {
	lets := map[string]*ir.Let{} // of values that are the same anywhere in the block
	local := map[string]bool{}   // all that is declared in it
	var loads []*ir.Let
	for _, st := range list {
		l, ok := st.(*ir.Let)
		if v, isVar := st.(*ir.Var); isVar {
			local[v.Name] = true
		}
		if !ok {
			continue
		}
		local[l.Name] = true
		if m.steady(l.X, lets, local) {
			lets[l.Name] = l
			if m.load(l.X) {
				loads = append(loads, l)
			}
		}
	}
	first := map[*ir.Let]bool{}
	var need func(l *ir.Let)
	need = func(l *ir.Let) {
		if first[l] {
			return
		}
		first[l] = true
		ir.InspectExpr(l.X, func(e ir.Expr) {
			if n, ok := e.(*ir.Name); ok && lets[n.Name] != nil {
				need(lets[n.Name])
			}
		})
	}
	for _, l := range loads {
		need(l)
	}
	var head, rest []ir.Stmt
	for _, st := range list {
		if l, ok := st.(*ir.Let); ok && first[l] {
			head = append(head, st)
		} else {
			rest = append(rest, st)
		}
	}
	return append(head, rest...)
}

// steady reports whether a value is made of what never changes: names from
// outside the block, or lets that are steady too.
func (m *mover) steady(e ir.Expr, lets map[string]*ir.Let, local map[string]bool) bool {
	steady := m.fixed(e)
	ir.InspectExpr(e, func(e ir.Expr) {
		if n, ok := e.(*ir.Name); ok && local[n.Name] && lets[n.Name] == nil {
			steady = false
		}
	})
	return steady
}
