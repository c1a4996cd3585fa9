// Package wgsl prints a lowered kernel as a WGSL module.
package wgsl

import (
	"fmt"
	"strings"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// Module is WGSL text and where it came from.
type Module struct {
	Text  string
	Entry string   // the entry point's name
	Lines []ir.Pos // of line i+1; the zero Pos where no source line made it
}

// Emit prints the module of a unit that has gone through all passes. The
// header lines become comments at its top. It has no enable directives: which
// of u.Features ask for one differs between WGSL compilers, so that whoever hands
// the module to one adds them.
func Emit(u *pass.Unit, header ...string) Module {
	p := &printer{texels: map[string]ir.Type{}}
	for _, h := range header {
		p.line(ir.Pos{}, "// %s", h)
	}
	k := u.Kernel
	p.paramBlock(k)
	for i, b := range k.Bindings {
		access := "read"
		if b.Access != ir.In {
			access = "read_write"
		}
		t, _ := b.Type.ElemType()
		if b.Plane != nil && b.Plane.Texels {
			p.texels[b.Name] = t
			p.line(b.Pos, "@group(0) @binding(%d) var %s: texture_storage_2d<%s, read>;", i, p.name(b.Name), texelFormats[t.Lanes])
			continue
		}
		if b.Uniform != nil {
			p.line(b.Pos, "@group(0) @binding(%d) var<uniform> %s: array<%s, %s>;", i, p.name(b.Name), TypeName(t), ir.FormatExpr(b.Uniform))
			continue
		}
		p.line(b.Pos, "@group(0) @binding(%d) var<storage, %s> %s: array<%s>;", i, access, p.name(b.Name), TypeName(t))
	}
	if len(k.Params) > 0 {
		p.line(k.Pos, "@group(0) @binding(%d) var<uniform> params: Params;", len(k.Bindings))
	}
	for _, s := range k.Shared {
		t, _ := s.Type.ArrayType()
		p.line(s.Pos, "var<workgroup> %s: %s;", p.name(s.Name), TypeName(t))
	}
	if len(p.texels) > 0 {
		p.line(ir.Pos{}, "")
		p.line(ir.Pos{}, "fn %s(i: u32) -> vec2<u32> { return vec2<u32>(i %% %du, i / %[2]du); }", texelAt, texelRow)
	}
	p.line(ir.Pos{}, "")
	p.line(k.Pos, "@compute @workgroup_size(%s)", ir.FormatExpr(k.Workgroup))
	p.line(k.Pos, "fn %s(%s) {", reservedSafe(k.Name), p.builtins(k))
	p.depth++
	p.block(k.Body)
	p.depth--
	p.line(k.End, "}")
	return Module{p.b.String(), reservedSafe(k.Name), p.lines}
}

type printer struct {
	b      strings.Builder
	lines  []ir.Pos
	depth  int
	params map[string]bool
	texels map[string]ir.Type // elements of the bindings that are textures
	hoists int
	loops  int // around the current statement
}

func (p *printer) line(pos ir.Pos, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text != "" {
		p.b.WriteString(strings.Repeat("  ", p.depth))
	}
	p.b.WriteString(text)
	p.b.WriteByte('\n')
	p.lines = append(p.lines, pos)
}

// paramBlock declares the parameter block: words in the order of declaration.
func (p *printer) paramBlock(k *ir.Kernel) {
	p.params = map[string]bool{}
	for _, q := range k.Params {
		p.params[q.Name] = true
	}
	if len(k.Params) == 0 {
		return
	}
	p.line(k.Pos, "struct Params {")
	for _, q := range k.Params {
		p.line(q.Pos, "  %s: %s,", reservedSafe(q.Name), q.Type.Name)
	}
	p.line(k.Pos, "}")
}

// builtins declares the entry point's inputs that the body uses.
func (p *printer) builtins(k *ir.Kernel) string {
	used := map[string]bool{}
	ir.Inspect(k.Body, nil, func(e ir.Expr) {
		if n, ok := e.(*ir.Name); ok {
			used[n.Name] = true
		}
	})
	var list []string
	for _, in := range []struct{ name, builtin, typ string }{
		{ir.WorkgroupName, "workgroup_id", "vec3<u32>"},
		{ir.WorkgroupsName, "num_workgroups", "vec3<u32>"},
		{ir.LocalName, "local_invocation_index", "u32"},
	} {
		if used[in.name] {
			list = append(list, fmt.Sprintf("@builtin(%s) %s: %s", in.builtin, p.name(in.name), in.typ))
		}
	}
	return strings.Join(list, ", ")
}

// name returns the WGSL name of one of the kernel's.
func (p *printer) name(n string) string {
	if p.params[n] {
		return "params." + reservedSafe(n)
	}
	return reservedSafe(n)
}

// TypeName spells a type.
func TypeName(t ir.Type) string {
	name := t.Scalar.String()
	if t.Lanes > 1 {
		name = fmt.Sprintf("vec%d<%s>", t.Lanes, name)
	}
	if t.IsArray() {
		return fmt.Sprintf("array<%s, %d>", name, t.Len())
	}
	return name
}

func (p *printer) block(list []ir.Stmt) {
	for _, s := range list {
		p.stmt(s)
	}
}

func (p *printer) stmt(s ir.Stmt) {
	switch s := s.(type) {
	case *ir.Let:
		p.line(s.Pos, "let %s = %s;", p.name(s.Name), p.expr(s.X))
	case *ir.Var:
		p.variable(s)
	case *ir.Assign:
		p.line(s.Pos, "%s %s %s;", p.expr(s.LHS), s.Op, p.expr(s.X))
	case *ir.If:
		p.branch("", s)
	case *ir.For:
		p.loop(s)
	case *ir.Barrier:
		p.line(s.Pos, "workgroupBarrier();")
	default:
		panic(fmt.Sprintf("wgsl: %T is not lowered", s))
	}
}

func (p *printer) variable(s *ir.Var) {
	switch {
	case s.Type == nil:
		p.line(s.Pos, "var %s = %s;", p.name(s.Name), p.expr(s.Init))
	case s.Init == nil:
		t, _ := s.Type.ArrayType()
		if p.loops > 0 { // naga up to 0.19 zeroes such a variable once, not in each iteration
			p.line(s.Pos, "var %s = %s();", p.name(s.Name), TypeName(t))
			return
		}
		p.line(s.Pos, "var %s: %s;", p.name(s.Name), TypeName(t))
	default:
		t, _ := s.Type.ArrayType()
		p.line(s.Pos, "var %s: %s = %s;", p.name(s.Name), TypeName(t), p.expr(s.Init))
	}
}

func (p *printer) branch(prefix string, s *ir.If) {
	p.line(s.Pos, "%sif (%s) {", prefix, p.expr(s.Cond))
	p.depth++
	p.block(s.Then)
	p.depth--
	if len(s.Else) == 1 {
		if inner, ok := s.Else[0].(*ir.If); ok {
			p.branch("} else ", inner)
			return
		}
	}
	if len(s.Else) > 0 {
		p.line(s.Pos, "} else {")
		p.depth++
		p.block(s.Else)
		p.depth--
	}
	p.line(s.ThenEnd, "}")
}

// loop evaluates the bound and the step once, as the language means it.
func (p *printer) loop(s *ir.For) {
	to, by := p.once(s, s.To, "end"), "1u"
	if s.By != nil {
		by = p.once(s, s.By, "step")
	}
	i := p.name(s.Name)
	p.line(s.Pos, "for (var %s: u32 = %s; %s < %s; %s += %s) {", i, p.expr(s.From), i, to, i, by)
	p.depth++
	p.loops++
	p.block(s.Body)
	p.loops--
	p.depth--
	p.line(s.End, "}")
}

// once returns an expression for a value that must not be computed again: a
// literal or a parameter as it is, anything else by way of a let.
func (p *printer) once(s *ir.For, e ir.Expr, what string) string {
	switch e := e.(type) {
	case *ir.Lit:
		return p.expr(e)
	case *ir.Name:
		if p.params[e.Name] {
			return p.expr(e)
		}
	}
	p.hoists++
	name := fmt.Sprintf("%s_%s_%d", s.Name, what, p.hoists)
	p.line(s.Pos, "let %s = %s;", name, p.expr(e))
	return name
}
