package jinja

import (
	"slices"
	"strings"
)

// parser parses statements.
type parser struct {
	tokens []token
	at     int
	depth  int
	loops  int // that surround the statement
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

func (p *parser) fail(format string, args ...any) { fail(p.peek().line, format, args...) }

// enter counts what is nested, so that no template exhausts the stack.
func (p *parser) enter() {
	if p.depth++; p.depth > maxNesting {
		p.fail("nested more than %d deep", maxNesting)
	}
}

func (p *parser) leave() { p.depth-- }

// is reports whether the next token is a name or operator of that text.
func (p *parser) is(text string) bool {
	t := p.peek()
	return (t.kind == tokenName || t.kind == tokenOperator) && t.text == text
}

func (p *parser) accept(text string) bool {
	if !p.is(text) {
		return false
	}
	p.at++
	return true
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.fail("unexpected %s; want %q", describe(p.peek()), text)
	}
}

func (p *parser) name() string {
	t := p.next()
	if t.kind != tokenName {
		fail(t.line, "unexpected %s; want a name", describe(t))
	}
	return t.text
}

func (p *parser) end(kind tokenKind) {
	if t := p.next(); t.kind != kind {
		fail(t.line, "unexpected %s; want the end of the tag", describe(t))
	}
}

func describe(t token) string {
	switch t.kind {
	case tokenEnd:
		return "end of the template"
	case tokenOutputEnd, tokenBlockEnd:
		return "end of the tag"
	case tokenText:
		return "text"
	}
	return `"` + t.text + `"`
}

// body parses statements up to a block of one of the names, or else the end of the template. That block's name is read.
func (p *parser) body(ends ...string) (nodes []node, end string) {
	p.enter()
	defer p.leave()
	first := p.peek().line
	for {
		t := p.next()
		switch t.kind {
		case tokenText:
			nodes = append(nodes, textNode{t.text})
		case tokenOutput:
			nodes = append(nodes, outputNode{t.line, p.tuple(true)})
			p.end(tokenOutputEnd)
		case tokenBlock:
			name := p.name()
			if slices.Contains(ends, name) {
				return nodes, name
			}
			nodes = append(nodes, p.statement(name, t.line)...)
		default:
			if len(ends) > 0 {
				fail(first, "what begins here lacks its %s", strings.Join(ends, " or "))
			}
			return nodes, ""
		}
	}
}

// block parses the rest of a tag, and statements up to the tag that ends them.
func (p *parser) block(end string) []node {
	p.end(tokenBlockEnd)
	body, _ := p.body(end)
	p.end(tokenBlockEnd)
	return body
}

func (p *parser) statement(name string, line int) []node {
	one := func(n node) []node { return []node{n} }
	switch name {
	case "if":
		return one(p.ifStatement(line))
	case "for":
		return one(p.forStatement(line))
	case "set":
		return one(p.setStatement(line))
	case "macro":
		return one(p.macroStatement(line))
	case "call":
		return one(p.callStatement(line))
	case "filter":
		filters := p.filterChain()
		return one(filterNode{line, filters, p.block("endfilter")})
	case "with":
		return one(p.withStatement(line))
	case "generation":
		// This marks what the model says, for training.
		return p.block("endgeneration")
	case "break", "continue":
		if p.loops == 0 {
			fail(line, "%s stands outside of a loop", name)
		}
		p.end(tokenBlockEnd)
		return one(jumpNode{map[string]signal{"break": breaks, "continue": continues}[name]})
	}
	fail(line, "unknown tag %q", name)
	return nil
}

func (p *parser) ifStatement(line int) node {
	n := ifNode{line: line, test: p.tuple(false)}
	p.end(tokenBlockEnd)
	var end string
	n.then, end = p.body("elif", "else", "endif")
	switch end {
	case "elif":
		p.enter()
		defer p.leave()
		n.orElse = []node{p.ifStatement(p.peek().line)}
		return n
	case "else":
		p.end(tokenBlockEnd)
		n.orElse, _ = p.body("endif")
	}
	p.end(tokenBlockEnd)
	return n
}

func (p *parser) forStatement(line int) node {
	n := forNode{line: line, target: p.target()}
	p.expect("in")
	n.items = p.tuple(false)
	if p.accept("if") {
		n.test = p.expression()
	}
	n.recursive = p.accept("recursive")
	p.end(tokenBlockEnd)
	p.loops++
	var end string
	n.body, end = p.body("else", "endfor")
	p.loops--
	if end == "else" {
		p.end(tokenBlockEnd)
		n.orElse, _ = p.body("endfor")
	}
	p.end(tokenBlockEnd)
	return n
}

// target parses one or more names, with commas between.
func (p *parser) target() target {
	var list tupleTarget
	for {
		if p.accept("(") {
			p.enter()
			list = append(list, p.target())
			p.leave()
			p.expect(")")
		} else {
			list = append(list, nameExpr{p.name()})
		}
		if !p.accept(",") {
			break
		}
		if p.is("in") || p.is("=") || p.is(")") {
			return list
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

func (p *parser) setStatement(line int) node {
	var to target
	if p.tokens[min(p.at+1, len(p.tokens)-1)].text == "." {
		name := p.name()
		p.expect(".")
		to = fieldTarget{name, p.name()}
	} else {
		to = p.target()
	}
	if p.accept("=") {
		n := setNode{line, to, p.tuple(true)}
		p.end(tokenBlockEnd)
		return n
	}
	n := setBlockNode{line: line, target: to}
	if p.accept("|") {
		n.filters = p.filterChain()
	}
	n.body = p.block("endset")
	return n
}

func (p *parser) withStatement(line int) node {
	n := withNode{line: line}
	for p.peek().kind != tokenBlockEnd {
		if len(n.targets) > 0 {
			p.expect(",")
		}
		n.targets = append(n.targets, nameExpr{p.name()})
		p.expect("=")
		n.values = append(n.values, p.expression())
	}
	n.body = p.block("endwith")
	return n
}

func (p *parser) macroStatement(line int) node {
	m := macro{name: p.name()}
	p.expect("(")
	p.params(&m)
	m.body = p.outsideLoops("endmacro")
	return macroNode{line, m}
}

// params parses parameters up to the closing bracket.
func (p *parser) params(m *macro) {
	for !p.accept(")") {
		if len(m.params) > 0 {
			p.expect(",")
		}
		name := p.name()
		if slices.Contains(m.params, name) {
			p.fail("%s: a second parameter %s", m.name, name)
		}
		m.params = append(m.params, name)
		if p.accept("=") {
			m.defaults = append(m.defaults, p.expression())
		} else if len(m.defaults) > 0 {
			p.fail("%s: parameter %s has no default, but the one before has", m.name, name)
		}
	}
}

// outsideLoops is block for what runs elsewhere: break and continue cannot leave it.
func (p *parser) outsideLoops(end string) []node {
	loops := p.loops
	p.loops = 0
	defer func() { p.loops = loops }()
	return p.block(end)
}

func (p *parser) callStatement(line int) node {
	n := callNode{line: line, caller: macro{name: "caller"}}
	if p.accept("(") {
		p.params(&n.caller)
	}
	call, ok := p.expression().(*callExpr)
	if !ok {
		fail(line, "call needs a call")
	}
	n.call = call
	n.caller.body = p.outsideLoops("endcall")
	return n
}

// filterChain parses filters of what a block holds.
func (p *parser) filterChain() []*filterExpr {
	chain := []*filterExpr{p.filter(nil)}
	for p.accept("|") {
		chain = append(chain, p.filter(nil))
	}
	return chain
}
