package pass

import (
	"math"

	"github.com/wgslgen/wgslgen/ir"
)

// fold evaluates a node whose parts are folded already, where it is constant,
// and drops what has no effect (x + 0, x * 1). Integers and truth values only:
// float arithmetic is left to the device, whose rounding is the one that counts.
func fold(e ir.Expr) ir.Expr {
	switch e := e.(type) {
	case *ir.Unary:
		return foldUnary(e)
	case *ir.Binary:
		return foldBinary(e)
	case *ir.Call:
		return foldCall(e)
	}
	return e
}

// constant returns the value of a literal of the kind wanted.
func constant(e ir.Expr, kind ir.ValueKind) (ir.Value, bool) {
	if l, ok := e.(*ir.Lit); ok && l.Value.Kind == kind {
		return l.Value, true
	}
	return ir.Value{}, false
}

// constantInt returns the value of an integer literal.
func constantInt(e ir.Expr) (int64, bool) {
	v, ok := constant(e, ir.IntKind)
	return v.Int, ok
}

// isInt reports whether e is the integer literal n.
func isInt(e ir.Expr, n int64) bool {
	v, ok := constantInt(e)
	return ok && v == n
}

func foldUnary(e *ir.Unary) ir.Expr {
	l, ok := e.X.(*ir.Lit)
	if !ok {
		return e
	}
	switch {
	case e.Op == "!" && l.Value.Kind == ir.BoolKind:
		return ir.NewBool(e.Pos, !l.Value.Bool())
	case e.Op == "-" && l.Value.Kind == ir.IntKind:
		return literal(e, -l.Value.Int)
	case e.Op == "-" && l.Value.Kind == ir.FloatKind:
		return ir.WithType(ir.NewFloat(e.Pos, -l.Value.Float), e.Type())
	}
	return e
}

func foldBinary(e *ir.Binary) ir.Expr {
	if r := foldLogic(e); r != nil {
		return r
	}
	x, xok := e.X.(*ir.Lit)
	y, yok := e.Y.(*ir.Lit)
	if xok && yok {
		if x.Value.Kind == ir.IntKind && y.Value.Kind == ir.IntKind {
			return foldInts(e, x.Value.Int, y.Value.Int)
		}
		if x.Value.Kind == y.Value.Kind && (e.Op == "==" || e.Op == "!=") {
			return ir.NewBool(e.Pos, (x.Value == y.Value) == (e.Op == "=="))
		}
		return e
	}
	return foldIdentity(e)
}

// foldLogic evaluates && || => as soon as one side decides.
func foldLogic(e *ir.Binary) ir.Expr {
	x, xok := constant(e.X, ir.BoolKind)
	y, yok := constant(e.Y, ir.BoolKind)
	switch e.Op {
	case "&&":
		switch {
		case xok && x.Bool():
			return e.Y
		case yok && y.Bool():
			return e.X
		case xok || yok:
			return ir.NewBool(e.Pos, false)
		}
	case "||":
		switch {
		case xok && !x.Bool():
			return e.Y
		case yok && !y.Bool():
			return e.X
		case xok || yok:
			return ir.NewBool(e.Pos, true)
		}
	case "=>":
		switch {
		case xok && x.Bool():
			return e.Y
		case xok || yok && y.Bool():
			return ir.NewBool(e.Pos, true)
		case yok:
			return fold(ir.NewUnary(e.Pos, "!", e.X))
		}
	}
	return nil
}

func foldInts(e *ir.Binary, x, y int64) ir.Expr {
	switch e.Op {
	case "+":
		return literal(e, x+y)
	case "-":
		return literal(e, x-y)
	case "*":
		return literal(e, x*y)
	case "/", "%":
		if y == 0 || x < 0 || y < 0 {
			return e // left for Check and the interpreter to report
		}
		if e.Op == "/" {
			return literal(e, x/y)
		}
		return literal(e, x%y)
	case "|":
		return literal(e, x|y)
	case "&":
		return literal(e, x&y)
	case "^":
		return literal(e, x^y)
	case "<<", ">>":
		if y < 0 || y > 31 || x < 0 {
			return e
		}
		if e.Op == "<<" {
			return literal(e, x<<y)
		}
		return literal(e, x>>y)
	case "==":
		return ir.NewBool(e.Pos, x == y)
	case "!=":
		return ir.NewBool(e.Pos, x != y)
	case "<":
		return ir.NewBool(e.Pos, x < y)
	case "<=":
		return ir.NewBool(e.Pos, x <= y)
	case ">":
		return ir.NewBool(e.Pos, x > y)
	case ">=":
		return ir.NewBool(e.Pos, x >= y)
	}
	return e
}

