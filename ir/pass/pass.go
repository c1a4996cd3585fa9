// Package pass turns a generic kernel into one that maps to WGSL line by line: one concern a file, one list for the order.
package pass

import (
	"errors"
	"fmt"

	"github.com/wgslgen/wgslgen/ir"
)

// Unit is a kernel on its way through the passes.
type Unit struct {
	Lib    *ir.Library
	Source *ir.Kernel // generic, never changed
	Point  ir.Point
	Kernel *ir.Kernel // what the passes made of it so far

	Needs       []Need   // demands on the device beside the limits below
	Features    []string // device features that the code uses, sorted
	SharedBytes int
	GroupSize   int // invocations of a workgroup
}

// Pass is one step of the pipeline.
type Pass struct {
	Name string
	Doc  string
	run  func(*Unit) error
}

// Pipeline is every pass in order. After each from check on, the kernel is
// typed anew and so verified.
var Pipeline = []Pass{
	{"specialize", "axes become constants; compile-time branches are taken", specialize},
	{"inline", "functions, format functions and slices become statements with unique names", inline},
	{"elementwise", "statements over whole arrays become loops over their elements", elementwise},
	{"unroll", "unrolled loops are expanded; constants and copies are propagated", unroll}, // before reduce: it needs constant widths
	{"reduce", "sum and maximum become shared-memory trees or subgroup shuffles", reduce},  // before scalarize: it reads whole arrays
	{"scalarize", "private arrays with constant indices become named variables", scalarize},
	{"flatten", "typed, multi-dimensional accesses become loads and stores of words", flatten},
	{"broadcast", "scalars that meet vectors are spread where WGSL wants it said", broadcast},
	{"grid", "grids beyond a dimension's limit fold into z", foldGrid},
	{"tidy", "what is not used goes; single values become lets", tidy}, // after reduce and scalarize, which leave both
	{"share", "equal loads in a block are done once", share},           // after flatten: loads are known by their address
	{"early", "loads of texels stand first in their blocks", early},    // after share, which names them
}

// firstTyped is the pass from which on a kernel can be checked: before it,
// functions are not yet inlined.
const firstTyped = "inline"

// Compile takes a kernel through the pipeline at a point, up to and including
// the pass named stop, or to its end where stop is empty.
func Compile(lib *ir.Library, k *ir.Kernel, point ir.Point, stop string) (u *Unit, err error) {
	at := "start"
	defer func() {
		if r := recover(); r != nil {
			u, err = nil, fmt.Errorf("%s: pass %s broke: %v", Describe(k, point), at, r)
		}
	}()
	ok, needs, err := Admits(lib, k, point)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("kernel %s: its where clauses exclude %s", k.Name, PointString(k, point))
	}
	u = &Unit{Lib: lib, Source: k, Point: point, Needs: needs}
	typed := false
	for _, p := range Pipeline {
		at = p.Name
		if err := p.run(u); err != nil {
			return nil, at1(err, u)
		}
		typed = typed || p.Name == firstTyped
		if typed {
			if err := ir.Check(u.Kernel); err != nil {
				return nil, at1(err, u)
			}
		}
		if p.Name == stop {
			return u, nil
		}
	}
	if stop != "" {
		return nil, fmt.Errorf("no pass is named %s", stop)
	}
	at = "verify"
	if err := verify(u); err != nil {
		return nil, at1(err, u)
	}
	return u, nil
}

// at1 leaves a user's mistakes as they are, and says of other errors where
// they come from.
func at1(err error, u *Unit) error {
	var mistakes ir.Errors
	if errors.As(err, &mistakes) {
		return err
	}
	return fmt.Errorf("%s: %w", Describe(u.Source, u.Point), err)
}

// isWord reports whether name is a value of one of the kernel's axes, or a
// storage format.
func (u *Unit) isWord(name string) bool {
	for _, a := range u.Source.Axes {
		for _, v := range a.Values {
			if v.Kind == ir.WordKind && v.Word == name {
				return true
			}
		}
	}
	return u.Lib.Format(name) != nil
}

// weight returns the binding of that name and its storage format, if it is a
// weight binding: one whose type is an axis over formats, or a format that no
// element type shares its name with.
func (u *Unit) weight(name string) (*ir.Binding, *ir.Format) {
	for _, b := range u.Source.Bindings {
		if b.Name != name {
			continue
		}
		if a := u.Source.Axis(b.Type.Name); a != nil && a.Formats {
			return b, u.Lib.Format(u.Point[a.Name].Word)
		}
		if _, ok := b.Type.ElemType(); !ok {
			if f := u.Lib.Format(b.Type.Name); f != nil {
				return b, f
			}
		}
	}
	return nil, nil
}
