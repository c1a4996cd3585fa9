package pass

import (
	"maps"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/ir"
)

// inline expands functions, the functions of storage formats, and slices, into
// statements before the one that uses them. Every local name becomes unique in
// the kernel, so that later passes can move code without capturing names, and
// weight bindings become one binding a plane.
func inline(u *Unit) error {
	k := *u.Kernel
	in := &inliner{unit: u, axes: newSpecializer(u), used: names{}, arrays: map[string]bool{}}
	k.Bindings = in.bindings(k.Bindings)
	for _, p := range k.Params {
		in.used[p.Name] = true
	}
	for _, s := range k.Shared {
		in.used[s.Name] = true
	}
	for _, name := range []string{ir.LocalName, ir.WorkgroupName, ir.WorkgroupsName} {
		in.used[name] = true
	}
	for name := range ir.Builtins {
		in.used[name] = true
	}
	in.globals = maps.Clone(in.used)
	k.Body = in.block(k.Body, newScope(nil))
	u.Kernel = &k
	return append(in.errs, in.axes.errs...).Err()
}

// maxInlineDepth is how deep functions may call functions; more is recursion.
const maxInlineDepth = 32

type inliner struct {
	unit    *Unit
	axes    *specializer
	used    names           // names taken in the kernel
	globals names           // of them, those that every body sees
	arrays  map[string]bool // private arrays
	out     []ir.Stmt       // the block being built
	depth   int             // of functions
	loops   int             // of loops

	sharedSeen bool    // whether a shared array was used so far
	staged     ir.Stmt // the barrier that ended the last stage
	errs       ir.Errors
}

// scope says what the names of the source stand for in the output.
type scope struct {
	names  map[string]ir.Expr
	record *record // of the format function being inlined; else nil
}

// nested returns a scope that sees sc, and whose own names end with it.
func (sc scope) nested() scope { return scope{maps.Clone(sc.names), sc.record} }

func newScope(r *record) scope { return scope{map[string]ir.Expr{}, r} }

// hidden makes a name that no source can have, for locals of the compiler's
// own; in the output it is plain.
func hidden(name string) string { return name + " " }

// declare gives a local of the source a unique name in the output.
func (in *inliner) declare(pos ir.Pos, name string, sc scope) string {
	n := in.used.fresh(strings.TrimSuffix(name, " "))
	sc.names[name] = ir.NewName(pos, n)
	return n
}

func (in *inliner) emit(s ir.Stmt) { in.out = append(in.out, s) }

// block inlines a nested block: names that it declares end with it.
func (in *inliner) block(list []ir.Stmt, sc scope) []ir.Stmt {
	saved := in.out
	in.out = nil
	in.stmts(list, sc.nested())
	out := in.out
	in.out = saved
	return out
}

func (in *inliner) stmts(list []ir.Stmt, sc scope) {
	for _, s := range list {
		in.stmt(s, sc)
	}
}

func (in *inliner) stmt(s ir.Stmt, sc scope) {
	switch s := s.(type) {
	case *ir.Let:
		in.let(s, sc)
	case *ir.Var:
		c := *s
		c.Type, c.Init = in.axes.typ(s.Type), in.expr(s.Init, sc)
		c.Name = in.declare(s.Pos, s.Name, sc)
		if s.Type != nil && len(s.Type.Dims) > 0 {
			in.arrays[c.Name] = true
		}
		in.emit(&c)
	case *ir.Assign:
		if slice, ok := s.LHS.(*ir.Slice); ok {
			in.storeSlice(s, slice, sc)
			return
		}
		c := *s
		c.LHS, c.X = in.expr(s.LHS, sc), in.expr(s.X, sc)
		in.emit(&c)
	case *ir.If:
		c := *s
		c.Cond = in.expr(s.Cond, sc)
		if v, ok := constant(c.Cond, ir.BoolKind); ok {
			taken := s.Else
			if v.Bool() {
				taken = s.Then
			}
			in.stmts(taken, sc.nested())
			return
		}
		c.Then, c.Else = in.block(s.Then, sc), in.block(s.Else, sc)
		in.emit(&c)
	case *ir.For:
		c := *s
		c.From, c.To, c.By = in.expr(s.From, sc), in.expr(s.To, sc), in.expr(s.By, sc)
		inner := sc.nested()
		c.Name = in.declare(s.Pos, s.Name, inner)
		in.loops++
		c.Body = in.block(s.Body, inner)
		in.loops--
		in.emit(&c)
	case *ir.Stage:
		in.stage(s, sc)
	case *ir.Barrier:
		in.emit(s)
	case *ir.Return:
		in.errs.Addf(s.Pos, "return must be the last statement of a function")
	case *ir.ExprStmt:
		in.callStmt(s, sc)
	}
}

