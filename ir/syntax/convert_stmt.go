package syntax

import "github.com/wgslgen/wgslgen/ir"

func (c *converter) block(b *block) []ir.Stmt {
	var out []ir.Stmt
	for _, s := range b.Stmts {
		if st := c.stmt(s); st != nil {
			out = append(out, st)
		}
	}
	return out
}

func (c *converter) stmt(s *stmt) ir.Stmt {
	pos := convertPos(s.Pos)
	switch {
	case s.Let != nil:
		return &ir.Let{Pos: pos, Name: s.Let.Name.Value, X: c.expr(s.Let.X)}
	case s.Var != nil:
		v := &ir.Var{Pos: pos, Name: s.Var.Name.Value, Init: c.optional(s.Var.Init)}
		if s.Var.Type != nil {
			v.Type = c.typ(s.Var.Type)
		}
		return v
	case s.If != nil:
		return c.ifs(s.If)
	case s.For != nil:
		return c.loop(s.For)
	case s.Stage != nil:
		out := &ir.Stage{Pos: pos, Tile: s.Stage.Tile.Value, X: c.expr(s.Stage.X)}
		for _, w := range s.Stage.Indices {
			out.Indices = append(out.Indices, w.Name.Value)
		}
		return out
	case s.Barrier:
		return &ir.Barrier{Pos: pos}
	case s.Return != nil:
		return &ir.Return{Pos: pos, X: c.expr(s.Return)}
	}
	return c.simple(s.Simple)
}

func (c *converter) ifs(s *ifs) *ir.If {
	out := &ir.If{Pos: convertPos(s.Pos), Cond: c.expr(s.Cond), Then: c.block(s.Then), ThenEnd: at(s.Then.End)}
	switch {
	case s.Else == nil:
	case s.Else.If != nil:
		nested := c.ifs(s.Else.If)
		out.Else, out.ElseEnd = []ir.Stmt{nested}, nested.ElseEnd
		if nested.Else == nil {
			out.ElseEnd = nested.ThenEnd
		}
	default:
		out.Else, out.ElseEnd = c.block(s.Else.Block), at(s.Else.Block.End)
	}
	return out
}

func (c *converter) loop(l *loop) *ir.For {
	return &ir.For{
		Pos:    at(l.Kind),
		Unroll: l.Kind.Value == "unroll",
		Name:   l.Name.Value,
		From:   c.expr(l.From),
		To:     c.expr(l.To),
		By:     c.optional(l.By),
		Body:   c.block(l.Body),
		End:    at(l.Body.End),
	}
}

// simple makes an assignment or a call, or nil where it is neither.
func (c *converter) simple(s *simple) ir.Stmt {
	x := c.suffixes(ir.NewName(at(s.Name), s.Name.Value), s.Suffixes, true)
	if s.Op != nil {
		return &ir.Assign{Pos: at(s.Name), LHS: x, Op: s.Op.Value, X: c.expr(s.X)}
	}
	call, ok := x.(*ir.Call)
	if !ok {
		c.errs.Addf(at(s.Name), "%s is a value, not a statement: assign it or call a function", ir.FormatExpr(x))
		return nil
	}
	return &ir.ExprStmt{Pos: at(s.Name), X: call}
}
