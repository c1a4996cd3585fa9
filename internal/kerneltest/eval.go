package kerneltest

import (
	"fmt"

	"github.com/wgslgen/wgslgen/ir"
)

// eval computes a size or a grid from a kernel's parameters. Truth values are
// 0 and 1.
func eval(e ir.Expr, params map[string]uint32) uint64 {
	switch e := e.(type) {
	case *ir.Lit:
		return uint64(e.Value.Int)
	case *ir.Name:
		if n, ok := params[e.Name]; ok {
			return uint64(n)
		}
	case *ir.Binary:
		return operate(e.Op, eval(e.X, params), eval(e.Y, params))
	case *ir.Call:
		args := make([]uint64, len(e.Args))
		for i, a := range e.Args {
			args[i] = eval(a, params)
		}
		switch e.Func {
		case "ceildiv":
			return (args[0] + args[1] - 1) / args[1]
		case "min":
			return min(args[0], args[1])
		case "max":
			return max(args[0], args[1])
		case "select":
			if args[0] != 0 {
				return args[1]
			}
			return args[2]
		}
	}
	panic(fmt.Sprintf("kerneltest: no value for size %s", ir.FormatExpr(e)))
}

func operate(op string, x, y uint64) uint64 {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		return x / y
	case "%":
		return x % y
	case "==":
		return truth(x == y)
	case "!=":
		return truth(x != y)
	case "<":
		return truth(x < y)
	case "<=":
		return truth(x <= y)
	case ">":
		return truth(x > y)
	case ">=":
		return truth(x >= y)
	case "&&":
		return x & y
	case "||":
		return x | y
	}
	panic("kerneltest: a size has the operator " + op)
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
