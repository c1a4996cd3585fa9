package syntax

import (
	"math"
	"strconv"
	"strings"

	"github.com/wgslgen/wgslgen/ir"
)

// maxChain bounds the operators of an expression without parentheses, and the
// suffixes of an operand: the tree is as deep as they are many, and every
// stage recurses on it.
const maxChain = 500

func (c *converter) exprs(es []*expr) []ir.Expr {
	var out []ir.Expr
	for _, e := range es {
		out = append(out, c.expr(e))
	}
	return out
}

// optional is like expr, and nil for nil.
func (c *converter) optional(e *expr) ir.Expr {
	if e == nil {
		return nil
	}
	return c.expr(e)
}

func (c *converter) expr(e *expr) ir.Expr {
	if len(e.Rest) > maxChain {
		c.errs.Addf(at(e.Rest[maxChain].Op), "more than %d operators in a row", maxChain)
		return c.operand(e.X)
	}
	rest := e.Rest
	return c.binary(c.operand(e.X), &rest, 1)
}

// binary climbs precedences: it takes operators that bind at least as tightly
// as min from rest.
func (c *converter) binary(x ir.Expr, rest *[]*infix, min int) ir.Expr {
	for len(*rest) > 0 {
		op := (*rest)[0].Op
		prec := ir.Precedence(op.Value)
		if prec < min {
			return x
		}
		y := c.operand((*rest)[0].X)
		*rest = (*rest)[1:]
		next := prec + 1
		if op.Value == "=>" { // associates to the right
			next = prec
		}
		x = ir.NewBinary(at(op), op.Value, x, c.binary(y, rest, next))
	}
	return x
}

func (c *converter) operand(o *operand) ir.Expr {
	x := c.suffixes(c.primary(o.Primary), o.Suffixes, o.Primary.Name != nil)
	if len(o.Ops) > maxChain {
		c.errs.Addf(at(o.Ops[maxChain].Op), "more than %d operators in a row", maxChain)
		return x
	}
	for i := len(o.Ops) - 1; i >= 0; i-- {
		x = ir.NewUnary(at(o.Ops[i].Op), o.Ops[i].Op.Value, x)
	}
	return x
}

// suffixes applies .name, [index] and (args) to x. Only a name can be called:
// x itself where it is one, or the name after a point.
func (c *converter) suffixes(x ir.Expr, suffixes []*suffix, callable bool) ir.Expr {
	if len(suffixes) > maxChain {
		c.errs.Addf(convertPos(suffixes[maxChain].Pos), "more than %d suffixes in a row", maxChain)
		return x
	}
	for _, s := range suffixes {
		switch {
		case s.Member != nil:
			x = ir.NewMember(at(*s.Member), x, s.Member.Value)
		case s.Index != nil:
			x = c.index(x, s.Index)
		case callable:
			x = call(x, c.exprs(s.Args.Exprs))
		default:
			c.errs.Addf(convertPos(s.Pos), "only a function's name can be called")
		}
		callable = s.Member != nil
	}
	return x
}

// call makes f(args) of a name and recv.f(args) of a member.
func call(x ir.Expr, args []ir.Expr) ir.Expr {
	if m, ok := x.(*ir.Member); ok {
		return ir.NewMethodCall(m.Pos, m.X, m.Name, args...)
	}
	return ir.NewCall(x.ExprPos(), x.(*ir.Name).Name, args...)
}

func (c *converter) index(x ir.Expr, i *index) ir.Expr {
	list := c.exprs(i.Exprs)
	if i.N == nil {
		return ir.NewIndex(x.ExprPos(), x, list...)
	}
	last := len(list) - 1
	return ir.NewSlice(x.ExprPos(), x, append([]ir.Expr(nil), list[:last]...), list[last], c.expr(i.N))
}

func (c *converter) primary(p *primary) ir.Expr {
	switch {
	case p.Int != nil:
		lit := ir.NewInt(at(*p.Int), c.integer(*p.Int))
		lit.Text = p.Int.Value
		return lit
	case p.Float != nil:
		lit := ir.NewFloat(at(*p.Float), c.float(*p.Float))
		lit.Text = p.Float.Value
		return lit
	case p.Bool != nil:
		return ir.NewBool(at(*p.Bool), p.Bool.Value == "true")
	case p.Name != nil:
		return ir.NewName(at(*p.Name), p.Name.Value)
	}
	return c.expr(p.Paren)
}

// float returns the value of a float literal.
func (c *converter) float(t token) float64 {
	x, err := strconv.ParseFloat(t.Value, 64)
	if err != nil || math.Abs(x) > math.MaxFloat32 {
		c.errs.Addf(at(t), "%s is too large for an f32", t.Value)
	}
	return x
}

// integer returns the value of a whole number.
func (c *converter) integer(t token) int64 {
	digits, base := t.Value, 10
	if len(digits) > 2 && strings.ContainsAny(digits[:2], "xX") {
		digits, base = digits[2:], 16
	}
	n, err := strconv.ParseInt(digits, base, 64)
	if err != nil {
		c.errs.Addf(at(t), "%s is too large", t.Value)
	}
	return n
}