// literal makes an integer literal of e's type, which wraps as that type does.
func literal(e ir.Expr, n int64) ir.Expr {
	switch e.Type() {
	case ir.U32Type:
		n = int64(uint32(n))
	case ir.I32Type:
		n = int64(int32(n))
	}
	return ir.WithType(ir.NewInt(e.ExprPos(), n), e.Type())
}

// foldIdentity drops neutral operands, and gathers constants: (x + 1) + 2
// becomes x + 3. What would change a float (x * 0, x % 1) needs the type.
func foldIdentity(e *ir.Binary) ir.Expr {
	integer := e.X.Type().Scalar.IsInteger() && e.Y.Type().Scalar.IsInteger()
	switch e.Op {
	case "+":
		if isInt(e.X, 0) {
			return e.Y
		}
		if isInt(e.Y, 0) {
			return e.X
		}
		if x, ok := e.X.(*ir.Binary); ok && integer && x.Op == "+" {
			if a, ok := constantInt(x.Y); ok {
				if b, ok := constantInt(e.Y); ok && a >= 0 && b >= 0 {
					return ir.WithType(ir.NewBinary(e.Pos, "+", x.X, literal(e.Y, a+b)), e.Type())
				}
			}
		}
	case "-", "|", "^", "<<", ">>":
		if isInt(e.Y, 0) {
			return e.X
		}
	case "*":
		if isInt(e.X, 1) {
			return e.Y
		}
		if isInt(e.Y, 1) {
			return e.X
		}
		if integer && (isInt(e.X, 0) || isInt(e.Y, 0)) {
			return literal(e, 0)
		}
	case "/":
		if isInt(e.Y, 1) {
			return e.X
		}
	case "%":
		if integer && isInt(e.Y, 1) {
			return literal(e, 0)
		}
	}
	return e
}

// divideLinear simplifies (x·k + c) / m and (x·k + c) % m where one of k and m
// divides the other, or returns nil. Indices don't wrap around; unsigned sums
// that do would not obey it.
func divideLinear(e *ir.Binary, linear ir.Expr, m int64) ir.Expr {
	x, k, c := linearForm(linear)
	if x == nil || !linear.Type().Scalar.IsInteger() || linear.Type().Scalar == ir.I32 {
		return nil
	}
	num := func(n int64) ir.Expr { return ir.WithType(ir.NewInt(e.Pos, n), ir.U32Type) }
	bin := func(op string, a, b ir.Expr) ir.Expr {
		return fold(ir.WithType(ir.NewBinary(e.Pos, op, a, b), ir.U32Type))
	}
	switch {
	case k%m == 0 && e.Op == "/":
		return bin("+", bin("*", ir.CloneExpr(x), num(k/m)), num(c/m))
	case k%m == 0:
		return num(c % m)
	case m%k == 0 && c < k && e.Op == "/":
		return bin("/", ir.CloneExpr(x), num(m/k))
	case m%k == 0 && c < k:
		return bin("+", bin("*", bin("%", ir.CloneExpr(x), num(m/k)), num(k)), num(c))
	}
	return nil
}

// linearForm reads e as x·k + c with constants k > 1 and c >= 0; x is nil where
// e has another form.
func linearForm(e ir.Expr) (x ir.Expr, k, c int64) {
	if b, ok := e.(*ir.Binary); ok && b.Op == "+" {
		if n, ok := constantInt(b.Y); ok && n >= 0 {
			e, c = b.X, n
		}
	}
	b, ok := e.(*ir.Binary)
	if !ok || b.Op != "*" {
		return nil, 0, 0
	}
	if n, ok := constantInt(b.Y); ok && n > 1 {
		return b.X, n, c
	}
	if n, ok := constantInt(b.X); ok && n > 1 {
		return b.Y, n, c
	}
	return nil, 0, 0
}

func foldCall(e *ir.Call) ir.Expr {
	if e.Recv != nil {
		return e
	}
	if e.Func == "select" && len(e.Args) == 3 {
		if c, ok := constant(e.Args[0], ir.BoolKind); ok {
			if c.Bool() {
				return e.Args[1]
			}
			return e.Args[2]
		}
		return e
	}
	if len(e.Args) != 2 {
		return e
	}
	if e.Func == "ceildiv" && isInt(e.Args[1], 1) {
		return e.Args[0]
	}
	x, xok := constantInt(e.Args[0])
	y, yok := constantInt(e.Args[1])
	if !xok || !yok {
		return e
	}
	switch e.Func {
	case "min":
		return literal(e, min(x, y))
	case "max":
		return literal(e, max(x, y))
	case "ceildiv":
		if x >= 0 && y > 0 && x+y <= math.MaxUint32 { // the device's sum would wrap
			return literal(e, (x+y-1)/y)
		}
	}
	return e
}
