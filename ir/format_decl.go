package ir

import (
	"fmt"
	"strconv"
)

func (p *printer) kernel(k *Kernel) {
	p.declare(k.Pos)
	p.write("kernel ", k.Name, " ", strconv.Quote(k.Doc), " ")
	p.open()
	p.params(k.Params)
	for i, a := range k.Axes {
		p.begin(a.Pos, i == 0)
		p.axis(a)
	}
	for i, l := range k.Lets {
		p.begin(l.Pos, i == 0)
		p.write("let ", l.Name, " = ")
		p.expr(l.X, 0)
		p.end()
	}
	for i, w := range k.Where {
		p.begin(start(w), i == 0)
		p.write("where ")
		p.expr(w, 0)
		p.end()
	}
	for i, s := range k.Ships {
		p.begin(s.Pos, i == 0)
		p.ship(s)
	}
	for i, b := range k.Bindings {
		p.begin(b.Pos, i == 0)
		p.binding(b)
	}
	for i, s := range k.Shared {
		p.begin(s.Pos, i == 0)
		p.column("shared", "shared ", s.Name, ":")
		p.typ(s.Type)
		p.end()
	}
	p.begin(start(k.Workgroup), true)
	p.write("workgroup ")
	p.expr(k.Workgroup, 0)
	p.end()
	p.begin(start(k.Grid[0]), false)
	p.write("grid ")
	p.exprs(k.Grid)
	p.end()
	p.begin(k.BodyPos, true)
	p.write("body ")
	p.block(k.Body, k.BodyEnd)
	p.end()
	p.close(k.End)
	p.end()
}

// declare starts a declaration: a blank line goes before it and its comments.
func (p *printer) declare(pos Pos) {
	p.separate = true
	p.begin(pos, true)
}

// column writes a cell of a line of some kind.
func (p *printer) column(kind string, ss ...string) {
	p.kind = kind
	p.write(ss...)
	p.cell()
}

// params prints the sizes of a source line together, and the parameters of one
// type.
func (p *printer) params(ps []*Param) {
	for i, n := 0, 0; i < len(ps); i += n {
		for n = 1; i+n < len(ps) && p.together(ps[i], ps[i+n]); n++ {
		}
		p.begin(ps[i].Pos, false)
		if ps[i].Shape {
			p.write("shape ")
		} else {
			p.write("param ")
		}
		for j, q := range ps[i : i+n] {
			if j > 0 {
				p.write(", ")
			}
			p.write(q.Name)
		}
		if !ps[i].Shape {
			p.write(": ")
			p.typ(ps[i].Type)
		}
		p.end()
	}
}

func (p *printer) together(a, b *Param) bool {
	if p.source && a.Pos.Line != b.Pos.Line || a.Shape != b.Shape {
		return false
	}
	return a.Shape || typeSource(a.Type) == typeSource(b.Type)
}

func (p *printer) axis(a *Axis) {
	word := "axis "
	if a.Tune {
		word = "tune "
	}
	p.column("axis", word, a.Name)
	p.write("in ")
	if a.Formats {
		p.write("formats")
	}
	p.values(a.Values, ", ")
	p.end()
}

// ship prints one line, or, where the source has several, breaks it where the
// source does.
func (p *printer) ship(s *Ship) {
	p.write("ship ", s.Name, " ")
	if len(s.Settings) == 0 {
		p.write("{}")
		p.end()
		return
	}
	if !p.source || s.Pos.Line == s.End.Line {
		p.write("{ ")
		for i, set := range s.Settings {
			if i > 0 {
				p.write(", ")
			}
			p.setting(set)
		}
		p.write(" }")
		p.end()
		return
	}
	p.open()
	for i, set := range s.Settings {
		switch {
		case i == 0:
			p.begin(set.Pos, false)
		case p.after(set.Pos):
			p.write(",")
			p.end()
			p.begin(set.Pos, false)
		default:
			p.write(", ")
		}
		p.setting(set)
	}
	p.end()
	p.close(s.End)
	p.end()
}

func (p *printer) setting(s *Setting) {
	p.write(s.Axis, " = ")
	p.values(s.Values, " | ")
}

func (p *printer) binding(b *Binding) {
	p.column("binding", b.Access.String())
	p.column("binding", b.Name, ":")
	p.typ(b.Type)
	if b.Interleave != nil {
		p.write(" interleave ")
		p.expr(b.Interleave, 0)
	}
	if b.Texels != nil {
		p.write(" texels ")
		p.expr(b.Texels, 0)
	}
	if b.Uniform != nil {
		p.write(" uniform ")
		p.expr(b.Uniform, 0)
	}
	p.end()
}

func (p *printer) format(f *Format) {
	p.declare(f.Pos)
	p.write("format ", f.Name, " ", strconv.Quote(f.Doc), " ")
	p.open()
	p.begin(f.BlockPos, false)
	p.write(fmt.Sprintf("block %d", f.Block))
	p.end()
	p.begin(f.ChunkPos, false)
	p.write(fmt.Sprintf("chunk %d", f.Chunk))
	p.end()
	p.begin(f.GGMLPos, false)
	p.write(fmt.Sprintf("ggml %d, %d weights in %d bytes", f.GGML, f.FileBlock, f.BlockBytes))
	p.end()
	for i, pl := range f.Planes {
		p.begin(pl.Pos, i == 0)
		p.column("plane", "plane ", pl.Name, ":")
		p.typ(pl.Type)
		p.cell()
		p.write(fmt.Sprintf("from %d .. %d", pl.From, pl.To))
		p.end()
	}
	for _, fn := range f.Funcs {
		p.fn(fn)
	}
	p.close(f.End)
	p.end()
}

func (p *printer) fn(f *Func) {
	p.declare(f.Pos)
	p.write("fn ", f.Name, "(")
	p.commas(len(f.Params), func(i int) Pos { return f.Params[i].Pos }, func(i int) {
		p.see(f.Params[i].Pos)
		p.write(f.Params[i].Name)
		if t := f.Params[i].Type; t != nil {
			p.write(": ")
			p.typ(t)
		}
	})
	p.write(") ")
	if f.Result != nil {
		p.write("-> ")
		p.typ(f.Result)
		p.write(" ")
	}
	p.block(f.Body, f.End)
	p.end()
}

func (p *printer) typ(t *TypeExpr) {
	p.see(t.Pos)
	p.write(t.Name)
	if t.Elem != "" {
		p.write("<", t.Elem, ">")
	}
	if len(t.Dims) > 0 {
		p.write("[")
		p.exprs(t.Dims)
		p.write("]")
	}
}

func typeSource(t *TypeExpr) string {
	p := &printer{}
	p.typ(t)
	return p.text.String()
}
