package gotable

import (
	"github.com/dave/jennifer/jen"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// sizes compiles expressions over a kernel's parameters to Go: grids, and the
// sizes of bindings. They are computed in uint64, so that none overflows.
type sizes struct {
	params map[string]int // index of the parameter's word
	types  map[string]string
	errs   ir.Errors
}

func newSizes(k *ir.Kernel) *sizes {
	s := &sizes{params: map[string]int{}, types: map[string]string{}}
	for i, p := range k.Params {
		s.params[p.Name], s.types[p.Name] = i, p.Type.Name
	}
	return s
}

// Check reports the grids and the sizes of bindings that can't be computed
// before the kernel runs, as ir.Errors.
func Check(u *pass.Unit) error {
	s := newSizes(u.Kernel)
	for _, g := range u.Kernel.Grid {
		s.expr(g)
	}
	for _, b := range u.Kernel.Bindings {
		s.expr(b.Type.Dims[0])
	}
	return s.errs.Err()
}

// sizeFuncs are the builtins that a size may use, and what Go calls them.
var sizeFuncs = map[string]*jen.Statement{
	"ceildiv": jen.Qual(kernelPath, "CeilDiv"),
	"select":  jen.Qual(kernelPath, "Select"),
	"min":     jen.Id("min"),
	"max":     jen.Id("max"),
}

// sizeOps are the operators for which Go's own would panic or wrap.
var sizeOps = map[string]*jen.Statement{
	"/": jen.Qual(kernelPath, "Div"),
	"%": jen.Qual(kernelPath, "Mod"),
	"-": jen.Qual(kernelPath, "Sub"),
}

// expr compiles e; where it can't, it reports why.
func (s *sizes) expr(e ir.Expr) *jen.Statement {
	switch e := e.(type) {
	case *ir.Lit:
		if e.Value.Kind == ir.IntKind && e.Value.Int >= 0 {
			return jen.Lit(int(e.Value.Int))
		}
	case *ir.Name:
		return s.param(e)
	case *ir.Call:
		if e.Func == "ceildiv" && isOne(e.Args[1]) {
			return s.expr(e.Args[0])
		}
		if f := sizeFuncs[e.Func]; f != nil && e.Recv == nil {
			return f.Clone().Call(s.list(e.Args)...)
		}
		if e.Func == "u32" && len(e.Args) == 1 {
			return s.expr(e.Args[0])
		}
	case *ir.Binary:
		return s.binary(e)
	case *ir.Unary:
		if e.Op == "!" {
			return jen.Op("!").Parens(s.expr(e.X))
		}
	}
	s.errs.Addf(e.ExprPos(), "a size can't be computed from %s before the kernel runs", ir.FormatExpr(e))
	return jen.Lit(0)
}

func isOne(e ir.Expr) bool {
	l, ok := e.(*ir.Lit)
	return ok && l.Value == ir.IntValue(1)
}

func (s *sizes) list(es []ir.Expr) []jen.Code {
	out := make([]jen.Code, len(es))
	for i, e := range es {
		out[i] = s.expr(e)
	}
	return out
}

func (s *sizes) param(e *ir.Name) *jen.Statement {
	i, ok := s.params[e.Name]
	switch {
	case !ok:
		s.errs.Addf(e.Pos, "a size can't depend on %s: it is no parameter", e.Name)
	case s.types[e.Name] != "u32":
		s.errs.Addf(e.Pos, "a size can't depend on %s: it is %s, not u32", e.Name, s.types[e.Name])
	}
	return jen.Uint64().Call(jen.Id("p").Index(jen.Lit(i)))
}

func (s *sizes) binary(e *ir.Binary) *jen.Statement {
	if lit, ok := e.Y.(*ir.Lit); sizeOps[e.Op] != nil && (e.Op == "-" || !ok || lit.Value.Int == 0) {
		return sizeOps[e.Op].Clone().Call(s.expr(e.X), s.expr(e.Y))
	}
	if e.Op == "=>" {
		return jen.Op("!").Parens(s.expr(e.X)).Op("||").Parens(s.expr(e.Y))
	}
	own := ir.Precedence(e.Op)
	return s.operand(e.X, own).Op(e.Op).Add(s.operand(e.Y, own+1))
}

// operand compiles e, in parentheses where its operator binds less than least.
func (s *sizes) operand(e ir.Expr, least int) *jen.Statement {
	x := s.expr(e)
	if b, ok := e.(*ir.Binary); ok && (ir.Precedence(b.Op) < least || b.Op == "=>") {
		return jen.Parens(x)
	}
	return x
}
