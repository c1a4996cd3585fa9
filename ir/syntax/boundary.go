package syntax

import "slices"

// maxNesting bounds brackets within brackets: every stage recurses on them.
const maxNesting = 100

// tooDeep returns the first token that is nested too deep, or -1. An else
// nests what follows it, for else if is an if within an else.
func tooDeep(tokens []token) int {
	depth := 0
	elses := []int{0} // of the chain of ifs in every open brace
	for i, t := range tokens {
		top := &elses[len(elses)-1]
		switch t.Value {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case "{":
			depth++
			elses = append(elses, 0)
		case "}":
			if len(elses) > 1 {
				depth -= 1 + *top
				elses = elses[:len(elses)-1]
			}
		case "else":
			depth++
			*top++
		case "if":
			if i > 0 && tokens[i-1].Value != "else" {
				depth -= *top
				*top = 0
			}
		}
		if depth > maxNesting {
			return i
		}
	}
	return -1
}

// braces is what a pair of braces holds.
type braces int

const (
	inClauses braces = iota
	inStatements
	inSettings
)

// bracesAt tells what the opening brace at token i holds.
func bracesAt(tokens []token, i int) braces {
	switch {
	case i > 0 && tokens[i-1].Type == tokString:
		return inClauses
	case i > 1 && tokens[i-2].Value == "ship":
		return inSettings
	}
	return inStatements
}

// findStarts tells which tokens begin a statement or a clause, as far as that
// can be told without parsing: by keywords, braces and lines.
func findStarts(tokens []token) []bool {
	starts := make([]bool, len(tokens))
	var open []braces
	brackets := 0
	for i, t := range tokens {
		switch t.Value {
		case "{":
			open, brackets = append(open, bracesAt(tokens, i)), 0
			continue
		case "}":
			open, brackets = open[:max(len(open)-1, 0)], 0
			continue
		case "(", "[":
			brackets++
		case ")", "]":
			brackets--
		}
		if len(open) == 0 || i == 0 {
			continue
		}
		prev := tokens[i-1]
		switch open[len(open)-1] {
		case inClauses:
			starts[i] = prev.Value == "{" || newLine(tokens, i) && slices.Contains(clauses[tokens[0].Value], t.Value)
		case inStatements:
			starts[i] = beginsStatement(t, prev) || newLine(tokens, i) && brackets <= 0 && t.Type == tokIdent && endsOperand(prev)
		}
		if starts[i] {
			brackets = 0
		}
	}
	return starts
}

func newLine(tokens []token, i int) bool { return tokens[i-1].Pos.Line < tokens[i].Pos.Line }

func beginsStatement(t, prev token) bool {
	switch {
	case t.Value == "else" || prev.Value == "else":
		return false
	case prev.Value == "{" || prev.Value == "}":
		return true
	}
	return t.Type == tokKeyword && t.Value != "true" && t.Value != "false"
}

func endsOperand(t token) bool {
	return t.Type != tokPunct && t.Type != tokAssign || t.Value == ")" || t.Value == "]"
}
