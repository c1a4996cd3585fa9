package gotable

import (
	"github.com/dave/jennifer/jen"

	"github.com/wgslgen/wgslgen/ir"
)

// wordBytes is the size of a parameter: each is one word of the block.
const wordBytes = 4

var paramTypes = map[string]*jen.Statement{"u32": jen.Uint32(), "i32": jen.Int32(), "f32": jen.Float32()}

// params declares the kernel's parameter block.
func params(f *jen.File, k *ir.Kernel) {
	if len(k.Params) == 0 {
		return
	}
	name := goName(k.Name) + "Params"
	f.Commentf("%s is the parameter block of kernel %s.", name, k.Name)
	f.Type().Id(name).StructFunc(func(g *jen.Group) {
		for i, p := range k.Params {
			g.Id(goName(p.Name)).Add(paramTypes[p.Type.Name]).Commentf("at byte %d", i*wordBytes)
		}
	})
	f.Line()
	f.Comment("Words returns the block as the device reads it.")
	f.Func().Params(jen.Id("p").Id(name)).Id("Words").Params().Index().Uint32().Block(
		jen.Return(jen.Index().Uint32().ValuesFunc(func(g *jen.Group) {
			for _, p := range k.Params {
				g.Add(paramWord(p))
			}
		})),
	)
	f.Line()
}

func paramWord(p *ir.Param) jen.Code {
	field := jen.Id("p").Dot(goName(p.Name))
	switch p.Type.Name {
	case "f32":
		return jen.Qual("math", "Float32bits").Call(field)
	case "i32":
		return jen.Uint32().Call(field)
	}
	return field
}

// paramTable lists the parameters for a kernel.Table.
func paramTable(k *ir.Kernel) *jen.Statement {
	list := make([]jen.Code, len(k.Params))
	for i, p := range k.Params {
		list[i] = fields(
			field{"Name", jen.Lit(p.Name)},
			field{"Type", jen.Lit(p.Type.Name)},
			field{"Offset", jen.Lit(i * wordBytes)},
		)
	}
	return jen.Index().Qual(kernelPath, "Param").Add(lines(list))
}
