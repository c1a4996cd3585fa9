package pass

import (
	"fmt"

	"github.com/wgslgen/wgslgen/ir"
)

// reduceAxis is the axis whose value says how invocations combine values:
// none (a width of 1 only), shared, or subgroup. A kernel without it uses
// shared memory.
const reduceAxis = "reduce"

// lanesAxis is the axis whose value is how many neighbouring invocations a
// reduction by subgroups takes to be in one; without it, all that it combines.
const lanesAxis = "lanes"

// reduce lowers sum, maximum and minimum over width neighbouring invocations: to
// nothing where width is 1, to butterflies of shuffles within a subgroup, or to
// trees in shared memory. Where width spans several subgroups, their results are
// exchanged through shared memory and combined by another butterfly. All elements
// of an array share the barriers.
func reduce(u *Unit) error {
	k := *u.Kernel
	r := &reducer{unit: u, used: names{}}
	for _, n := range ir.Declared(k.Body) {
		r.used[n] = true
	}
	for _, s := range k.Shared {
		r.used[s.Name] = true
	}
	group, ok := constantInt(k.Workgroup)
	if !ok {
		r.errs.Addf(k.Workgroup.ExprPos(), "the workgroup's size must be a constant at every point, not %s", ir.FormatExpr(k.Workgroup))
		return r.errs.Err()
	}
	r.group = int(group)
	k.Body = r.block(k.Body)
	k.Shared = append(k.Shared[:len(k.Shared):len(k.Shared)], r.scratch...)
	u.Kernel = &k
	return r.errs.Err()
}

type reducer struct {
	unit    *Unit
	group   int // invocations of a workgroup
	used    names
	scratch []*ir.Shared
	errs    ir.Errors
}

func (r *reducer) block(list []ir.Stmt) []ir.Stmt {
	var out []ir.Stmt
	for _, s := range list {
		switch s := s.(type) {
		case *ir.If:
			c := *s
			c.Cond, c.Then, c.Else = r.hoist(s.Cond, &out), r.block(s.Then), r.block(s.Else)
			out = append(out, &c)
		case *ir.For:
			c := *s
			c.From, c.To, c.By = r.hoist(s.From, &out), r.hoist(s.To, &out), r.hoist(s.By, &out)
			c.Body = r.block(s.Body)
			out = append(out, &c)
		case *ir.Let:
			if call := reduction(s.X); call != nil {
				out = append(out, r.lower(s.Pos, s.Name, call)...)
				continue
			}
			c := *s
			c.X = r.hoist(s.X, &out)
			out = append(out, &c)
		default:
			out = append(out, ir.RewriteStmts([]ir.Stmt{s}, nil, func(e ir.Expr) ir.Expr { return r.hoistOne(e, &out) })...)
		}
	}
	return out
}

// hoist moves the reductions of an expression into lets before its statement.
func (r *reducer) hoist(e ir.Expr, out *[]ir.Stmt) ir.Expr {
	return ir.RewriteExpr(e, func(e ir.Expr) ir.Expr { return r.hoistOne(e, out) })
}

func (r *reducer) hoistOne(e ir.Expr, out *[]ir.Stmt) ir.Expr {
	call := reduction(e)
	if call == nil {
		return e
	}
	if call.Type().IsArray() {
		r.errs.Addf(call.Pos, "name the %s of an array by let", call.Func)
		return e
	}
	name := r.used.fresh(call.Func)
	*out = append(*out, r.lower(call.Pos, name, call)...)
	return ir.WithType(ir.NewName(call.Pos, name), call.Type())
}

func reduction(e ir.Expr) *ir.Call {
	call, ok := e.(*ir.Call)
	if ok && call.Recv == nil && ir.Builtins[call.Func] != nil && ir.Builtins[call.Func].Kind == ir.Reduction {
		return call
	}
	return nil
}

