package gotable

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/wgslgen/wgslgen/emit/wgsl"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// bindings returns the list of a variant's storage buffers.
func (t *table) bindings(u *pass.Unit) jen.Code {
	list := make([]jen.Code, len(u.Kernel.Bindings))
	for i, b := range u.Kernel.Bindings {
		list[i] = t.binding(b)
	}
	return t.share(bindingsKind, func(name string) *jen.Statement {
		return jen.Var().Id(name).Op("=").Index().Qual(kernelPath, "Binding").Add(lines(list))
	})
}

func (t *table) binding(b *ir.Binding) jen.Code {
	elem, _ := b.Type.ElemType()
	list := []field{{"Name", jen.Lit(b.Name)}}
	if b.Access != ir.In {
		list = append(list, field{"Write", jen.True()})
	}
	list = append(list, field{"Elem", jen.Lit(wgsl.TypeName(elem))})
	if n, ok := b.Uniform.(*ir.Lit); ok {
		list = append(list, field{"Uniform", jen.Lit(int(n.Value.Int) * elem.Bytes())})
	}
	list = append(list, field{"Bytes", t.bytes(b, elem)})
	if p := b.Plane; p != nil {
		list = append(list, field{"Plane", planeRef(p)})
	}
	return fields(list...)
}

// PlaneRef returns which plane of which weights a buffer is.
func PlaneRef(p *ir.PlaneOf) *kernel.PlaneRef {
	return &kernel.PlaneRef{Weight: p.Weight, Format: p.Format.Name, Plane: slices.Index(p.Format.Planes, p.Plane), Interleave: p.Interleave, Texels: p.Texels}
}

func planeRef(p *ir.PlaneOf) jen.Code {
	ref := PlaneRef(p)
	list := []field{
		{"Weight", jen.Lit(ref.Weight)},
		{"Format", jen.Lit(ref.Format)},
		{"Plane", jen.Lit(ref.Plane)},
		{"Interleave", jen.Lit(ref.Interleave)},
	}
	if ref.Texels {
		list = append(list, field{"Texels", jen.True()})
	}
	return jen.Op("&").Qual(kernelPath, "PlaneRef").Add(fields(list...))
}

// bytes returns the function that computes the least size of a binding, which
// has one dimension by now.
func (t *table) bytes(b *ir.Binding, elem ir.Type) jen.Code {
	size := t.sizes.operand(b.Type.Dims[0], ir.Precedence("*"))
	return t.share(bytesKind, func(name string) *jen.Statement {
		return jen.Func().Id(name).Params(jen.Id("p").Index().Uint32()).Int64().Block(
			jen.Return(jen.Int64().Call(size.Clone().Op("*").Lit(elem.Bytes()))))
	})
}
