package emit

import (
	"fmt"

	"github.com/wgslgen/wgslgen/emit/gotable"
	"github.com/wgslgen/wgslgen/emit/wgsl"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// Portable compiles a kernel at any point to a variant that is data.
func Portable(lib *ir.Library, k *ir.Kernel, point ir.Point) (*kernel.Portable, error) {
	u, err := compile(lib, k, point)
	if err != nil {
		return nil, err
	}
	m, err := module(u)
	if err != nil {
		return nil, err
	}
	v := &kernel.Portable{
		Kernel: k.Name, Name: pass.PointName(k, point), Entry: m.Entry, Key: gotable.KeyValues(k, point), Tune: gotable.Settings(k, point),
		WGSL: m.Text, Workgroup: u.GroupSize, SharedBytes: u.SharedBytes, Features: u.Features,
		Grid: [3]kernel.Expr{{Number: 1}, {Number: 1}, {Number: 1}}, Foldable: len(u.Kernel.Grid) <= pass.MaxGridDims,
	}
	for _, n := range u.Needs {
		v.Needs = append(v.Needs, kernel.Need{Limit: n.Limit, Least: n.Least})
	}
	for i, g := range u.Kernel.Grid {
		if v.Grid[i], err = size(g); err != nil {
			return nil, fmt.Errorf("%s: grid: %w", v.Name, err)
		}
	}
	for _, b := range u.Kernel.Bindings {
		p, err := portableBinding(b)
		if err != nil {
			return nil, fmt.Errorf("%s: binding %s: %w", v.Name, b.Name, err)
		}
		v.Bindings = append(v.Bindings, p)
	}
	return v, nil
}

func portableBinding(b *ir.Binding) (kernel.PortableBinding, error) {
	elem, _ := b.Type.ElemType()
	p := kernel.PortableBinding{Name: b.Name, Write: b.Access != ir.In, Elem: wgsl.TypeName(elem)}
	if n, ok := b.Uniform.(*ir.Lit); ok {
		p.Uniform = n.Value.Int * int64(elem.Bytes())
	}
	if b.Plane != nil {
		p.Plane = gotable.PlaneRef(b.Plane)
	}
	count, err := size(b.Type.Dims[0])
	p.Bytes = kernel.Expr{Function: "*", Args: []kernel.Expr{count, {Number: uint64(elem.Bytes())}}}
	return p, err
}

// size returns an expression over a kernel's parameters as data. gotable.Check
// has found it to be computable.
func size(e ir.Expr) (kernel.Expr, error) {
	call := func(function string, args ...ir.Expr) (kernel.Expr, error) {
		out := kernel.Expr{Function: function}
		for _, a := range args {
			x, err := size(a)
			if err != nil {
				return out, err
			}
			out.Args = append(out.Args, x)
		}
		return out, nil
	}
	switch e := e.(type) {
	case *ir.Lit:
		return kernel.Expr{Number: uint64(e.Value.Int)}, nil
	case *ir.Name:
		return kernel.Expr{Name: e.Name}, nil
	case *ir.Call:
		if e.Func == "u32" {
			return size(e.Args[0])
		}
		return call(e.Func, e.Args...)
	case *ir.Binary:
		if e.Op == "=>" {
			return call("||", &ir.Unary{Op: "!", X: e.X}, e.Y)
		}
		return call(e.Op, e.X, e.Y)
	case *ir.Unary:
		return call(e.Op, e.X)
	}
	return kernel.Expr{}, fmt.Errorf("%s is no size", ir.FormatExpr(e))
}
