package gotable

import (
	"github.com/dave/jennifer/jen"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// Formats lists the library's storage formats.
func Formats(pkg string, lib *ir.Library) []byte {
	f := newFile(pkg)
	f.Comment("Formats holds every storage format.")
	f.Var().Id("Formats").Op("=").Index().Op("*").Qual(kernelPath, "Format").ValuesFunc(func(g *jen.Group) {
		for _, fm := range lib.Formats() {
			g.Line().Add(format(fm))
		}
		g.Line()
	})
	return render(f)
}

func format(f *ir.Format) jen.Code {
	return fields(
		field{"Name", jen.Lit(f.Name)},
		field{"GGML", jen.Lit(f.GGML)},
		field{"Block", jen.Lit(f.Block)},
		field{"FileBlock", jen.Lit(f.FileBlock)},
		field{"BlockBytes", jen.Lit(f.BlockBytes)},
		field{"Planes", jen.Index().Qual(kernelPath, "Plane").ValuesFunc(func(g *jen.Group) {
			for _, p := range f.Planes {
				g.Line().Add(plane(p))
			}
			g.Line()
		})},
	)
}

func plane(p *ir.Plane) jen.Code {
	t, err := p.Type.ArrayType()
	if err != nil {
		panic(err) // CheckDecls let it through
	}
	return fields(
		field{"Name", jen.Lit(p.Name)},
		field{"From", jen.Lit(p.From)},
		field{"To", jen.Lit(p.To)},
		field{"UnitBytes", jen.Lit(pass.UnitBytes(t))},
		field{"Units", jen.Lit(t.Len())},
	)
}

// field is a field of a composite literal; jen.Dict would sort them by name.
type field struct {
	name  string
	value jen.Code
}

func fields(list ...field) *jen.Statement {
	return jen.ValuesFunc(func(g *jen.Group) {
		for _, f := range list {
			g.Id(f.name).Op(":").Add(f.value)
		}
	})
}