// lower makes name hold the reduction of a value, or of each element of an array.
func (r *reducer) lower(pos ir.Pos, name string, call *ir.Call) []ir.Stmt {
	width, ok := constantInt(call.Args[1])
	if !ok || width < 1 || width&(width-1) != 0 || int64(r.group)%width != 0 {
		r.errs.Addf(call.Args[1].ExprPos(), "%s needs a constant width, a power of two that divides the workgroup's %d invocations, not %s",
			call.Func, r.group, ir.FormatExpr(call.Args[1]))
		return nil
	}
	// decl holds the result; each element is reduced by itself.
	t := call.Type()
	if t.Rank > 1 {
		r.errs.Addf(pos, "%s takes arrays of one dimension", call.Func)
		return nil
	}
	decl := &ir.Var{Pos: pos, Name: name, Type: ir.NewTypeExpr(pos, t)}
	n := 1
	if t.IsArray() {
		n = t.Dims[0]
	} else {
		decl.Init = call.Args[0]
	}
	elem := func(i int) ir.Expr {
		if !t.IsArray() {
			return ir.NewName(pos, name)
		}
		return ir.NewIndex(pos, ir.NewName(pos, name), ir.NewInt(pos, int64(i)))
	}
	out := []ir.Stmt{decl}
	if t.IsArray() {
		for i := range n {
			out = append(out, assign(pos, elem(i), element(call.Args[0], []ir.Expr{ir.NewInt(pos, int64(i))})))
		}
	}
	if width == 1 {
		return out
	}
	if v, ok := r.unit.Point[reduceAxis]; ok && v.Word == "subgroup" {
		return append(out, r.subgroups(call, elem, n, int(width), t.Elem())...)
	}
	return append(out, r.tree(pos, call.Func, elem, n, int(width), t.Elem())...)
}

// subgroups combines values within subgroups, and then, where width is more than
// the axis lanes says that one has, those of width / lanes subgroups.
func (r *reducer) subgroups(call *ir.Call, elem func(int) ir.Expr, n, width int, t ir.Type) []ir.Stmt {
	pos, lanes := call.Pos, width
	if v, ok := r.unit.Point[lanesAxis]; ok {
		lanes = min(width, int(v.Int))
	}
	parts := width / max(lanes, 1)
	if lanes < 2 || lanes&(lanes-1) != 0 || parts > lanes {
		r.errs.Addf(pos, "%s over %d invocations can't be made of subgroups of %d: lanes must be a power of two, and its square at least the width",
			call.Func, width, lanes)
		return nil
	}
	r.unit.Needs = append(r.unit.Needs, Need{"subgroup_min", int64(lanes)})
	out := butterfly(pos, call.Func, elem, n, lanes)
	if parts == 1 {
		return out
	}
	return append(append(out, r.exchange(pos, elem, n, lanes, parts, t)...), butterfly(pos, call.Func, elem, n, parts)...)
}

// exchange gives every invocation the result of one of the parts subgroups that
// combine theirs: of parts neighbours, each that of another. The leading barrier
// lets the readers of an earlier reduction finish.
func (r *reducer) exchange(pos ir.Pos, elem func(int) ir.Expr, n, lanes, parts int, t ir.Type) []ir.Stmt {
	slots := r.group / lanes
	scratch := r.scratchFor(pos, t, n*slots)
	num := func(x int) ir.Expr { return ir.NewInt(pos, int64(x)) }
	local := func(op string, x int) ir.Expr {
		return fold(ir.NewBinary(pos, op, ir.NewName(pos, ir.LocalName), num(x)))
	}
	slot := func(i int, at ir.Expr) ir.Expr {
		return ir.NewIndex(pos, ir.NewName(pos, scratch), fold(ir.NewBinary(pos, "+", at, num(i*slots))))
	}
	var store, load []ir.Stmt
	for i := range n {
		store = append(store, assign(pos, slot(i, local("/", lanes)), elem(i)))
		at := local("%", parts)
		if r.group > lanes*parts {
			first := ir.NewBinary(pos, "*", local("/", lanes*parts), num(parts))
			at = ir.NewBinary(pos, "+", first, at)
		}
		load = append(load, assign(pos, elem(i), slot(i, at)))
	}
	out := []ir.Stmt{
		&ir.Barrier{Pos: pos},
		&ir.If{Pos: pos, Cond: ir.NewBinary(pos, "==", local("%", lanes), num(0)), Then: store},
		&ir.Barrier{Pos: pos},
	}
	return append(out, load...)
}

