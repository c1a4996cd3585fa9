package ir

import "fmt"

// expr prints e, in parentheses where its operator binds less tightly than
// min.
func (p *printer) expr(e Expr, min int) {
	if precedence(e) < min {
		p.write("(")
		defer p.write(")")
	}
	if _, ok := e.(*Binary); !ok {
		p.see(start(e))
	}
	switch e := e.(type) {
	case *Lit:
		p.lit(e)
	case *Name:
		p.write(e.Name)
	case *Unary:
		p.write(e.Op)
		p.expr(e.X, unaryPrecedence)
	case *Binary:
		p.binary(e)
	case *Call:
		if e.Recv != nil {
			p.expr(e.Recv, postfixPrecedence)
			p.write(".")
		}
		p.write(e.Func, "(")
		p.exprs(e.Args)
		p.write(")")
	case *Index:
		p.expr(e.X, postfixPrecedence)
		p.write("[")
		p.exprs(e.Indices)
		p.write("]")
	case *Slice:
		p.expr(e.X, postfixPrecedence)
		p.write("[")
		p.exprs(append(e.Indices[:len(e.Indices):len(e.Indices)], e.From))
		p.write(" .. +")
		p.expr(e.N, 0)
		p.write("]")
	case *Member:
		p.expr(e.X, postfixPrecedence)
		p.write(".", e.Name)
	default:
		panic(fmt.Sprintf("ir: no source for %T", e))
	}
}

func (p *printer) lit(e *Lit) {
	if e.Text != "" {
		p.write(e.Text)
		return
	}
	p.write(e.Value.String())
}

// binary prints x op y, and breaks the line behind op where the source breaks
// it on either side.
func (p *printer) binary(e *Binary) {
	left, right := precedence(e), precedence(e)+1
	switch {
	case e.Op == "=>":
		left, right = right, left
	case left == comparisonPrecedence: // (a == b) == c is hard to read without
		left++
	}
	p.expr(e.X, left)
	p.write(" ", e.Op)
	if y := start(e.Y); p.after(y) {
		p.wrap(y)
	} else {
		p.write(" ")
	}
	p.expr(e.Y, right)
}

func (p *printer) exprs(es []Expr) {
	p.commas(len(es), func(i int) Pos { return start(es[i]) }, func(i int) { p.expr(es[i], 0) })
}

// precedence returns how tightly the outermost operator of e binds.
func precedence(e Expr) int {
	switch e := e.(type) {
	case *Binary:
		return Precedence(e.Op)
	case *Unary:
		return unaryPrecedence
	case *Lit:
		if e.Value.Int < 0 || e.Value.Float < 0 {
			return unaryPrecedence
		}
	}
	return postfixPrecedence
}

// start returns where e begins in the source.
func start(e Expr) Pos {
	for {
		switch x := e.(type) {
		case *Binary:
			e = x.X
		case *Index:
			e = x.X
		case *Slice:
			e = x.X
		case *Member:
			e = x.X
		case *Call:
			if x.Recv == nil {
				return x.Pos
			}
			e = x.Recv
		default:
			return e.ExprPos()
		}
	}
}
