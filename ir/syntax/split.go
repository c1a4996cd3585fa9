package syntax

import "github.com/alecthomas/participle/v2/lexer"

// split cuts the tokens of a file into those of its declarations; each ends
// with an EOF that stands where the next declaration begins. What stands
// between two declarations belongs to the one before.
func split(tokens []token) [][]token {
	starts := declStarts(tokens)
	end := len(tokens) - 1
	if end > 0 && (len(starts) == 0 || starts[0] > 0) {
		starts = append([]int{0}, starts...)
	}
	var out [][]token
	for i, from := range starts {
		to := end
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		chunk := append([]token(nil), tokens[from:to]...)
		out = append(out, append(chunk, lexer.EOFToken(tokens[to].Pos)))
	}
	return out
}

// declStarts returns where declarations begin outside of braces. Where braces
// don't match, those at the left margin count.
func declStarts(tokens []token) []int {
	var outside, margin []int
	depth, balanced := 0, true
	for i, t := range tokens {
		switch t.Value {
		case "{":
			depth++
		case "}":
			depth--
			balanced = balanced && depth >= 0
		}
		if !beginsDecl(tokens[i:]) {
			continue
		}
		left := t.Pos.Column == 1
		if left {
			margin = append(margin, i)
		}
		if depth == 0 && (left || i == 0 || tokens[i-1].Value == "}") {
			outside = append(outside, i)
		}
	}
	if depth != 0 || !balanced {
		return margin
	}
	return outside
}

// beginsDecl reports whether tokens begin like a declaration; a mere name
// doesn't, for kernel, format and fn are names too.
func beginsDecl(tokens []token) bool {
	if len(tokens) < 3 || tokens[1].Type != tokIdent {
		return false
	}
	switch tokens[0].Value {
	case "kernel", "format":
		return tokens[2].Type == tokString || tokens[2].Value == "{"
	case "fn":
		return tokens[2].Value == "("
	}
	return false
}
