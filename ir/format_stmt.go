package ir

import "fmt"

func (p *printer) stmts(ss []Stmt) {
	for _, s := range ss {
		p.begin(s.StmtPos(), false)
		p.stmt(s)
		p.end()
	}
}

func (p *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *Let:
		p.write("let ", s.Name, " = ")
		p.expr(s.X, 0)
	case *Var:
		p.write("var ", s.Name)
		if s.Type != nil {
			p.write(": ")
			p.typ(s.Type)
		}
		if s.Init != nil {
			p.write(" = ")
			p.expr(s.Init, 0)
		}
	case *Assign:
		p.expr(s.LHS, 0)
		p.write(" ", s.Op, " ")
		p.expr(s.X, 0)
	case *If:
		p.ifs(s)
	case *For:
		p.loop(s)
	case *Stage:
		p.write("stage ", s.Tile, "[")
		for i, name := range s.Indices {
			if i > 0 {
				p.write(", ")
			}
			p.write(name)
		}
		p.write("] = ")
		p.expr(s.X, 0)
	case *Barrier:
		p.write("barrier")
	case *Return:
		p.write("return ")
		p.expr(s.X, 0)
	case *ExprStmt:
		p.expr(s.X, 0)
	default:
		panic(fmt.Sprintf("ir: no source for %T", s))
	}
}

func (p *printer) ifs(s *If) {
	end := s.ThenEnd
	if len(s.Else) > 0 {
		end = s.ElseEnd
	}
	oneLine := p.oneLine(s.Pos, end, s.Then, s.Else)
	p.write("if ")
	p.expr(s.Cond, 0)
	p.write(" ")
	p.braces(s.Then, s.ThenEnd, oneLine)
	if len(s.Else) == 0 {
		return
	}
	p.write(" else ")
	if nested, ok := s.Else[0].(*If); ok && len(s.Else) == 1 {
		p.ifs(nested)
		return
	}
	p.braces(s.Else, s.ElseEnd, oneLine)
}

func (p *printer) loop(s *For) {
	word := "for "
	if s.Unroll {
		word = "unroll "
	}
	oneLine := p.oneLine(s.Pos, s.End, s.Body, nil)
	p.write(word, s.Name, " in ")
	p.expr(s.From, 0)
	p.write(" .. ")
	p.expr(s.To, 0)
	if s.By != nil {
		p.write(" by ")
		p.expr(s.By, 0)
	}
	p.write(" ")
	p.braces(s.Body, s.End, oneLine)
}

// oneLine reports whether a statement from pos to end stays on its line: its
// blocks hold one plain statement each, and it is on one line in the source.
func (p *printer) oneLine(pos, end Pos, blocks ...[]Stmt) bool {
	if !p.source || !pos.IsValid() || pos.Line != end.Line {
		return false
	}
	for _, b := range blocks {
		if len(b) > 1 {
			return false
		}
		if len(b) == 1 && !isPlain(b[0]) {
			return false
		}
	}
	return true
}

func isPlain(s Stmt) bool {
	switch s.(type) {
	case *If, *For:
		return false
	}
	return true
}

func (p *printer) braces(ss []Stmt, end Pos, oneLine bool) {
	if oneLine && len(ss) == 1 {
		p.write("{ ")
		p.stmt(ss[0])
		p.write(" }")
		return
	}
	p.block(ss, end)
}

// block prints statements in braces; end is where the closing one stands.
func (p *printer) block(ss []Stmt, end Pos) {
	if len(ss) == 0 && (len(p.comments) == 0 || !before(p.comments[0].Pos, end)) {
		p.write("{}")
		p.see(end)
		return
	}
	p.open()
	p.stmts(ss)
	p.close(end)
}
