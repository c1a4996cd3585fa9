package gotable

import (
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/wgslgen/wgslgen/ir"
)

// variantAxes returns the axes that a key has: those that are not tuned.
func variantAxes(k *ir.Kernel) []*ir.Axis {
	return slices.DeleteFunc(slices.Clone(k.Axes), func(a *ir.Axis) bool { return a.Tune })
}

// keyField is how an axis appears in a key.
type keyField uint8

const (
	wordField keyField = iota // string, "" for any
	intField                  // int, 0 for any
	anyField                  // kernel.Int: 0 is one of the values
)

func fieldOf(a *ir.Axis) keyField {
	field := intField
	for _, v := range a.Values {
		switch {
		case v.Kind != ir.IntKind:
			return wordField
		case v.Int == 0:
			field = anyField
		}
	}
	if a.Formats {
		return wordField
	}
	return field
}

// wordsWithConstants returns an axis's words that get named constants: all,
// unless all of them are types that everyone spells alike.
func wordsWithConstants(a *ir.Axis) []string {
	var words []string
	named := false
	for _, v := range a.Values {
		if v.Kind == ir.WordKind {
			words = append(words, v.Word)
			named = named || !isTypeName(v.Word)
		}
	}
	if !named {
		return nil
	}
	return words
}

func isTypeName(word string) bool {
	_, ok := (&ir.TypeExpr{Name: word}).ElemType()
	return ok
}

func constantName(k *ir.Kernel, a *ir.Axis, word string) string {
	return goName(k.Name) + goName(a.Name) + goName(word)
}

// constants declares the words of the variant axes.
func constants(f *jen.File, k *ir.Kernel) {
	for _, a := range variantAxes(k) {
		words := wordsWithConstants(a)
		if len(words) == 0 {
			continue
		}
		f.Commentf("Values of axis %s of kernel %s.", a.Name, k.Name)
		f.Const().DefsFunc(func(g *jen.Group) {
			for _, w := range words {
				g.Id(constantName(k, a, w)).Op("=").Lit(w)
			}
		})
		f.Line()
	}
}

// key declares the kernel's key type.
func key(f *jen.File, k *ir.Kernel) {
	name := goName(k.Name) + "Key"
	axes := variantAxes(k)
	f.Commentf("%s chooses among the variants of kernel %s; a zero field matches any value.", name, k.Name)
	f.Type().Id(name).StructFunc(func(g *jen.Group) {
		for _, a := range axes {
			g.Id(goName(a.Name)).Add(fieldType(a)).Comment(fieldDoc(a))
		}
	})
	f.Line()
	f.Commentf("Values returns the key in the order of %s.Axes.", goName(k.Name))
	f.Func().Params(jen.Id("k").Id(name)).Id("Values").Params().Index().String().Block(
		jen.Return(jen.Index().String().ValuesFunc(func(g *jen.Group) {
			for _, a := range axes {
				g.Add(fieldKey(a))
			}
		})),
	)
	f.Line()
}

func fieldType(a *ir.Axis) jen.Code {
	switch fieldOf(a) {
	case intField:
		return jen.Int()
	case anyField:
		return jen.Qual(kernelPath, "Int")
	}
	return jen.String()
}

func fieldDoc(a *ir.Axis) string {
	if a.Formats {
		return "a name of Formats"
	}
	values := make([]string, len(a.Values))
	for i, v := range a.Values {
		values[i] = v.String()
	}
	return strings.Join(values, ", ")
}

func fieldKey(a *ir.Axis) jen.Code {
	field := jen.Id("k").Dot(goName(a.Name))
	switch fieldOf(a) {
	case intField:
		return jen.Qual(kernelPath, "KeyInt").Call(field)
	case anyField:
		return field.Dot("Key").Call()
	}
	return field
}
