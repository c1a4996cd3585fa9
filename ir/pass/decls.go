package pass

import (
	"slices"

	"github.com/wgslgen/wgslgen/ir"
)

// CheckDecls reports what is wrong with declarations at any point: names
// declared twice, axes without values, settings of axes or values that there
// are not, constraints that leave no point, formats that don't add up.
func CheckDecls(lib *ir.Library) error {
	var errs ir.Errors
	for _, f := range lib.Formats() {
		checkFormat(f, &errs)
	}
	for _, file := range lib.Files {
		for _, d := range file.Decls {
			if f, ok := d.(*ir.Func); ok && ir.Builtins[f.Name] != nil {
				errs.Addf(f.Pos, "function %s has the name of a builtin", f.Name)
			}
		}
	}
	for _, k := range lib.Kernels() {
		checkNames(k, &errs)
		checkLocals(lib, k, &errs)
		checkAxes(lib, k, &errs)
		checkWeights(lib, k, &errs)
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
	}
	for _, l := range k.Lets {
		add(l.Pos, l.Name)
	}
	module := func(pos ir.Pos, name string) {
		add(pos, name)
		if name == k.Name {
			errs.Addf(pos, "%s is also the kernel's name: both are declared in the module", name)
		}
	}
	for _, b := range k.Bindings {
		module(b.Pos, b.Name)
	}
	for _, s := range k.Shared {
		module(s.Pos, s.Name)
	}
	for _, a := range k.Axes {
		for _, v := range a.Values {
			if at, ok := seen[v.Word]; ok && v.Kind == ir.WordKind {
				errs.Addf(a.Pos, "value %s of axis %s is also the name of what is declared at %v", v.Word, a.Name, at)
			}
		}
	}
}

// checkLocals reports locals with a name that stands for a constant in the
// whole kernel: an axis, a value of one, a let of the header, a format.
func checkLocals(lib *ir.Library, k *ir.Kernel, errs *ir.Errors) {
	taken := map[string]string{ir.LowestName: "a constant of the language"}
	for _, f := range lib.Formats() {
		taken[f.Name] = "a storage format"
	}
	for _, a := range k.Axes {
		taken[a.Name] = "an axis"
		for _, v := range a.Values {
			if v.Kind == ir.WordKind {
				taken[v.Word] = "a value of axis " + a.Name
			}
		}
	}
	for _, l := range k.Lets {
		taken[l.Name] = "a let of the kernel"
	}
	check := func(pos ir.Pos, name string) {
		if what, ok := taken[name]; ok {
			errs.Addf(pos, "%s can't be a local name: it is %s", name, what)
		}
	}
	ir.Inspect(k.Body, func(s ir.Stmt) {
		switch s := s.(type) {
		case *ir.Let:
			check(s.Pos, s.Name)
		case *ir.Var:
			check(s.Pos, s.Name)
		case *ir.For:
			check(s.Pos, s.Name)
		case *ir.Stage:
			for _, name := range s.Indices {
				check(s.Pos, name)
			}
		}
	}, nil)
}

// checkWeights reports what only weight bindings can have, and what they can't.
func checkWeights(lib *ir.Library, k *ir.Kernel, errs *ir.Errors) {
	for _, b := range k.Bindings {
		a := k.Axis(b.Type.Name)
		_, plain := b.Type.ElemType()
		weights := a != nil && a.Formats || a == nil && !plain && lib.Format(b.Type.Name) != nil
		switch {
		case weights && b.Access != ir.In:
			errs.Addf(b.Pos, "weights %s can only be read: declare them in", b.Name)
		case weights && b.Uniform != nil:
			errs.Addf(b.Pos, "weights %s can't be read through a uniform buffer", b.Name)
		case !weights && b.Interleave != nil:
			errs.Addf(b.Pos, "%s holds no weights: only their rows interleave", b.Name)
		case !weights && b.Texels != nil:
			errs.Addf(b.Pos, "%s holds no weights: only they are read as texels", b.Name)
		}
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
		case t.Rank > 1 || !(t == ir.ScalarType(ir.F16) || t.Scalar == ir.U32 && (t.Lanes == 1 || t.Rank == 1 && t.Lanes == 4)):
			errs.Addf(p.Type.Pos, "a plane holds f16, u32, u32[n] or vec4<u32>[n] a block, not %v", t)
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
