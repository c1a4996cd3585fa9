package kerneltest

import (
	"fmt"

	"github.com/wgslgen/wgslgen/emit/wgsl"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/interp"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// Variant is a kernel at one point of its axes, ready to run.
type Variant struct {
	Name string
	Unit *pass.Unit

	module  wgsl.Module
	program *interp.Program
}

// Shipped compiles the variants that the library's kernels ship, in the order
// of the kernels and their points: those of every n-th, from the first on.
func Shipped(lib *ir.Library, first, n int) ([]*Variant, error) {
	var out []*Variant
	i := 0
	for _, k := range lib.Kernels() {
		points, err := pass.ShippedPoints(lib, k)
		if err != nil {
			return nil, err
		}
		for _, p := range points {
			if i++; (i-1)%n != first {
				continue
			}
			v, err := Compile(lib, k, p.Point)
			if err != nil {
				return nil, err
			}
			v.Name = pass.VariantName(k, p)
			out = append(out, v)
		}
	}
	return out, nil
}

// Compile compiles a kernel at a point.
func Compile(lib *ir.Library, k *ir.Kernel, point ir.Point) (*Variant, error) {
	u, err := pass.Compile(lib, k, point, "")
	if err != nil {
		return nil, err
	}
	program, err := interp.Compile(u.Kernel)
	if err != nil {
		return nil, fmt.Errorf("kernel %s at %s: %w", k.Name, pass.PointString(k, point), err)
	}
	name := k.Name + " " + pass.PointString(k, point)
	return &Variant{name, u, wgsl.Emit(u), program}, nil
}

// word returns the value of an axis, as text.
func (v *Variant) word(axis string) string {
	value, ok := v.Unit.Point[axis]
	if !ok {
		panic(fmt.Sprintf("kerneltest: kernel %s has no axis %s", v.Unit.Source.Name, axis))
	}
	return value.String()
}

// int returns the value of an axis of numbers.
func (v *Variant) int(axis string) int {
	v.word(axis)
	return int(v.Unit.Point[axis].Int)
}

// halves reports whether a variant multiplies in f16.
func (v *Variant) halves() bool { return v.Unit.Point["math"].Word == "f16" }

// binding returns a binding of the lowered kernel.
func (v *Variant) binding(name string) *ir.Binding {
	for _, b := range v.Unit.Kernel.Bindings {
		if b.Name == name {
			return b
		}
	}
	panic(fmt.Sprintf("kerneltest: variant %s has no binding %s", v.Name, name))
}

// packed reports whether a binding stores f16, two in a word.
func (v *Variant) packed(name string) bool {
	for _, b := range v.Unit.Source.Bindings {
		if b.Name == name {
			for _, of := range []string{b.Type.Name, b.Type.Elem} {
				if of == "f16" || v.Unit.Point[of].Word == "f16" {
					return true
				}
			}
		}
	}
	return false
}

// words returns the size of a binding for some parameters.
func (v *Variant) words(b *ir.Binding, params map[string]uint32) int {
	t, _ := b.Type.ElemType()
	return t.Lanes * int(eval(b.Type.Dims[0], params))
}

// grid returns the workgroups that a kernel wants for some parameters.
func (v *Variant) grid(params map[string]uint32) [3]uint64 {
	out := [3]uint64{1, 1, 1}
	for i, g := range v.Unit.Kernel.Grid {
		out[i] = eval(g, params)
	}
	return out
}

// foldable reports whether a long grid may fold into z.
func (v *Variant) foldable() bool { return len(v.Unit.Kernel.Grid) <= pass.MaxGridDims }

// maxTile bounds the search of tile.
const maxTile = 4096

// tile returns how much of a parameter one workgroup takes: the largest value
// that needs no more workgroups than 1 does. The other parameters are 1.
func (v *Variant) tile(param string) int {
	n, ok := v.tileOf(param)
	if !ok {
		panic(fmt.Sprintf("kerneltest: the grid of %s does not grow with %s", v.Name, param))
	}
	return n
}

// tileOf returns the tile of a parameter, if the grid grows with it.
func (v *Variant) tileOf(param string) (int, bool) {
	params := map[string]uint32{}
	for _, p := range v.Unit.Kernel.Params {
		params[p.Name] = 1
	}
	one := v.grid(params)
	for n := uint32(2); n <= maxTile; n++ {
		params[param] = n
		if v.grid(params) != one {
			return int(n - 1), true
		}
	}
	return 0, false
}
