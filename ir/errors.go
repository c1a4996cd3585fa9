package ir

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is a user's mistake at a place in a source file.
type Error struct {
	Pos Pos
	Msg string
}

func (e *Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// Errorf makes an Error.
func Errorf(pos Pos, format string, args ...any) *Error {
	return &Error{pos, fmt.Sprintf(format, args...)}
}

// Errors collects mistakes, so that one run reports them all.
type Errors []*Error

// maxErrors is how many mistakes a report shows.
const maxErrors = 10

// Addf adds a mistake.
func (es *Errors) Addf(pos Pos, format string, args ...any) {
	*es = append(*es, Errorf(pos, format, args...))
}

// Err returns the errors sorted by position without repetitions, or nil if
// there are none.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	return es.sorted()
}

func (es Errors) sorted() Errors {
	out := slices.Clone(es)
	slices.SortStableFunc(out, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col), cmp.Compare(a.Msg, b.Msg))
	})
	return slices.CompactFunc(out, func(a, b *Error) bool { return *a == *b })
}

func (es Errors) Error() string {
	var b strings.Builder
	for i, e := range es {
		if i == maxErrors {
			fmt.Fprintf(&b, "\nand %d more", len(es)-maxErrors)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

// Render returns the errors with the source line and a caret under each;
// source returns the text of a file.
func (es Errors) Render(source func(file string) string) string {
	var b strings.Builder
	for i, e := range es.sorted() {
		if i == maxErrors {
			fmt.Fprintf(&b, "and %d more\n", len(es)-maxErrors)
			break
		}
		fmt.Fprintf(&b, "%v\n", e)
		lines := strings.Split(source(e.Pos.File), "\n")
		if e.Pos.Line < 1 || e.Pos.Line > len(lines) {
			continue
		}
		line := strings.TrimRight(lines[e.Pos.Line-1], "\r")
		fmt.Fprintf(&b, "    %s\n    %s^\n", line, caretIndent(line, e.Pos.Col))
	}
	return b.String()
}

// caretIndent is white space as wide as the line before column col (which
// counts bytes): tabs stay tabs so that the caret lines up.
func caretIndent(line string, col int) string {
	prefix := line[:min(max(col-1, 0), len(line))]
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, prefix)
}