// butterfly combines values with those of the invocations local ^ 1, 2, 4 …
func butterfly(pos ir.Pos, op string, elem func(int) ir.Expr, n, width int) []ir.Stmt {
	var out []ir.Stmt
	for s := width / 2; s >= 1; s /= 2 {
		for i := range n {
			other := ir.NewCall(pos, "shuffle_xor", elem(i), ir.NewInt(pos, int64(s)))
			out = append(out, assign(pos, elem(i), combine(pos, op, elem(i), other)))
		}
	}
	return out
}

// tree combines values in shared memory: slot i*group + local holds element i
// of an invocation; halves are added onto each other, and all read the first.
// The leading barrier lets the readers of an earlier reduction finish.
func (r *reducer) tree(pos ir.Pos, op string, elem func(int) ir.Expr, n, width int, t ir.Type) []ir.Stmt {
	scratch := r.scratchFor(pos, t, n*r.group)
	slot := func(i int, offset int64) ir.Expr {
		at := fold(ir.NewBinary(pos, "+", ir.NewName(pos, ir.LocalName), ir.NewInt(pos, int64(i*r.group)+offset)))
		return ir.NewIndex(pos, ir.NewName(pos, scratch), at)
	}
	lane := fold(ir.NewBinary(pos, "%", ir.NewName(pos, ir.LocalName), ir.NewInt(pos, int64(width))))
	out := []ir.Stmt{&ir.Barrier{Pos: pos}}
	for i := range n {
		out = append(out, assign(pos, slot(i, 0), elem(i)))
	}
	out = append(out, &ir.Barrier{Pos: pos})
	for s := width / 2; s >= 1; s /= 2 {
		var then []ir.Stmt
		for i := range n {
			then = append(then, assign(pos, slot(i, 0), combine(pos, op, slot(i, 0), slot(i, int64(s)))))
		}
		out = append(out,
			&ir.If{Pos: pos, Cond: ir.NewBinary(pos, "<", ir.CloneExpr(lane), ir.NewInt(pos, int64(s))), Then: then},
			&ir.Barrier{Pos: pos})
	}
	for i := range n {
		first := ir.NewBinary(pos, "-", ir.NewName(pos, ir.LocalName), ir.CloneExpr(lane))
		at := fold(ir.NewBinary(pos, "+", first, ir.NewInt(pos, int64(i*r.group))))
		if width == r.group {
			at = ir.NewInt(pos, int64(i*r.group))
		}
		out = append(out, assign(pos, elem(i), ir.NewIndex(pos, ir.NewName(pos, scratch), at)))
	}
	return out
}

// scratchFor returns the shared array in which elements of type t are
// combined, with room for n of them.
func (r *reducer) scratchFor(pos ir.Pos, t ir.Type, n int) string {
	size := ir.NewInt(pos, int64(n))
	name := fmt.Sprintf("reduce_%v_%d", t.Scalar, t.Lanes)
	for _, s := range r.scratch {
		if s.Name == name {
			if have, _ := constantInt(s.Type.Dims[0]); have < int64(n) {
				s.Type.Dims[0] = size
			}
			return name
		}
	}
	te := ir.NewTypeExpr(pos, t)
	te.Dims = []ir.Expr{size}
	r.scratch = append(r.scratch, &ir.Shared{Pos: pos, Name: name, Type: te})
	return name
}

func assign(pos ir.Pos, lhs, x ir.Expr) ir.Stmt {
	return &ir.Assign{Pos: pos, LHS: lhs, Op: "=", X: x}
}

// combine makes x + y, max(x, y) or min(x, y).
func combine(pos ir.Pos, op string, x, y ir.Expr) ir.Expr {
	switch op {
	case "sum":
		return ir.NewBinary(pos, "+", x, y)
	case "maximum":
		return ir.NewCall(pos, "max", x, y)
	}
	return ir.NewCall(pos, "min", x, y)
}
