package syntax

import (
	"strconv"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/wgslgen/wgslgen/ir"
)

// converter makes ir nodes of what the grammar matched, and collects the
// mistakes that a grammar can't express.
type converter struct{ errs ir.Errors }

func convertPos(p lexer.Position) ir.Pos {
	return ir.Pos{File: p.Filename, Line: p.Line, Col: p.Column}
}

func at(t token) ir.Pos { return convertPos(t.Pos) }

func (c *converter) decl(d *decl) ir.Decl {
	switch {
	case d.Kernel != nil:
		return c.kernel(d.Kernel)
	case d.Format != nil:
		return c.format(d.Format)
	}
	return c.fn(d.Func)
}

func (c *converter) kernel(k *kernel) *ir.Kernel {
	out := &ir.Kernel{
		Pos:       convertPos(k.Pos),
		Name:      k.Name.Value,
		Doc:       c.str(k.Doc),
		Workgroup: c.expr(k.Workgroup),
		Grid:      c.exprs(k.Grid),
		BodyPos:   at(k.BodyPos),
		Body:      c.block(k.Body),
		BodyEnd:   at(k.Body.End),
		End:       at(k.End),
	}
	for _, p := range k.Params {
		out.Params = append(out.Params, c.params(p)...)
	}
	for _, a := range k.Axes {
		out.Axes = append(out.Axes, c.axis(a))
	}
	for _, l := range k.Lets {
		out.Lets = append(out.Lets, &ir.Let{Pos: at(l.Name), Name: l.Name.Value, X: c.expr(l.X)})
	}
	for _, w := range k.Where {
		out.Where = append(out.Where, c.expr(w.X))
	}
	for _, s := range k.Ships {
		out.Ships = append(out.Ships, c.ship(s))
	}
	for _, b := range k.Bindings {
		out.Bindings = append(out.Bindings, c.binding(b))
	}
	for _, s := range k.Shared {
		out.Shared = append(out.Shared, &ir.Shared{Pos: at(s.Name), Name: s.Name.Value, Type: c.typ(s.Type)})
	}
	if len(out.Grid) > 3 {
		c.errs.Addf(out.Grid[3].ExprPos(), "a grid has at most 3 dimensions")
	}
	return out
}

func (c *converter) params(p *params) []*ir.Param {
	var out []*ir.Param
	for _, w := range p.Shape {
		u32 := &ir.TypeExpr{Pos: at(w.Name), Name: "u32"}
		out = append(out, &ir.Param{Pos: at(w.Name), Name: w.Name.Value, Type: u32, Shape: true})
	}
	for _, w := range p.Param {
		out = append(out, &ir.Param{Pos: at(w.Name), Name: w.Name.Value, Type: c.typ(p.Type)})
	}
	return out
}

func (c *converter) axis(a *axis) *ir.Axis {
	return &ir.Axis{
		Pos:     at(a.Name),
		Name:    a.Name.Value,
		Tune:    a.Kind.Value == "tune",
		Formats: a.Formats,
		Values:  c.values(a.Values),
	}
}

func (c *converter) values(vs []*value) []ir.Value {
	var out []ir.Value
	for _, v := range vs {
		out = append(out, c.value(v))
	}
	return out
}

func (c *converter) value(v *value) ir.Value {
	switch {
	case v.Negative != nil:
		return ir.IntValue(-c.integer(*v.Negative))
	case v.Int != nil:
		return ir.IntValue(c.integer(*v.Int))
	case v.Word.Type == tokKeyword:
		return ir.BoolValue(v.Word.Value == "true")
	}
	return ir.WordValue(v.Word.Value)
}

func (c *converter) ship(s *ship) *ir.Ship {
	out := &ir.Ship{Pos: convertPos(s.Pos), Name: s.Name.Value, End: at(s.End)}
	for _, set := range s.Settings {
		out.Settings = append(out.Settings, &ir.Setting{Pos: at(set.Axis), Axis: set.Axis.Value, Values: c.values(set.Values)})
	}
	return out
}

var accesses = map[string]ir.Access{"in": ir.In, "out": ir.Out, "inout": ir.InOut}

func (c *converter) binding(b *binding) *ir.Binding {
	return &ir.Binding{
		Pos:        at(b.Name),
		Access:     accesses[b.Access.Value],
		Name:       b.Name.Value,
		Type:       c.typ(b.Type),
		Interleave: c.optional(b.Interleave),
		Texels:     c.optional(b.Texels),
		Uniform:    c.optional(b.Uniform),
	}
}

func (c *converter) format(f *format) *ir.Format {
	out := &ir.Format{
		Pos:        convertPos(f.Pos),
		Name:       f.Name.Value,
		Doc:        c.str(f.Doc),
		Block:      int(c.integer(f.Block)),
		Chunk:      int(c.integer(f.Chunk)),
		GGML:       int(c.integer(f.GGML)),
		FileBlock:  int(c.integer(f.FileBlock)),
		BlockBytes: int(c.integer(f.BlockBytes)),
		BlockPos:   at(f.BlockPos),
		ChunkPos:   at(f.ChunkPos),
		GGMLPos:    at(f.GGMLPos),
		End:        at(f.End),
	}
	for _, p := range f.Planes {
		out.Planes = append(out.Planes, &ir.Plane{Pos: at(p.Name), Name: p.Name.Value, Type: c.typ(p.Type), From: int(c.integer(p.From)), To: int(c.integer(p.To))})
	}
	for _, fn := range f.Funcs {
		out.Funcs = append(out.Funcs, c.fn(fn))
	}
	return out
}

func (c *converter) fn(f *fn) *ir.Func {
	out := &ir.Func{Pos: convertPos(f.Pos), Name: f.Name.Value, Body: c.block(f.Body), End: at(f.Body.End)}
	if f.Result != nil {
		out.Result = c.typ(f.Result)
	}
	for _, p := range f.Params {
		param := &ir.FuncParam{Pos: at(p.Name), Name: p.Name.Value}
		if p.Type != nil {
			param.Type = c.typ(p.Type)
		}
		out.Params = append(out.Params, param)
	}
	return out
}

func (c *converter) typ(t *typ) *ir.TypeExpr {
	out := &ir.TypeExpr{Pos: at(t.Name), Name: t.Name.Value, Dims: c.exprs(t.Dims)}
	if t.Elem != nil {
		out.Elem = t.Elem.Value
	}
	return out
}

// str returns the text of a string; the scanner has reported a bad one.
func (c *converter) str(t token) string {
	s, _ := strconv.Unquote(t.Value)
	return s
}
