package interp

import (
	"math"
	"math/bits"

	"github.com/wgslgen/wgslgen/ir"
)

// unsigned are the operators over u32; signed and booleans override them.
var unsigned = map[string]op2{
	"+": {f: add, dense: denseAdd}, "-": {f: sub, dense: denseSub}, "*": {f: mul, dense: denseMul},
	"/": {f: div, hazard: byZero}, "%": {f: mod, hazard: byZero},
	"&": {f: and, dense: denseAnd}, "|": {f: or, dense: denseOr}, "^": {f: xor},
	"<<": {f: shl, dense: denseShl, hazard: tooWide}, ">>": {f: shr, dense: denseShr, hazard: tooWide},
	"==": {f: eq}, "!=": {f: ne}, "<": {f: lt, dense: denseLt}, "<=": {f: le}, ">": {f: gt}, ">=": {f: ge},
}

// signed are the operators over i32 that are not those over u32.
var signed = map[string]op2{
	"/": {f: divI, hazard: byZero}, "%": {f: modI, hazard: byZero}, ">>": {f: shrI, hazard: tooWide},
	"<": {f: ltI}, "<=": {f: leI}, ">": {f: gtI}, ">=": {f: geI},
}

var floats = map[string]op2{
	"+": {f: addF, dense: denseAddF}, "-": {f: subF, dense: denseSubF}, "*": {f: mulF, dense: denseMulF},
	"/": {f: divF}, "%": {f: modF},
	"==": {f: eqF}, "!=": {f: neF}, "<": {f: ltF}, "<=": {f: leF}, ">": {f: gtF}, ">=": {f: geF},
}

var booleans = map[string]op2{"==": {f: eq}, "!=": {f: ne}}

// binaryOp returns the operator over operands of a scalar type.
func binaryOp(op string, s ir.Scalar) (op2, bool) {
	switch s {
	case ir.F32:
		o, ok := floats[op]
		return o, ok
	case ir.F16:
		o, ok := floats[op]
		if ir.Precedence(op) > ir.Precedence("==") { // what gives no truth value
			o = op2{f: func(x, y uint32) uint32 { return half(floats[op].f(x, y)) }}
		}
		return o, ok
	case ir.Bool:
		o, ok := booleans[op]
		return o, ok
	case ir.I32:
		if o, ok := signed[op]; ok {
			return o, true
		}
	case ir.U32:
	default:
		return op2{}, false
	}
	o, ok := unsigned[op]
	return o, ok
}

func unaryOp(op string, s ir.Scalar) func(uint32) uint32 {
	switch {
	case op == "-" && s.IsFloat():
		return negF
	case op == "-" && s == ir.I32:
		return neg
	case op == "~" && s.IsInteger():
		return not
	case op == "!" && s == ir.Bool:
		return flip
	}
	return nil
}

// conversion returns how a value changes its scalar type; nil keeps the bits.
func conversion(from, to ir.Scalar) func(uint32) uint32 {
	switch {
	case to == ir.F16 && from == ir.F32:
		return half
	case to == ir.F16 && from != ir.F16:
		convert := conversion(from, ir.F32)
		return func(x uint32) uint32 { return half(convert(x)) }
	case to == ir.F32 && from == ir.I32:
		return f32FromI32
	case to == ir.F32 && !from.IsFloat(): // true is 1.0
		return f32FromU32
	case to == ir.U32 && from.IsFloat():
		return u32FromF32
	case to == ir.I32 && from.IsFloat():
		return i32FromF32
	}
	return nil
}

var floatFunctions = map[string]func(float64) float64{
	"floor": math.Floor, "ceil": math.Ceil, "round": math.RoundToEven,
	"sqrt": math.Sqrt, "rsqrt": rsqrt, "exp": math.Exp, "log": math.Log,
	"sin": math.Sin, "cos": math.Cos, "tanh": math.Tanh,
}

// function1 returns a builtin of one argument, or nil.
func function1(name string, s ir.Scalar) func(uint32) uint32 {
	switch name {
	case "abs":
		return map[ir.Scalar]func(uint32) uint32{ir.F32: absF, ir.F16: absF, ir.I32: absI, ir.U32: same}[s]
	case "count_ones":
		return func(x uint32) uint32 { return uint32(bits.OnesCount32(x)) }
	}
	f, ok := floatFunctions[name]
	switch {
	case ok && s == ir.F16:
		single := rounded(f)
		return func(x uint32) uint32 { return half(single(x)) }
	case ok:
		return rounded(f)
	}
	return nil
}

var functions2 = map[string]map[ir.Scalar]op2{
	"min":     {ir.F32: {f: minF}, ir.F16: {f: minF}, ir.I32: {f: minI}, ir.U32: {f: minU}},
	"max":     {ir.F32: {f: maxF}, ir.F16: {f: maxF}, ir.I32: {f: maxI}, ir.U32: {f: maxU}},
	"ceildiv": {ir.I32: {f: ceildivI, hazard: byZero}, ir.U32: {f: ceildiv, hazard: byZero}},
	"pow":     {ir.F32: {f: powF}, ir.F16: {f: func(x, y uint32) uint32 { return half(powF(x, y)) }}},
}

// function2 returns a builtin of two arguments.
func function2(name string, s ir.Scalar) (op2, bool) {
	o, ok := functions2[name][s]
	return o, ok
}

var functions3 = map[string]map[ir.Scalar]op3{
	"clamp": {ir.F32: {f: clampF}, ir.F16: {f: clampF}, ir.I32: {f: clampI}, ir.U32: {f: clampU}},
	"fma":   {ir.F32: {fmaF, denseFMA}, ir.F16: {f: func(x, y, z uint32) uint32 { return half(fmaF(x, y, z)) }}},
}

// function3 returns a builtin of three arguments.
func function3(name string, s ir.Scalar) (op3, bool) {
	o, ok := functions3[name][s]
	return o, ok
}
