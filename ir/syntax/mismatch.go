package syntax

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2"

	"github.com/wgslgen/wgslgen/ir"
)

// mismatch is where tokens stop being a declaration.
type mismatch struct {
	at     int    // index of the unexpected token
	expect string // the first thing that could have stood there, as the grammar names it; may be empty
}

// newMismatch takes an error of participle apart.
func newMismatch(tokens []token, err participle.Error) *mismatch {
	m := &mismatch{at: len(tokens) - 1, expect: expected(err.Message())}
	// Tokens that repair put in have the position of the one behind them.
	for m.at > 0 && tokens[m.at].Pos != err.Position() {
		m.at--
	}
	if m.swallowed(tokens) {
		m.at--
		m.expect = lacking(tokens, m.at)
	}
	return m
}

// lacking returns what the clause that ends before token i lacks.
func lacking(tokens []token, i int) string {
	if tokens[i-1].Value == ":" {
		return "Typ"
	}
	for i--; i > 0; i-- {
		switch tokens[i].Value {
		case "shape", "param":
			return "<ident>"
		case "axis", "tune":
			return "Value"
		}
		if newLine(tokens, i) {
			break
		}
	}
	return "Expr"
}

// expected returns the first element of the sequence in participle's message
// unexpected token "x" (expected "(" Expr ...).
func expected(message string) string {
	_, rest, _ := strings.Cut(message, "(expected ")
	if literal, err := strconv.QuotedPrefix(rest); err == nil {
		return literal
	}
	word, _, _ := strings.Cut(strings.TrimLeft(rest, "("), " ")
	return strings.TrimRight(word, ")*?")
}

// swallowed reports whether the token before the mismatch is the word of a
// clause, taken for an operand that the clause before it lacks.
func (m *mismatch) swallowed(tokens []token) bool {
	if m.at < 3 || depthAt(tokens, m.at) != 1 {
		return false
	}
	before, word := tokens[m.at-2], tokens[m.at-1]
	return before.Pos.Line < word.Pos.Line && slices.Contains(clauses[tokens[0].Value], word.Value) &&
		(!endsOperand(before) || wantsOperand[before.Value])
}

// wantsOperand are words of clauses with an operand behind them.
var wantsOperand = map[string]bool{"in": true, "where": true, "interleave": true, "texels": true, "uniform": true, "workgroup": true, "grid": true}

// readable names things of the grammar for the user; literals name themselves.
var readable = map[string]string{
	"<ident>": "a name", "<int>": "a whole number", "<string>": "a description in quotes",
	"Expr": "an expression", "Operand": "an expression", "Primary": "an expression",
	"Typ": "a type", "Value": "a value", "Setting": "an axis", "Word": "a name",
	"Block": `"{"`, "Elses": `"{" or "if"`,
}

// clauses of declarations with braces, in their order.
var clauses = map[string][]string{
	"kernel": {"shape", "param", "axis", "tune", "let", "where", "ship", "in", "out", "inout", "shared", "workgroup", "grid", "body"},
	"format": {"block", "chunk", "ggml", "plane", "fn"},
}

// message says what is wrong, and at which token.
func (m *mismatch) message(tokens []token) *ir.Error {
	pos, found, expect := at(tokens[m.at]), m.describe(tokens), m.expect
	if expect == "Value" && tokens[m.at-1].Value == "in" {
		axis := tokens[m.at-2]
		return ir.Errorf(at(axis), "axis %s has no values", axis.Value)
	}
	if m.misplaced(tokens) {
		kind := tokens[0].Value
		return ir.Errorf(pos, "%s stands out of order: the clauses of a %s are %s", found, kind, strings.Join(clauses[kind], ", "))
	}
	switch {
	case m.at == 0 || expect == "":
		expect = "kernel, format or fn"
	case expect == `"}"` && m.inBlock(tokens):
		expect = `a statement or "}"`
	case missing[expect] != "" && m.expect != "<string>" && !newLine(tokens, m.at):
		expect = "the next clause"
	case readable[expect] != "":
		expect = readable[expect]
	}
	return ir.Errorf(pos, "unexpected %s, expected %s", found, expect)
}

func (m *mismatch) describe(tokens []token) string {
	switch t := tokens[m.at]; {
	case t.EOF():
		return "end of " + tokens[0].Value
	case t.Type == tokString:
		return "string " + t.Value
	default:
		return fmt.Sprintf("%q", t.Value)
	}
}

// misplaced reports whether the unexpected token begins a clause that should
// have stood earlier.
func (m *mismatch) misplaced(tokens []token) bool {
	order := clauses[tokens[0].Value]
	got := slices.Index(order, tokens[m.at].Value)
	want := slices.Index(order, strings.Trim(m.expect, `"`))
	if m.expect == `"}"` {
		want = len(order)
	}
	return m.at > 0 && got >= 0 && got <= want && depthAt(tokens, m.at) == 1
}

// inBlock reports whether the braces around the mismatch hold statements.
func (m *mismatch) inBlock(tokens []token) bool {
	depth := 0
	for i := m.at - 1; i >= 0; i-- {
		switch tokens[i].Value {
		case "}":
			depth++
		case "{":
			if depth == 0 {
				return bracesAt(tokens, i) == inStatements
			}
			depth--
		}
	}
	return false
}

// depthAt returns how many braces are open before token i.
func depthAt(tokens []token, i int) int {
	depth := 0
	for _, t := range tokens[:i] {
		switch t.Value {
		case "{":
			depth++
		case "}":
			depth--
		}
	}
	return depth
}
