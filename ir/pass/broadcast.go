package pass

import (
	"github.com/wgslgen/wgslgen/ir"
)

// broadcast spreads scalars that meet vectors where WGSL does not: in bitwise
// operators, shifts and functions. Its + - * / % mix them by themselves, but
// not with an assignment to a vector.
func broadcast(u *Unit) error {
	k := *u.Kernel
	k.Body = ir.RewriteStmts(k.Body, nil, func(e ir.Expr) ir.Expr {
		switch e := e.(type) {
		case *ir.Binary:
			switch e.Op {
			case "|", "&", "^", "<<", ">>":
				lanes := max(e.X.Type().Lanes, e.Y.Type().Lanes)
				e.X, e.Y = spread(e.X, lanes), spread(e.Y, lanes)
			}
		case *ir.Call:
			b := ir.Builtins[e.Func]
			if b == nil || b.Kind != ir.FloatMap && b.Kind != ir.NumberMap && b.Kind != ir.IntegerMap {
				return e
			}
			for i := range e.Args {
				e.Args[i] = spread(e.Args[i], e.Type().Lanes)
			}
		}
		return e
	})
	u.Kernel = &k
	return nil
}

// spread makes a scalar a vector of so many equal lanes.
func spread(e ir.Expr, lanes int) ir.Expr {
	t := e.Type()
	if t.Lanes >= lanes || t.IsArray() {
		return e
	}
	name := map[int]string{2: "vec2", 3: "vec3", 4: "vec4"}[lanes]
	switch t.Scalar {
	case ir.U32:
		name += "u"
	case ir.I32:
		name += "i"
	case ir.F16:
		name += "h"
	}
	return ir.WithType(ir.NewCall(e.ExprPos(), name, e), ir.VecType(t.Scalar, lanes))
}
