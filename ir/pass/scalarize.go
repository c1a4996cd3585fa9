package pass

import (
	"fmt"

	"github.com/wgslgen/wgslgen/ir"
)

// scalarize turns private arrays whose every index is constant into one
// variable an element. naga clamps dynamic indices, and drivers keep named
// variables in registers.
func scalarize(u *Unit) error {
	k := *u.Kernel
	arrays := map[string]ir.Type{}
	used := map[string]bool{}
	ir.Inspect(k.Body, func(s ir.Stmt) {
		if v, ok := s.(*ir.Var); ok && v.Type != nil && len(v.Type.Dims) > 0 {
			if t, err := v.Type.ArrayType(); err == nil {
				arrays[v.Name] = t
			}
		}
	}, nil)
	for _, n := range ir.Declared(k.Body) {
		used[n] = true
	}
	indexed := map[*ir.Name]bool{} // names that stand under a constant index
	ir.Inspect(k.Body, nil, func(e ir.Expr) {
		ix, ok := e.(*ir.Index)
		if !ok {
			return
		}
		n, ok := ix.X.(*ir.Name)
		if !ok {
			return
		}
		for _, i := range ix.Indices {
			if _, ok := constantInt(i); !ok {
				return
			}
		}
		indexed[n] = true
	})
	ir.Inspect(k.Body, nil, func(e ir.Expr) {
		if n, ok := e.(*ir.Name); ok && !indexed[n] {
			delete(arrays, n.Name)
		}
	})

	names := map[string][]string{}
	for name, t := range arrays {
		for i := range t.Len() {
			names[name] = append(names[name], elementName(name, t, i, used))
		}
	}
	k.Body = ir.RewriteStmts(k.Body, func(s ir.Stmt) []ir.Stmt {
		v, ok := s.(*ir.Var)
		if !ok || names[v.Name] == nil {
			return []ir.Stmt{s}
		}
		var out []ir.Stmt
		for _, n := range names[v.Name] {
			out = append(out, &ir.Var{Pos: v.Pos, Name: n, Type: ir.NewTypeExpr(v.Pos, arrays[v.Name].Elem())})
		}
		return out
	}, func(e ir.Expr) ir.Expr {
		ix, ok := e.(*ir.Index)
		if !ok {
			return e
		}
		n, ok := ix.X.(*ir.Name)
		if !ok || names[n.Name] == nil {
			return e
		}
		t, at := arrays[n.Name], 0
		for d, x := range ix.Indices {
			i, _ := constantInt(x)
			at = at*t.Dims[d] + int(i)
		}
		return ir.WithType(ir.NewName(ix.Pos, names[n.Name][at]), t.Elem())
	})
	u.Kernel = &k
	return nil
}

// elementName names element i of an array: acc_3, or tile_1_2.
func elementName(name string, t ir.Type, i int, used map[string]bool) string {
	n := ""
	for d := t.Rank - 1; d >= 0; d-- {
		n = fmt.Sprintf("_%d%s", i%t.Dims[d], n)
		i /= t.Dims[d]
	}
	n = name + n
	for used[n] {
		n += "_"
	}
	used[n] = true
	return n
}
