package wgsl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wgslgen/wgslgen/ir"
)

func (p *printer) expr(e ir.Expr) string {
	switch e := e.(type) {
	case *ir.Lit:
		return literal(e)
	case *ir.Name:
		return p.name(e.Name)
	case *ir.Unary:
		return e.Op + p.operand(e.X, true)
	case *ir.Binary:
		return fmt.Sprintf("%s %s %s", p.operand(e.X, needsParens(e.Op, e.X, true)), e.Op, p.operand(e.Y, needsParens(e.Op, e.Y, false)))
	case *ir.Call:
		return p.call(e)
	case *ir.Index:
		if n, ok := e.X.(*ir.Name); ok {
			if t, ok := p.texels[n.Name]; ok {
				return p.texel(n.Name, t, e.Indices[0])
			}
		}
		return fmt.Sprintf("%s[%s]", p.operand(e.X, true), p.expr(e.Indices[0]))
	case *ir.Member:
		return p.operand(e.X, true) + "." + e.Name
	}
	panic(fmt.Sprintf("wgsl: %T is not lowered", e))
}

// operand prints e, in parentheses where it is compound and they are wanted.
func (p *printer) operand(e ir.Expr, parens bool) string {
	s := p.expr(e)
	switch e.(type) {
	case *ir.Binary, *ir.Unary:
		if parens {
			return "(" + s + ")"
		}
	}
	return s
}

// operator groups, of which WGSL lets some stand inside others without
// parentheses: products in sums, arithmetic in comparisons, comparisons in
// conjunctions. Bitwise operators and shifts mix with nothing.
func group(op string) int {
	switch op {
	case "*", "/", "%":
		return 4
	case "+", "-":
		return 3
	case "==", "!=", "<", "<=", ">", ">=":
		return 2
	case "&&", "||":
		return 1
	}
	return 0
}

func needsParens(parent string, child ir.Expr, left bool) bool {
	switch child := child.(type) {
	case *ir.Unary:
		return !left || group(parent) == 0
	case *ir.Binary:
		g, h := group(parent), group(child.Op)
		if g == 0 || h == 0 {
			return true
		}
		if g == h {
			return !left || g == 2 || parent != child.Op && g == 1
		}
		return h < g
	}
	return false
}

// literal prints a number of its own type; f32 stays free of suffixes, which
// both front ends read as such.
func literal(l *ir.Lit) string {
	v := l.Value
	switch {
	case v.Kind == ir.BoolKind:
		return v.String()
	case l.Type().Scalar == ir.F16 && v.Kind == ir.IntKind:
		return ir.FloatValue(float64(v.Int)).String() + "h"
	case l.Type().Scalar == ir.F16:
		return v.String() + "h"
	case v.Kind == ir.FloatKind:
		return v.String()
	case l.Type().Scalar == ir.F32:
		return ir.FloatValue(float64(v.Int)).String()
	case l.Type().Scalar == ir.I32:
		return strconv.FormatInt(v.Int, 10) + "i"
	case l.Type().Scalar == ir.U32:
		if v.Int > 0xffff {
			return fmt.Sprintf("0x%xu", v.Int)
		}
		return strconv.FormatInt(v.Int, 10) + "u"
	}
	panic("wgsl: literal without a type: " + v.String())
}

func (p *printer) call(e *ir.Call) string {
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = p.expr(a)
	}
	b := ir.Builtins[e.Func]
	switch {
	case e.Func == "ceildiv":
		return fmt.Sprintf("((%s + %s - 1u) / %s)", p.operand(e.Args[0], true), p.operand(e.Args[1], true), p.operand(e.Args[1], true))
	case e.Func == "select":
		return fmt.Sprintf("select(%s, %s, %s)", args[2], args[1], args[0])
	case b.Kind == ir.Bitcast:
		return fmt.Sprintf("bitcast<%s>(%s)", TypeName(e.Type()), args[0])
	case b.Kind == ir.Convert && e.Type().Lanes > 1:
		return fmt.Sprintf("%s(%s)", TypeName(e.Type()), args[0])
	case b.WGSL == "":
		panic("wgsl: " + e.Func + " is not lowered")
	}
	return fmt.Sprintf("%s(%s)", b.WGSL, strings.Join(args, ", "))
}
