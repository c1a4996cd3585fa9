package jinja

import "slices"

// tuple parses an expression, or several with commas between.
func (p *parser) tuple(conditional bool) expr {
	parse := p.or
	if conditional {
		parse = p.expression
	}
	first := parse()
	if !p.is(",") {
		return first
	}
	list := listExpr{items: []expr{first}, kind: isTuple}
	for p.accept(",") {
		if t := p.peek(); t.kind == tokenBlockEnd || t.kind == tokenOutputEnd || p.is(")") || p.is("if") {
			break
		}
		list.items = append(list.items, parse())
	}
	return list
}

// expression parses an expression of any kind.
func (p *parser) expression() expr {
	p.enter()
	defer p.leave()
	x := p.or()
	for p.accept("if") {
		c := condExpr{then: x, test: p.or()}
		if p.accept("else") {
			c.orElse = p.expression()
		}
		x = c
	}
	return x
}

func (p *parser) or() expr {
	x := p.and()
	for p.accept("or") {
		x = binaryExpr{"or", x, p.and()}
	}
	return x
}

func (p *parser) and() expr {
	x := p.not()
	for p.accept("and") {
		x = binaryExpr{"and", x, p.not()}
	}
	return x
}

func (p *parser) not() expr {
	if !p.accept("not") {
		return p.comparison()
	}
	p.enter()
	defer p.leave()
	return unaryExpr{"not", p.not()}
}

func (p *parser) comparison() expr {
	c := compareExpr{first: p.sum()}
	for {
		op := p.peek().text
		switch {
		case p.is("not") && p.tokens[p.at+1].text == "in":
			p.at++
			op = "not in"
		case p.is("in"):
		case p.peek().kind == tokenOperator && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, op):
		case len(c.ops) == 0:
			return c.first
		default:
			return c
		}
		p.at++
		c.ops = append(c.ops, op)
		c.rest = append(c.rest, p.sum())
	}
}

func (p *parser) sum() expr {
	x := p.concat()
	for p.is("+") || p.is("-") {
		op := p.next().text
		x = binaryExpr{op, x, p.concat()}
	}
	return x
}

func (p *parser) concat() expr {
	x := p.product()
	if !p.is("~") {
		return x
	}
	c := concatExpr{[]expr{x}}
	for p.accept("~") {
		c.parts = append(c.parts, p.product())
	}
	return c
}

func (p *parser) product() expr {
	x := p.power()
	for p.is("*") || p.is("/") || p.is("//") || p.is("%") {
		op := p.next().text
		x = binaryExpr{op, x, p.power()}
	}
	return x
}

func (p *parser) power() expr {
	x := p.unary(true)
	for p.accept("**") {
		x = binaryExpr{"**", x, p.unary(true)}
	}
	return x
}

// unary parses a sign or a simple expression, with what follows it. A sign applies before filters do.
func (p *parser) unary(filters bool) expr {
	p.enter()
	defer p.leave()
	var x expr
	if p.is("-") || p.is("+") {
		op := p.next().text
		x = unaryExpr{op, p.unary(false)}
	} else {
		x = p.primary()
	}
	x = p.postfix(x)
	if filters {
		x = p.filters(x)
	}
	return x
}

func (p *parser) primary() expr {
	t := p.next()
	switch {
	case t.kind == tokenName:
		switch t.text {
		case "true", "True":
			return literal{true}
		case "false", "False":
			return literal{false}
		case "none", "None":
			return literal{nil}
		}
		return nameExpr{t.text}
	case t.kind == tokenLiteral:
		if text, ok := t.value.(string); ok {
			return literal{p.strings(text)}
		}
		return literal{t.value}
	case t.kind == tokenOperator && t.text == "(":
		if p.accept(")") {
			return listExpr{kind: isTuple}
		}
		x := p.tuple(true)
		p.expect(")")
		return x
	case t.kind == tokenOperator && t.text == "[":
		return p.list()
	case t.kind == tokenOperator && t.text == "{":
		return p.dict()
	}
	fail(t.line, "unexpected %s; want an expression", describe(t))
	return nil
}

