package pass

import (
	"github.com/wgslgen/wgslgen/ir"
)

// MaxGridDims is how many dimensions a foldable grid has: z is where x folds to.
const MaxGridDims = 2

// foldGrid lets a dispatcher lay a grid longer in x than a device allows over x
// and z: workgroup.x becomes x + z·(workgroups in x), and workgroups beyond the
// grid, which rounding up makes, do nothing. Workgroups of a grid of three
// dimensions stay as they are.
func foldGrid(u *Unit) error {
	k := *u.Kernel
	if len(k.Grid) > MaxGridDims {
		return nil
	}
	pos := k.Grid[0].ExprPos()
	x := workgroupName(&k)
	k.Body = ir.RewriteStmts(k.Body, nil, func(e ir.Expr) ir.Expr {
		if isWorkgroupX(e) {
			return ir.WithType(ir.NewName(e.ExprPos(), x), ir.U32Type)
		}
		return e
	})
	coordinate := func(of, dim string) ir.Expr { return ir.NewMember(pos, ir.NewName(pos, of), dim) }
	place := ir.NewBinary(pos, "+", coordinate(ir.WorkgroupName, "x"),
		ir.NewBinary(pos, "*", coordinate(ir.WorkgroupName, "z"), coordinate(ir.WorkgroupsName, "x")))
	k.Body = []ir.Stmt{
		&ir.Let{Pos: pos, Name: x, X: place},
		&ir.If{Pos: pos, Cond: ir.NewBinary(pos, "<", ir.NewName(pos, x), ir.CloneExpr(k.Grid[0])), Then: k.Body},
	}
	u.Kernel = &k
	return nil
}

func isWorkgroupX(e ir.Expr) bool {
	m, ok := e.(*ir.Member)
	if !ok || m.Name != "x" {
		return false
	}
	n, ok := m.X.(*ir.Name)
	return ok && n.Name == ir.WorkgroupName
}

// workgroupName returns a name for the folded coordinate that the body leaves free.
func workgroupName(k *ir.Kernel) string {
	used := map[string]bool{}
	for _, n := range ir.Declared(k.Body) {
		used[n] = true
	}
	name := "workgroup_x"
	for used[name] {
		name += "_"
	}
	return name
}
