package syntax

import (
	"slices"

	"github.com/wgslgen/wgslgen/ir"
)

// maxRepairs bounds the work on a source that is no kernel at all.
const maxRepairs = 30

// parseDecl parses the tokens of one declaration. After a mistake it repairs
// the tokens and parses again, and so finds the next one. Mistakes on bad
// lines, which have lexical errors, tell nothing new.
func parseDecl(tokens []token, bad map[int]bool) (ir.Decl, ir.Errors) {
	var errs ir.Errors
	if i := tooDeep(tokens); i >= 0 {
		errs.Addf(at(tokens[i]), "nested more than %d deep", maxNesting)
		return nil, errs
	}
	r := repairer{tokens: tokens, suspect: map[int]bool{}}
	for range maxRepairs {
		d, m := match(r.tokens)
		if m == nil {
			c := converter{}
			out := c.decl(d)
			for _, e := range c.errs {
				if !bad[e.Pos.Line] {
					errs = append(errs, e)
				}
			}
			return out, errs
		}
		if t := r.tokens[m.at]; !r.suspect[t.Pos.Offset] && !bad[t.Pos.Line] && !bad[r.tokens[max(m.at-1, 0)].Pos.Line] {
			errs = append(errs, m.message(r.tokens))
		}
		if !r.repair(m) {
			break
		}
	}
	return nil, errs
}

// repairer takes mistakes out of a declaration's tokens.
type repairer struct {
	tokens  []token
	suspect map[int]bool // source offsets of tokens behind a cut: a mistake there may be of the cut's making
}

// missing are clauses to put in where a required one is missing.
var missing = map[string]string{
	`"workgroup"`: "workgroup 0", `"grid"`: "grid 0", `"body"`: "body {}",
	`"block"`: "block 0", `"chunk"`: "chunk 0", `"ggml"`: "ggml 0, 0 weights in 0 bytes",
	"<string>": `""`,
}

// repair cuts the statement or clause of a mistake out, or puts a clause that
// is missing in. It reports whether there was anything to do.
func (r *repairer) repair(m *mismatch) bool {
	if m.at == 0 {
		return false
	}
	starts := findStarts(r.tokens)
	if m.misplaced(r.tokens) {
		return r.cut(m.at, r.endOf(m.at, m.at+1, starts))
	}
	clause := missing[m.expect]
	if t := r.tokens[m.at]; clause != "" && (starts[m.at] || t.Value == "}" || t.Value == "{") {
		r.insert(m.at, clause)
		return true
	}
	from, ok := r.startOf(m.at, starts)
	if !ok {
		return false
	}
	to := m.at + 1
	if from < m.at && starts[m.at] && newLine(r.tokens, m.at) {
		to = m.at // the statement before is at fault, for it isn't complete
	}
	return r.cut(from, r.endOf(from, to, starts))
}

// startOf returns where the statement or clause begins that a mistake at token
// i belongs to: one that begins at i only if nothing incomplete is before it.
func (r *repairer) startOf(i int, starts []bool) (int, bool) {
	if prev := r.tokens[i-1].Value; starts[i] && (prev == "{" || prev == "}") {
		return i, true
	}
	depth := 0
	for i--; i > 0; i-- {
		if starts[i] && depth <= 0 {
			return i, true
		}
		switch r.tokens[i].Value {
		case "}":
			depth++
		case "{":
			depth--
		}
	}
	return 0, false
}

// endOf returns where the statement or clause ends that begins at from: at the
// next one from token to on, or at the end of the block around it.
func (r *repairer) endOf(from, to int, starts []bool) int {
	depth := 0
	for i := from; i < len(r.tokens); i++ {
		if depth == 0 && i >= to && starts[i] {
			return i
		}
		switch r.tokens[i].Value {
		case "{":
			depth++
		case "}":
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return len(r.tokens) - 1
}

func (r *repairer) cut(from, to int) bool {
	if from >= to {
		return false
	}
	r.suspect[r.tokens[to].Pos.Offset] = true
	r.tokens = slices.Concat(r.tokens[:from], r.tokens[to:])
	return true
}

// insert puts the tokens of src in before token i, at its position.
func (r *repairer) insert(i int, src string) {
	in := scan("", src).tokens
	in = in[:len(in)-1]
	for j := range in {
		in[j].Pos = r.tokens[i].Pos
	}
	r.tokens = slices.Concat(r.tokens[:i], in, r.tokens[i:])
}
