package ir

import (
	"strings"
	"unicode/utf8"
)

// commentKind is the kind of a line that is nothing but a comment.
const commentKind = "//"

// line is a line of source before its columns are aligned.
type line struct {
	indent  int
	gap     bool   // a blank line before it
	kind    string // lines of one kind align their cells; empty for statements
	cells   []string
	comment string
}

func (l *line) isComment() bool { return l.kind == commentKind }

func (l *line) width() int { return utf8.RuneCountInString(l.cells[0]) }

// layout aligns the columns of lines and joins them.
func layout(lines []line) string {
	for i := 0; i < len(lines); {
		n := run(lines[i:])
		align(lines[i : i+n])
		i += n
	}
	for i := 0; i < len(lines); {
		n := commentRun(lines[i:])
		alignComments(lines[i : i+n])
		i += n
	}
	var b strings.Builder
	for _, l := range lines {
		if l.gap {
			b.WriteByte('\n')
		}
		text := strings.Repeat("  ", l.indent) + l.cells[0] + l.comment
		b.WriteString(strings.TrimRight(text, " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// alike reports whether lines align their cells with each other.
func alike(a, b *line) bool { return a.kind == b.kind && len(a.cells) == len(b.cells) }

// run returns how many of the first lines align their cells: those like the
// first one with no blank line between. Comments don't interrupt it.
func run(lines []line) int {
	n := 1
	for i := 1; i < len(lines) && !lines[i].gap; i++ {
		if alike(&lines[i], &lines[0]) {
			n = i + 1
		} else if !lines[i].isComment() {
			break
		}
	}
	return n
}

// align joins the cells of a run's lines into one, each column as wide as its
// widest cell.
func align(lines []line) {
	for len(lines[0].cells) > 1 {
		wide := 0
		var like []*line
		for i := range lines {
			if alike(&lines[i], &lines[0]) {
				like = append(like, &lines[i])
				wide = max(wide, lines[i].width())
			}
		}
		for _, l := range like {
			l.cells[1] = l.cells[0] + strings.Repeat(" ", wide-l.width()+1) + l.cells[1]
			l.cells = l.cells[1:]
		}
	}
}

// commentRun returns how many of the first lines align the comments at their
// ends: a run of clauses, or adjacent statements that all have one.
func commentRun(lines []line) int {
	if lines[0].kind != "" {
		return run(lines)
	}
	n := 1
	for n < len(lines) && !lines[n].gap && lines[n].kind == "" && lines[n].indent == lines[0].indent &&
		lines[n].comment != "" && lines[n-1].comment != "" {
		n++
	}
	return n
}

func alignComments(lines []line) {
	wide := 0
	for _, l := range lines {
		if l.comment != "" {
			wide = max(wide, l.width())
		}
	}
	for i := range lines {
		if l := &lines[i]; l.comment != "" {
			l.comment = strings.Repeat(" ", wide-l.width()+1) + l.comment
		}
	}
}