// let inlines a let; one that names an array becomes an alias.
func (in *inliner) let(s *ir.Let, sc scope) {
	if slice, ok := s.X.(*ir.Slice); ok {
		sc.names[s.Name] = in.slice(slice, s.Name, sc)
		return
	}
	x := in.expr(s.X, sc)
	if n, ok := x.(*ir.Name); ok && in.arrays[n.Name] {
		sc.names[s.Name] = n
		return
	}
	in.emit(&ir.Let{Pos: s.Pos, Name: in.declare(s.Pos, s.Name, sc), X: x})
}

// callStmt inlines a call whose result, if any, is not used.
func (in *inliner) callStmt(s *ir.ExprStmt, sc scope) {
	f := in.unit.Lib.Func(s.X.Func)
	switch {
	case s.X.Recv != nil || f == nil && ir.Builtins[s.X.Func] != nil:
		in.errs.Addf(s.Pos, "the result of %s is not used", s.X.Func)
		return
	case f == nil:
		in.errs.Addf(s.Pos, "unknown function %s", s.X.Func)
		return
	}
	if f.Result != nil {
		in.errs.Addf(s.Pos, "the result of %s is not used", f.Name)
		return
	}
	in.call(f, s.X, s.X.Args, newScope(nil), sc)
}

// expr inlines the calls in e; the statements that they become are emitted
// before the statement that e stands in.
func (in *inliner) expr(e ir.Expr, sc scope) ir.Expr {
	switch e := e.(type) {
	case nil:
		return nil
	case *ir.Name:
		if x, ok := sc.names[e.Name]; ok {
			if n, ok := x.(*ir.Name); ok {
				return ir.NewName(e.Pos, n.Name) // mistakes are where the name is used
			}
			return ir.CloneExpr(x)
		}
		if plane := sc.record.plane(e.Name); plane != nil {
			return ir.CloneExpr(plane)
		}
		in.sharedSeen = in.sharedSeen || in.isShared(e.Name)
		if !in.globals[e.Name] && in.used[e.Name] { // the name of another function's local
			in.errs.Addf(e.Pos, "unknown name %s", e.Name)
			return ir.NewInt(e.Pos, 0)
		}
		return in.axes.replace(ir.CloneExpr(e)) // functions see the axes of the kernel that calls them
	case *ir.Unary:
		return fold(ir.NewUnary(e.Pos, e.Op, in.expr(e.X, sc)))
	case *ir.Binary:
		if e.Op == "=>" { // where clauses are read before; WGSL has no such operator
			return fold(ir.NewBinary(e.Pos, "||", fold(ir.NewUnary(e.Pos, "!", in.expr(e.X, sc))), in.expr(e.Y, sc)))
		}
		return fold(ir.NewBinary(e.Pos, e.Op, in.expr(e.X, sc), in.expr(e.Y, sc)))
	case *ir.Member:
		return in.axes.replace(ir.NewMember(e.Pos, in.expr(e.X, sc), e.Name))
	case *ir.Index:
		return in.index(e, sc)
	case *ir.Slice:
		return in.slice(e, "slice", sc)
	case *ir.Call:
		return in.callExpr(e, sc)
	}
	return ir.CloneExpr(e) // every use of a function has its own nodes, for their types may differ
}

func (in *inliner) exprs(list []ir.Expr, sc scope) []ir.Expr {
	out := make([]ir.Expr, len(list))
	for i, e := range list {
		out[i] = in.expr(e, sc)
	}
	return out
}