// strings joins a string literal with those right after it.
func (p *parser) strings(text string) string {
	for {
		more, ok := p.peek().value.(string)
		if !ok {
			return text
		}
		p.at++
		text += more
	}
}

func (p *parser) list() expr {
	list := listExpr{}
	for !p.accept("]") {
		if len(list.items) > 0 {
			p.expect(",")
			if p.accept("]") {
				break
			}
		}
		list.items = append(list.items, p.expression())
	}
	return list
}

func (p *parser) dict() expr {
	d := dictExpr{}
	for !p.accept("}") {
		if len(d.keys) > 0 {
			p.expect(",")
			if p.accept("}") {
				break
			}
		}
		d.keys = append(d.keys, p.expression())
		p.expect(":")
		d.values = append(d.values, p.expression())
	}
	return d
}

func (p *parser) postfix(x expr) expr {
	for {
		switch {
		case p.accept("."):
			t := p.next()
			if i, ok := t.value.(int64); ok {
				x = indexExpr{x, literal{i}}
			} else if t.kind == tokenName {
				x = attrExpr{x, t.text}
			} else {
				fail(t.line, "unexpected %s after a dot", describe(t))
			}
		case p.accept("["):
			x = p.subscript(x)
		case p.is("("):
			x = p.call(x)
		default:
			return x
		}
	}
}

// subscript parses an index or a slice, up to its closing bracket.
func (p *parser) subscript(x expr) expr {
	s := sliceExpr{x: x}
	if !p.is(":") {
		s.start = p.tuple(true)
	}
	if p.accept("]") {
		return indexExpr{x, s.start}
	}
	p.expect(":")
	if !p.is(":") && !p.is("]") {
		s.stop = p.expression()
	}
	if p.accept(":") && !p.is("]") {
		s.step = p.expression()
	}
	p.expect("]")
	return s
}

// call parses arguments.
func (p *parser) call(x expr) *callExpr {
	c := &callExpr{line: p.peek().line, x: x}
	p.expect("(")
	for n := 0; !p.accept(")"); n++ {
		if n > 0 {
			p.expect(",")
			if p.accept(")") {
				break
			}
		}
		switch {
		case p.accept("**"):
			c.named = append(c.named, namedExpr{"", p.expression()})
		case p.peek().kind == tokenName && p.tokens[p.at+1].kind == tokenOperator && p.tokens[p.at+1].text == "=":
			name := p.name()
			p.expect("=")
			c.named = append(c.named, namedExpr{name, p.expression()})
		case len(c.named) > 0:
			p.fail("an argument without a name follows one with a name")
		default:
			c.pos = append(c.pos, p.expression())
		}
	}
	return c
}

// filters parses the filters, tests and calls that follow an expression.
func (p *parser) filters(x expr) expr {
	for {
		switch {
		case p.accept("|"):
			x = p.filter(x)
		case p.accept("is"):
			x = p.test(x)
		case p.is("("):
			x = p.call(x)
		default:
			return x
		}
	}
}

func (p *parser) filter(x expr) *filterExpr {
	f := &filterExpr{name: p.name(), x: x, call: &callExpr{}}
	if _, ok := filters[f.name]; !ok {
		p.fail("no filter named %q", f.name)
	}
	if p.is("(") {
		f.call = p.call(nil)
	}
	return f
}

// test parses a test, whose one argument may stand without brackets.
func (p *parser) test(x expr) expr {
	t := testExpr{not: p.accept("not"), name: p.name(), x: x, call: &callExpr{}}
	if _, ok := tests[t.name]; !ok {
		p.fail("no test named %q", t.name)
	}
	next := p.peek()
	switch {
	case p.is("("):
		t.call = p.call(nil)
	case next.kind == tokenLiteral, p.is("["), p.is("{"),
		next.kind == tokenName && !slices.Contains([]string{"else", "or", "and", "if", "in", "not", "is", "recursive"}, next.text):
		t.call = &callExpr{pos: []expr{p.postfix(p.primary())}}
	}
	return t
}
