package ir

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// FormatFile writes f as source in its canonical layout. Blank lines, line
// breaks within expressions and comments stay where the source has them.
func FormatFile(w io.Writer, f *File) error {
	p := &printer{source: true, comments: f.Comments}
	for _, d := range f.Decls {
		p.decl(d)
	}
	p.flush(Pos{Line: math.MaxInt})
	_, err := io.WriteString(w, layout(p.lines))
	return err
}

// FormatKernel returns k as source. It heeds no positions, so k may come from
// passes.
func FormatKernel(k *Kernel) string {
	p := &printer{}
	p.kernel(k)
	return layout(p.lines)
}

// FormatStmts is like FormatKernel for statements.
func FormatStmts(ss []Stmt) string {
	p := &printer{}
	p.stmts(ss)
	return layout(p.lines)
}

// FormatExpr returns e as source, on one line.
func FormatExpr(e Expr) string {
	p := &printer{}
	p.expr(e, 0)
	return p.text.String()
}

// printer makes lines of source. Only one with source set heeds positions:
// those of a tree from passes lie in several files and out of order.
type printer struct {
	source   bool
	comments []*Comment // not printed yet, in source order
	last     int        // the last line of the source that is printed

	lines     []line
	cells     []string        // of the current line, before text
	text      strings.Builder // the current line, from its last cell on
	kind      string          // of the current line, for alignment
	indent    int
	continued bool // the current line continues a statement
	gap       bool // a blank line before the current one
	opened    bool // the line before opens a block: no blank line after it
	separate  bool // a blank line before the next line, whatever the source has
}

// begin starts the line of something that stands at pos in the source, with
// the comments before it. Where there are no positions, gap says whether a
// blank line goes before it.
func (p *printer) begin(pos Pos, gap bool) {
	p.flush(pos)
	p.space(pos, gap)
	p.see(pos)
}

// space decides on a blank line before the current line.
func (p *printer) space(pos Pos, gap bool) {
	if p.source && pos.IsValid() {
		gap = pos.Line > p.last+1
	}
	p.gap = (gap || p.separate) && !p.opened && len(p.lines) > 0
	p.separate = false
}

// see notes that what stands at pos is printed.
func (p *printer) see(pos Pos) { p.last = max(p.last, pos.Line) }

// after reports whether pos is on a line below all that is printed, so that
// the source breaks a line before it.
func (p *printer) after(pos Pos) bool { return p.source && pos.Line > p.last }

func (p *printer) write(ss ...string) {
	for _, s := range ss {
		p.text.WriteString(s)
	}
}

// cell ends a column: lines of one kind that follow each other align theirs.
func (p *printer) cell() {
	p.cells = append(p.cells, p.text.String())
	p.text.Reset()
}

func (p *printer) end() {
	indent := p.indent
	if p.continued {
		indent += 2
	}
	p.lines = append(p.lines, line{indent: indent, gap: p.gap, kind: p.kind, cells: append(p.cells, p.text.String())})
	p.cells, p.kind, p.gap, p.opened, p.continued = nil, "", false, false, false
	p.text.Reset()
}

// open ends a line with a brace, and close begins one.
func (p *printer) open() {
	p.write("{")
	p.end()
	p.opened = true
	p.indent++
}

func (p *printer) close(pos Pos) {
	p.flush(pos)
	p.see(pos)
	p.opened = false
	p.indent--
	p.write("}")
}

// wrap goes on with the statement on a new line, for what stands at pos.
func (p *printer) wrap(pos Pos) {
	p.end()
	p.indent += 2
	p.flush(pos)
	p.indent -= 2
	p.continued = true
}

// flush prints the comments before pos.
func (p *printer) flush(pos Pos) {
	for len(p.comments) > 0 && before(p.comments[0].Pos, pos) {
		c := p.comments[0]
		p.comments = p.comments[1:]
		text := strings.TrimRight("// "+c.Text, " ")
		if n := len(p.lines); c.Trail && n > 0 && p.lines[n-1].comment == "" && !p.lines[n-1].isComment() {
			p.lines[n-1].comment = text
			p.see(c.Pos)
			continue
		}
		p.space(c.Pos, false)
		p.see(c.Pos)
		p.write(text)
		p.kind = commentKind
		p.end()
	}
}

func before(a, b Pos) bool { return a.Line < b.Line || a.Line == b.Line && a.Col < b.Col }

// commas prints n things with commas between them, and breaks the line where
// the source does; at gives the position of one.
func (p *printer) commas(n int, at func(int) Pos, print func(int)) {
	for i := range n {
		if i > 0 {
			p.write(",")
		}
		if p.after(at(i)) {
			p.wrap(at(i))
		} else if i > 0 {
			p.write(" ")
		}
		print(i)
	}
}

func (p *printer) decl(d Decl) {
	switch d := d.(type) {
	case *Kernel:
		p.kernel(d)
	case *Format:
		p.format(d)
	case *Func:
		p.fn(d)
	default:
		panic(fmt.Sprintf("ir: no source for %T", d))
	}
}

func (p *printer) values(vs []Value, sep string) {
	for i, v := range vs {
		if i > 0 {
			p.write(sep)
		}
		p.write(v.String())
	}
}