// index inlines x[i]; a plane of a format stands for x[row, block], to which
// its own indices are added.
func (in *inliner) index(e *ir.Index, sc scope) ir.Expr {
	indices := in.exprs(e.Indices, sc)
	if name, ok := e.X.(*ir.Name); ok && sc.names[name.Name] == nil {
		if p := sc.record.plane(name.Name); p != nil {
			return ir.NewIndex(e.Pos, p.X, append(ir.CloneExpr(p).(*ir.Index).Indices, indices...)...)
		}
	}
	return ir.NewIndex(e.Pos, in.expr(e.X, sc), indices...)
}

func (in *inliner) callExpr(e *ir.Call, sc scope) ir.Expr {
	if e.Recv != nil {
		return in.formatCall(e, sc)
	}
	if f, inner := in.function(e.Func, sc); f != nil {
		if r := in.call(f, e, e.Args, inner, sc); r != nil {
			return r
		}
		in.errs.Addf(e.Pos, "%s has no result", f.Name)
		return ir.NewInt(e.Pos, 0)
	}
	// Check reports a name that nothing has, and what else is wrong.
	return fold(in.axes.replace(ir.NewCall(e.Pos, e.Func, in.exprs(e.Args, sc)...)))
}

// function finds the function that a name means, and what its body sees: one
// of the format whose function is being inlined, with the same record, or one
// of the library.
func (in *inliner) function(name string, sc scope) (*ir.Func, scope) {
	if sc.record != nil {
		if f := sc.record.format.Func(name); f != nil {
			return f, newScope(sc.record)
		}
	}
	return in.unit.Lib.Func(name), newScope(nil)
}

// call inlines f: its parameters stand for the arguments, its locals get
// unique names, and the value that it returns is the result (nil if none).
// inner holds what the body sees beside its parameters.
func (in *inliner) call(f *ir.Func, e *ir.Call, args []ir.Expr, inner, sc scope) ir.Expr {
	if len(args) != len(f.Params) {
		in.errs.Addf(e.Pos, "%s takes %d values, not %d", f.Name, len(f.Params), len(args))
		return ir.NewInt(e.Pos, 0)
	}
	if in.depth++; in.depth > maxInlineDepth {
		in.errs.Addf(e.Pos, "%s calls itself, or calls are more than %d deep", f.Name, maxInlineDepth)
		in.depth--
		return ir.NewInt(e.Pos, 0)
	}
	defer func() { in.depth-- }()
	for i, p := range f.Params {
		inner.names[p.Name] = in.argument(p, args[i], sc)
	}
	for i, s := range f.Body {
		ret, ok := s.(*ir.Return)
		if !ok {
			in.stmt(s, inner)
			continue
		}
		if i != len(f.Body)-1 {
			in.errs.Addf(ret.Pos, "return must be the last statement of a function")
		}
		return in.expr(ret.X, inner)
	}
	if f.Result != nil {
		in.errs.Addf(f.Pos, "%s ends without a return", f.Name)
		return ir.NewInt(e.Pos, 0)
	}
	return nil
}

// argument returns what a parameter stands for: a name or a literal itself,
// else a let that holds the argument's value.
func (in *inliner) argument(p *ir.FuncParam, arg ir.Expr, sc scope) ir.Expr {
	if s, ok := arg.(*ir.Slice); ok {
		return in.slice(s, p.Name, sc)
	}
	x := in.expr(arg, sc)
	switch x := x.(type) {
	case *ir.Name:
		return x
	case *ir.Lit:
		if p.Type != nil && p.Type.Name == "f32" && x.Value.Kind == ir.IntKind {
			return ir.NewFloat(x.Pos, float64(x.Value.Int))
		}
		return x
	}
	name := in.used.fresh(p.Name)
	in.emit(&ir.Let{Pos: arg.ExprPos(), Name: name, X: x})
	return ir.NewName(arg.ExprPos(), name)
}

