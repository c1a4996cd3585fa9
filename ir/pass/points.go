package pass

import (
	"fmt"

	"github.com/wgslgen/wgslgen/ir"
)

// Shipped is a point that generate writes, under the name of its ship clause.
type Shipped struct {
	Ship  string
	Point ir.Point
	Needs []Need
}

// Values returns an axis's values: its own, or every storage format.
func Values(lib *ir.Library, a *ir.Axis) []ir.Value {
	if !a.Formats {
		return a.Values
	}
	var vs []ir.Value
	for _, f := range lib.Formats() {
		vs = append(vs, ir.WordValue(f.Name))
	}
	return vs
}

// Points calls f with every point that the kernel's where clauses admit, in
// the order of its axes and their values. f returning false ends it.
func Points(lib *ir.Library, k *ir.Kernel, f func(ir.Point, []Need) bool) error {
	return product(lib, k, func(a *ir.Axis) []ir.Value { return Values(lib, a) }, f)
}

// PointsAt calls f with those of the points that agree with given.
func PointsAt(lib *ir.Library, k *ir.Kernel, given ir.Point, f func(ir.Point, []Need) bool) error {
	return product(lib, k, func(a *ir.Axis) []ir.Value {
		if v, ok := given[a.Name]; ok {
			return []ir.Value{v}
		}
		return Values(lib, a)
	}, f)
}

// product walks the admitted points of a choice of values an axis.
func product(lib *ir.Library, k *ir.Kernel, choice func(*ir.Axis) []ir.Value, f func(ir.Point, []Need) bool) error {
	var walk func(i int, p ir.Point) (bool, error)
	walk = func(i int, p ir.Point) (bool, error) {
		if i == len(k.Axes) {
			ok, needs, err := Admits(lib, k, p)
			if err != nil || !ok {
				return err == nil, err
			}
			c := ir.Point{}
			for n, v := range p {
				c[n] = v
			}
			return f(c, needs), nil
		}
		for _, v := range choice(k.Axes[i]) {
			p[k.Axes[i].Name] = v
			if more, err := walk(i+1, p); err != nil || !more {
				return false, err
			}
		}
		return true, nil
	}
	_, err := walk(0, ir.Point{})
	return err
}

// ShippedPoints returns the points of a kernel's ship clauses, each once, in
// the order of the clauses: the order in which a dispatcher prefers them.
func ShippedPoints(lib *ir.Library, k *ir.Kernel) ([]Shipped, error) {
	var out []Shipped
	var errs ir.Errors
	seen := map[string]bool{}
	for _, ship := range k.Ships {
		some := false
		err := product(lib, k, func(a *ir.Axis) []ir.Value {
			for _, s := range ship.Settings {
				if s.Axis == a.Name {
					return s.Values
				}
			}
			return Values(lib, a)
		}, func(p ir.Point, needs []Need) bool {
			some = true
			if key := PointString(k, p); !seen[key] {
				seen[key] = true
				out = append(out, Shipped{ship.Name, p, needs})
			}
			return true
		})
		if err != nil {
			return nil, err
		}
		if !some {
			errs.Addf(ship.Pos, "ship %s leaves no point of kernel %s: its where clauses exclude all", ship.Name, k.Name)
		}
	}
	return out, errs.Err()
}

// UnitBytes is the size of a plane's element as stored: of an f16, a u32, or a
// vec4<u32>.
func UnitBytes(t ir.Type) int {
	if t.Scalar == ir.F16 {
		return 2 * t.Lanes
	}
	return 4 * t.Lanes
}

// VariantName names a shipped point as a file would be: kernel, the values of
// its variant axes and of the tuning axes of which its ship has several, and
// the ship clause.
func VariantName(k *ir.Kernel, s Shipped) string {
	name := k.Name
	for _, a := range k.Axes {
		if !a.Tune || shipsSeveral(k, s.Ship, a.Name) {
			name += fmt.Sprintf("_%v", s.Point[a.Name])
		}
	}
	return name + "_" + s.Ship
}

// shipsSeveral reports whether a ship sets an axis to more than one value.
func shipsSeveral(k *ir.Kernel, ship, axis string) bool {
	for _, s := range k.Ships {
		for _, st := range s.Settings {
			if s.Name == ship && st.Axis == axis && len(st.Values) > 1 {
				return true
			}
		}
	}
	return false
}

// PointName names any point: kernel and the values of all axes.
func PointName(k *ir.Kernel, p ir.Point) string {
	name := k.Name
	for _, a := range k.Axes {
		name += fmt.Sprintf("_%v", p[a.Name])
	}
	return name
}
