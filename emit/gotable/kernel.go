package gotable

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// Kernel declares a kernel's key, its parameter block and its table. Its
// variants have passed Check.
func Kernel(pkg string, k *ir.Kernel, variants []Variant) []byte {
	f := newFile(pkg)
	constants(f, k)
	key(f, k)
	params(f, k)
	t := &table{kernel: k, sizes: newSizes(k), names: map[string]string{}, shared: map[string][]jen.Code{}}
	list := make([]jen.Code, len(variants))
	for i, v := range variants {
		list[i] = t.variant(v)
	}
	f.Commentf("%s is kernel %s: %s.", goName(k.Name), k.Name, k.Doc)
	f.Var().Id(goName(k.Name)).Op("=").Op("&").Qual(kernelPath, "Table").Values(jen.Line().
		Id("Kernel").Op(":").Lit(k.Name).Op(",").Line().
		Id("Doc").Op(":").Lit(k.Doc).Op(",").Line().
		Id("Axes").Op(":").Add(axisNames(k)).Op(",").Line().
		Id("Params").Op(":").Add(paramTable(k)).Op(",").Line().
		Id("Variants").Op(":").Index().Op("*").Qual(kernelPath, "Variant").Add(lines(list)).Op(",").Line())
	for _, kind := range []string{tuneKind, gridKind, bindingsKind, bytesKind} {
		for _, code := range t.shared[kind] {
			f.Line()
			f.Add(code)
		}
	}
	return render(f)
}

func axisNames(k *ir.Kernel) jen.Code {
	var names []string
	for _, a := range variantAxes(k) {
		names = append(names, a.Name)
	}
	return stringSlice(names)
}

func stringSlice(list []string) *jen.Statement {
	return jen.Index().String().ValuesFunc(func(g *jen.Group) {
		for _, s := range list {
			g.Lit(s)
		}
	})
}

// lines is a composite literal's elements, one a line.
func lines(list []jen.Code) *jen.Statement {
	return jen.ValuesFunc(func(g *jen.Group) {
		for _, c := range list {
			g.Line().Add(c)
		}
		g.Line()
	})
}

// table gathers what variants share: equal functions and lists are declared
// once, and the variants name them.
type table struct {
	kernel *ir.Kernel
	sizes  *sizes
	names  map[string]string     // of a shared declaration, by its text
	shared map[string][]jen.Code // declarations by kind
}

// The kinds of shared declarations.
const (
	tuneKind     = "Tune"
	gridKind     = "Grid"
	bindingsKind = "Bindings"
	bytesKind    = "Bytes"
)

// share declares code under a name made of the kernel's and kind, unless equal
// code is declared already, and returns the name.
func (t *table) share(kind string, declare func(name string) *jen.Statement) jen.Code {
	text := declare(kind).GoString()
	name, ok := t.names[text]
	if !ok {
		name = fmt.Sprintf("%s%s%d", unexported(t.kernel.Name), kind, len(t.shared[kind]))
		t.names[text] = name
		t.shared[kind] = append(t.shared[kind], declare(name))
	}
	return jen.Id(name)
}

func unexported(name string) string {
	s := goName(name)
	return strings.ToLower(s[:1]) + s[1:]
}

func (t *table) variant(v Variant) jen.Code {
	u := v.Unit
	list := []field{
		{"Name", jen.Lit(v.Name)},
		{"Entry", jen.Lit(v.Entry)},
		{"Ship", jen.Lit(v.Ship)},
		{"Key", stringSlice(KeyValues(t.kernel, u.Point))},
	}
	if tune := t.tune(u); tune != nil {
		list = append(list, field{"Tune", tune})
	}
	list = append(list,
		field{"Module", jen.Id("module")}, // and no closure: tables need no code to be made
		field{"Bindings", t.bindings(u)},
		field{"Workgroup", jen.Lit(u.GroupSize)},
	)
	if u.SharedBytes > 0 {
		list = append(list, field{"SharedBytes", jen.Lit(u.SharedBytes)})
	}
	if len(u.Features) > 0 {
		list = append(list, field{"Features", stringSlice(u.Features)})
	}
	if len(u.Needs) > 0 {
		list = append(list, field{"Needs", needs(u)})
	}
	list = append(list, field{"Grid", t.grid(u)})
	if len(u.Kernel.Grid) <= pass.MaxGridDims {
		list = append(list, field{"Foldable", jen.True()})
	}
	return fields(list...)
}

// KeyValues returns a point's values of the variant axes, in their order.
func KeyValues(k *ir.Kernel, p ir.Point) []string {
	var values []string
	for _, a := range variantAxes(k) {
		values = append(values, p[a.Name].String())
	}
	return values
}

// Settings returns a point's values of the tuning axes.
func Settings(k *ir.Kernel, p ir.Point) (settings []kernel.Setting) {
	for _, a := range k.Axes {
		if a.Tune {
			settings = append(settings, kernel.Setting{Axis: a.Name, Value: p[a.Name].String()})
		}
	}
	return settings
}

func (t *table) tune(u *pass.Unit) jen.Code {
	var settings []jen.Code
	for _, s := range Settings(t.kernel, u.Point) {
		settings = append(settings, fields(field{"Axis", jen.Lit(s.Axis)}, field{"Value", jen.Lit(s.Value)}))
	}
	if len(settings) == 0 {
		return nil
	}
	return t.share(tuneKind, func(name string) *jen.Statement {
		return jen.Var().Id(name).Op("=").Index().Qual(kernelPath, "Setting").Values(settings...)
	})
}

func needs(u *pass.Unit) jen.Code {
	return jen.Index().Qual(kernelPath, "Need").ValuesFunc(func(g *jen.Group) {
		for _, n := range u.Needs {
			g.Add(fields(field{"Limit", jen.Lit(n.Limit)}, field{"Least", jen.Lit(int(n.Least))}))
		}
	})
}

// grid returns the function that computes the workgroups; dimensions that the
// kernel leaves out are 1.
func (t *table) grid(u *pass.Unit) jen.Code {
	dims := []jen.Code{jen.Lit(1), jen.Lit(1), jen.Lit(1)}
	for i, g := range u.Kernel.Grid {
		dims[i] = t.sizes.expr(g)
	}
	return t.share(gridKind, func(name string) *jen.Statement {
		return jen.Func().Id(name).Params(jen.Id("p").Index().Uint32()).Index(jen.Lit(3)).Uint64().Block(
			jen.Return(jen.Index(jen.Lit(3)).Uint64().Values(dims...)))
	})
}