// slice makes x[i, from .. +n] a private array.
func (in *inliner) slice(e *ir.Slice, name string, sc scope) ir.Expr {
	n := in.expr(e.N, sc)
	count, ok := constantInt(n)
	if !ok || count < 1 {
		in.errs.Addf(e.N.ExprPos(), "a slice's length must be a positive constant, not %s", ir.FormatExpr(n))
		return ir.NewInt(e.Pos, 0)
	}
	base, ok := in.expr(e.X, sc).(*ir.Name)
	if !ok {
		in.errs.Addf(e.Pos, "only a binding or a shared array can be sliced")
		return ir.NewInt(e.Pos, 0)
	}
	elem := in.elemType(base.Name)
	if elem == nil {
		in.errs.Addf(e.Pos, "%s can't be sliced", base.Name)
		return ir.NewInt(e.Pos, 0)
	}
	indices := in.exprs(e.Indices, sc)
	from := in.hold(in.expr(e.From, sc), name+"_at")
	for i, x := range indices {
		indices[i] = in.hold(x, name+"_row")
	}
	arr := in.used.fresh(name)
	in.arrays[arr] = true
	elem.Dims = []ir.Expr{ir.NewInt(e.Pos, count)}
	in.emit(&ir.Var{Pos: e.Pos, Name: arr, Type: elem})
	i := in.used.fresh("i")
	at := append(slices.Clone(indices), fold(ir.NewBinary(e.Pos, "+", from, ir.NewName(e.Pos, i))))
	in.emit(&ir.For{Pos: e.Pos, Unroll: true, Name: i, From: ir.NewInt(e.Pos, 0), To: ir.NewInt(e.Pos, count), Body: []ir.Stmt{
		&ir.Assign{Pos: e.Pos, LHS: ir.NewIndex(e.Pos, ir.NewName(e.Pos, arr), ir.NewName(e.Pos, i)), Op: "=", X: ir.NewIndex(e.Pos, base, at...)},
	}})
	return ir.NewName(e.Pos, arr)
}

// storeSlice expands an assignment to x[i, from .. +n].
func (in *inliner) storeSlice(s *ir.Assign, slice *ir.Slice, sc scope) {
	elem := in.elemType(rootName(slice.X))
	if elem == nil {
		in.errs.Addf(slice.Pos, "only a binding or a shared array can be sliced")
		return
	}
	elem.Dims = []ir.Expr{slice.N}
	values, i := hidden("values"), hidden("i")
	inner := sc.nested()
	in.stmt(&ir.Var{Pos: s.Pos, Name: values, Type: elem, Init: s.X}, inner)
	at := append(slices.Clone(slice.Indices), ir.NewBinary(s.Pos, "+", slice.From, ir.NewName(s.Pos, i)))
	in.stmt(&ir.For{Pos: s.Pos, Unroll: true, Name: i, From: ir.NewInt(s.Pos, 0), To: slice.N, Body: []ir.Stmt{
		&ir.Assign{Pos: s.Pos, LHS: ir.NewIndex(s.Pos, slice.X, at...), Op: s.Op, X: ir.NewIndex(s.Pos, ir.NewName(s.Pos, values), ir.NewName(s.Pos, i))},
	}}, inner)
}

func (in *inliner) isShared(name string) bool {
	return slices.ContainsFunc(in.unit.Kernel.Shared, func(s *ir.Shared) bool { return s.Name == name })
}

// hold keeps a value in a let, unless it is a name or a literal already.
func (in *inliner) hold(e ir.Expr, name string) ir.Expr {
	switch e.(type) {
	case *ir.Name, *ir.Lit:
		return e
	}
	n := in.used.fresh(name)
	in.emit(&ir.Let{Pos: e.ExprPos(), Name: n, X: e})
	return ir.NewName(e.ExprPos(), n)
}

// elemType returns the type of a load from a binding or shared array.
func (in *inliner) elemType(name string) *ir.TypeExpr {
	for _, s := range in.unit.Kernel.Shared {
		if s.Name == name {
			return &ir.TypeExpr{Pos: s.Type.Pos, Name: s.Type.Name, Elem: s.Type.Elem}
		}
	}
	for _, b := range in.unit.Kernel.Bindings {
		if b.Name != name {
			continue
		}
		elem := &ir.TypeExpr{Pos: b.Type.Pos, Name: b.Type.Name, Elem: b.Type.Elem}
		if elem.Name == "f16" {
			elem.Name = "f32"
		}
		if elem.Elem == "f16" {
			elem.Elem = ""
		}
		return elem
	}
	return nil
}
