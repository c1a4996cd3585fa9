package pass

import (
	"fmt"
	"slices"

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

// CheckDecls reports what is wrong with declarations at any point: names
// declared twice, axes without values, settings of axes or values that there
// are not, constraints that leave no point, formats that don't add up.
func CheckDecls(lib *ir.Library) error {
	var errs ir.Errors
	for _, f := range lib.Formats() {
		checkFormat(f, &errs)
	}
	for _, k := range lib.Kernels() {
		checkNames(k, &errs)
		checkAxes(lib, k, &errs)
	}
	if len(errs) > 0 {
		return errs.Err()
	}
	for _, k := range lib.Kernels() {
		some := false
		err := Points(lib, k, func(ir.Point, []Need) bool { some = true; return false })
		if err != nil {
			return err
		}
		if !some {
			pos := k.Pos
			if len(k.Where) > 0 {
				pos = k.Where[0].ExprPos()
			}
			errs.Addf(pos, "the where clauses of kernel %s leave no point", k.Name)
		}
	}
	return errs.Err()
}

func checkNames(k *ir.Kernel, errs *ir.Errors) {
	seen := map[string]ir.Pos{}
	add := func(pos ir.Pos, name string) {
		if first, ok := seen[name]; ok {
			errs.Addf(pos, "%s is declared twice, first at %v", name, first)
			return
		}
		seen[name] = pos
	}
	for _, p := range k.Params {
		add(p.Pos, p.Name)
	}
	for _, a := range k.Axes {
		add(a.Pos, a.Name)
		for _, v := range a.Values {
			for _, p := range k.Params {
				if v.Kind == ir.WordKind && v.Word == p.Name {
					errs.Addf(a.Pos, "value %s of axis %s is also the name of a parameter", v.Word, a.Name)
				}
			}
		}
	}
	for _, l := range k.Lets {
		add(l.Pos, l.Name)
	}
	for _, b := range k.Bindings {
		add(b.Pos, b.Name)
	}
	for _, s := range k.Shared {
		add(s.Pos, s.Name)
	}
}

func checkAxes(lib *ir.Library, k *ir.Kernel, errs *ir.Errors) {
	for _, a := range k.Axes {
		if len(Values(lib, a)) == 0 {
			errs.Addf(a.Pos, "axis %s has no values", a.Name)
		}
	}
	for _, s := range k.Ships {
		set := map[string]bool{}
		for _, st := range s.Settings {
			a := k.Axis(st.Axis)
			if a == nil {
				errs.Addf(st.Pos, "kernel %s has no axis %s", k.Name, st.Axis)
				continue
			}
			if set[st.Axis] {
				errs.Addf(st.Pos, "%s is set twice", st.Axis)
			}
			set[st.Axis] = true
			for _, v := range st.Values {
				if !slices.Contains(Values(lib, a), v) {
					errs.Addf(st.Pos, "%v is no value of axis %s", v, st.Axis)
				}
			}
		}
		for _, a := range k.Axes {
			if a.Tune && !set[a.Name] {
				errs.Addf(s.Pos, "ship %s does not set the tuning axis %s", s.Name, a.Name)
			}
		}
	}
}

func checkFormat(f *ir.Format, errs *ir.Errors) {
	if f.Block < 1 || f.Chunk < 4 || f.Block%f.Chunk != 0 || f.Chunk%4 != 0 {
		errs.Addf(f.Pos, "format %s: a block of %d must be whole chunks, and a chunk of %d whole vec4s", f.Name, f.Block, f.Chunk)
	}
	if f.FileBlock < 1 || f.Block%max(f.FileBlock, 1) != 0 {
		errs.Addf(f.Pos, "format %s: a block of %d must be whole blocks of %d of the file", f.Name, f.Block, f.FileBlock)
	}
	if f.BlockBytes < 1 {
		errs.Addf(f.Pos, "format %s: a block has no bytes", f.Name)
	}
	for _, p := range f.Planes {
		t, err := p.Type.ArrayType()
		switch {
		case err != nil:
			*errs = append(*errs, err)
		case t.Rank > 1 || !(t == ir.ScalarType(ir.F16) || t.Scalar == ir.U32 && (t.Rank == 0 && t.Lanes == 1 || t.Rank == 1 && t.Lanes == 4)):
			errs.Addf(p.Type.Pos, "a plane holds f16, u32 or vec4<u32>[n] a block, not %v", t)
		}
		if p.From < 0 || p.From >= f.BlockBytes || p.To <= p.From {
			errs.Addf(p.Pos, "plane %s: bytes %d .. %d lie outside the block of %d bytes", p.Name, p.From, p.To, f.BlockBytes)
		}
		if have, want := (p.To-p.From)*(f.Block/max(f.FileBlock, 1)), UnitBytes(t)*t.Len(); err == nil && have != want {
			errs.Addf(p.Pos, "plane %s: a record of %v has %d bytes, but %d come from the file", p.Name, t, want, have)
		}
	}
	for _, name := range []string{"quad", "dot"} {
		if f.Func(name) == nil {
			errs.Addf(f.Pos, "format %s has no function %s", f.Name, name)
		}
	}
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
