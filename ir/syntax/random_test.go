package syntax

import (
	"math"
	"math/rand/v2"

	"github.com/wgslgen/wgslgen/ir"
)

// random makes trees that a source can have: with no negative literals (which
// are operators) and no positions.
type random struct{ *rand.Rand }

var (
	// randomNames has words of clauses, for they are names like any other.
	randomNames = []string{"a", "b1", "_x", "in", "by", "at", "shared", "axis", "interleave", "workgroup", "grid", "body", "fn", "where"}
	binaries    = []string{"=>", "||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "|", "^", "*", "/", "%", "<<", ">>", "&"}
	assigns     = []string{"=", "+=", "-=", "*=", "/=", "|=", "&=", "^=", "<<=", ">>="}
)

func pick[T any](r random, from []T) T { return from[r.IntN(len(from))] }

// list makes min to max things.
func list[T any](r random, min, max int, f func() T) []T {
	var out []T
	for range min + r.IntN(max-min+1) {
		out = append(out, f())
	}
	return out
}

// maybe makes f's thing half of the time.
func maybe[T any](r random, f func() T) (none T) {
	if r.IntN(2) == 0 {
		return none
	}
	return f()
}

func (r random) bool() bool   { return r.IntN(2) == 0 }
func (r random) name() string { return pick(r, randomNames) }

func (r random) expr(depth int) ir.Expr {
	sub := func() ir.Expr { return r.expr(depth - 1) }
	if depth == 0 {
		return r.leaf()
	}
	switch r.IntN(8) {
	case 0:
		return r.leaf()
	case 1:
		return ir.NewUnary(ir.Pos{}, pick(r, []string{"-", "!", "~"}), sub())
	case 2:
		return ir.NewCall(ir.Pos{}, r.name(), list(r, 0, 3, sub)...)
	case 3, 4:
		return r.suffix(sub(), depth)
	}
	return ir.NewBinary(ir.Pos{}, pick(r, binaries), sub(), sub())
}

func (r random) leaf() ir.Expr {
	switch r.IntN(4) {
	case 0:
		return ir.NewInt(ir.Pos{}, r.Int64()>>r.IntN(63))
	case 1:
		return ir.NewFloat(ir.Pos{}, float64(r.Float32())*math.Pow10(r.IntN(60)-30))
	case 2:
		return ir.NewBool(ir.Pos{}, r.bool())
	}
	return ir.NewName(ir.Pos{}, r.name())
}

func (r random) suffix(x ir.Expr, depth int) ir.Expr {
	sub := func() ir.Expr { return r.expr(depth - 1) }
	switch r.IntN(4) {
	case 0:
		return ir.NewIndex(ir.Pos{}, x, list(r, 1, 3, sub)...)
	case 1:
		return ir.NewSlice(ir.Pos{}, x, list(r, 0, 2, sub), sub(), sub())
	case 2:
		return ir.NewMethodCall(ir.Pos{}, x, r.name(), list(r, 0, 2, sub)...)
	}
	return ir.NewMember(ir.Pos{}, x, pick(r, append(randomNames, "let", "if", "true")))
}

// place makes an expression that begins with a name, as statements do.
func (r random) place() ir.Expr {
	var x ir.Expr = ir.NewName(ir.Pos{}, r.name())
	for range r.IntN(3) {
		x = r.suffix(x, 2)
	}
	return x
}

func (r random) call() *ir.Call {
	args := list(r, 0, 2, func() ir.Expr { return r.expr(2) })
	if r.bool() {
		return ir.NewMethodCall(ir.Pos{}, r.place(), r.name(), args...)
	}
	return ir.NewCall(ir.Pos{}, r.name(), args...)
}

func (r random) stmts(depth int) []ir.Stmt {
	return list(r, 0, 4, func() ir.Stmt { return r.stmt(depth) })
}

func (r random) stmt(depth int) ir.Stmt {
	x := func() ir.Expr { return r.expr(3) }
	kinds := 9
	if depth == 0 {
		kinds = 7
	}
	switch r.IntN(kinds) {
	case 0:
		return &ir.Let{Name: r.name(), X: x()}
	case 1:
		return &ir.Var{Name: r.name(), Type: maybe(r, r.typ), Init: maybe(r, x)}
	case 2:
		return &ir.Assign{LHS: r.place(), Op: pick(r, assigns), X: x()}
	case 3:
		return &ir.Barrier{}
	case 4:
		return &ir.Return{X: x()}
	case 5:
		return &ir.ExprStmt{X: r.call()}
	case 6:
		return &ir.Stage{Tile: r.name(), Indices: list(r, 1, 3, r.name), X: x()}
	case 7:
		return &ir.If{Cond: x(), Then: r.stmts(depth - 1), Else: r.stmts(depth - 1)}
	}
	return &ir.For{Unroll: r.bool(), Name: r.name(), From: x(), To: x(), By: maybe(r, x), Body: r.stmts(depth - 1)}
}

func (r random) typ() *ir.TypeExpr {
	dims := list(r, 0, 3, func() ir.Expr { return r.expr(2) })
	return &ir.TypeExpr{Name: r.name(), Elem: maybe(r, r.name), Dims: dims}
}

func (r random) value() ir.Value {
	switch r.IntN(3) {
	case 0:
		return ir.IntValue(int64(r.IntN(200) - 100))
	case 1:
		return ir.BoolValue(r.bool())
	}
	return ir.WordValue(r.name())
}

func (r random) values() []ir.Value { return list(r, 1, 4, r.value) }

func (r random) doc() string {
	return pick(r, []string{"", "plain", `with "quotes" and \`, "y = W·x\n\t\x00", "\xff"})
}

func (r random) kernel() *ir.Kernel {
	x := func() ir.Expr { return r.expr(3) }
	return &ir.Kernel{
		Name:   r.name(),
		Doc:    r.doc(),
		Params: list(r, 0, 4, r.param),
		Axes: list(r, 0, 3, func() *ir.Axis {
			if r.bool() {
				return &ir.Axis{Name: r.name(), Tune: r.bool(), Formats: true}
			}
			return &ir.Axis{Name: r.name(), Tune: r.bool(), Values: r.values()}
		}),
		Lets:  list(r, 0, 3, func() *ir.Let { return &ir.Let{Name: r.name(), X: x()} }),
		Where: list(r, 0, 3, x),
		Ships: list(r, 0, 2, func() *ir.Ship {
			return &ir.Ship{Name: r.name(), Settings: list(r, 0, 3, func() *ir.Setting {
				return &ir.Setting{Axis: r.name(), Values: r.values()}
			})}
		}),
		Bindings: list(r, 0, 3, func() *ir.Binding {
			access := ir.Access(r.IntN(3))
			return &ir.Binding{Access: access, Name: r.name(), Type: r.typ(), Interleave: maybe(r, x), Texels: maybe(r, x), Uniform: maybe(r, x)}
		}),
		Shared: list(r, 0, 2, func() *ir.Shared {
			return &ir.Shared{Name: r.name(), Type: r.typ()}
		}),
		Workgroup: x(),
		Grid:      list(r, 1, 3, x),
		Body:      r.stmts(3),
	}
}

func (r random) param() *ir.Param {
	if r.bool() {
		return &ir.Param{Name: r.name(), Shape: true, Type: &ir.TypeExpr{Name: "u32"}}
	}
	return &ir.Param{Name: r.name(), Type: r.typ()}
}

func (r random) format() *ir.Format {
	return &ir.Format{
		Name: r.name(), Doc: r.doc(),
		Block: r.IntN(99), Chunk: r.IntN(99), GGML: r.IntN(99), FileBlock: r.IntN(99), BlockBytes: r.IntN(99),
		Planes: list(r, 0, 3, func() *ir.Plane {
			return &ir.Plane{Name: r.name(), Type: r.typ(), From: r.IntN(99), To: r.IntN(99)}
		}),
		Funcs: list(r, 0, 3, r.fn),
	}
}

func (r random) fn() *ir.Func {
	return &ir.Func{
		Name: r.name(), Result: maybe(r, r.typ), Body: r.stmts(2),
		Params: list(r, 0, 3, func() *ir.FuncParam {
			return &ir.FuncParam{Name: r.name(), Type: maybe(r, r.typ)}
		}),
	}
}

func (r random) decl() ir.Decl {
	switch r.IntN(3) {
	case 0:
		return r.format()
	case 1:
		return r.fn()
	}
	return r.kernel()
}

func (r random) file() *ir.File { return &ir.File{Decls: list(r, 0, 3, r.decl)} }
