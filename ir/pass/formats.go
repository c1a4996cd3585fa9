package pass

import (
	"github.com/wgslgen/wgslgen/ir"
)

// bindings replaces each weight binding by one binding a plane of its format,
// of shape [rows, blocks] and the plane's own dimensions.
func (in *inliner) bindings(list []*ir.Binding) []*ir.Binding {
	var out []*ir.Binding
	for _, b := range list {
		_, f := in.unit.weight(b.Name)
		if f == nil {
			in.used[b.Name] = true
			out = append(out, b)
			continue
		}
		if len(b.Type.Dims) != 2 {
			in.errs.Addf(b.Pos, "weights %s must have two dimensions, rows and columns, not %d", b.Name, len(b.Type.Dims))
			continue
		}
		interleave := int64(1)
		if b.Interleave != nil {
			n, ok := constantInt(b.Interleave)
			if !ok || n < 1 || n&(n-1) != 0 {
				in.errs.Addf(b.Interleave.ExprPos(), "interleave must be a constant power of two")
				continue
			}
			interleave = n
		}
		texels := int64(0)
		if b.Texels != nil {
			n, ok := constantInt(b.Texels)
			if !ok || n < 0 || n > 1 {
				in.errs.Addf(b.Texels.ExprPos(), "texels must be a constant: 1 for textures, 0 for storage buffers")
				continue
			}
			texels = n
		}
		rows, cols := b.Type.Dims[0], b.Type.Dims[1]
		blocks := fold(ir.NewBinary(cols.ExprPos(), "/", cols, ir.NewInt(cols.ExprPos(), int64(f.Block))))
		for _, p := range f.Planes {
			t := *ir.RewriteType(p.Type, ir.CloneExpr)
			t.Dims = append([]ir.Expr{rows, blocks}, t.Dims...)
			name := b.Name + "_" + p.Name
			in.used[name] = true
			out = append(out, &ir.Binding{
				Pos: b.Pos, Access: b.Access, Name: name, Type: &t, Interleave: ir.NewInt(b.Pos, interleave),
				Plane: &ir.PlaneOf{Weight: b.Name, Format: f, Plane: p, Interleave: int(interleave), Texels: texels == 1},
			})
		}
	}
	return out
}

// record is the place in a weight binding that a format's function reads: a row
// and a block of it.
type record struct {
	format *ir.Format
	planes map[string]*ir.Index // binding[row, block], by the plane's name
}

// plane returns what a plane's name stands for; nil if it is none.
func (r *record) plane(name string) *ir.Index {
	if r == nil {
		return nil
	}
	return r.planes[name]
}

// withinName stands for the chunk within its block while arguments are bound;
// no name of a source has a space.
const withinName = "chunk within block"

// formatCall inlines w.quad(row, chunk, j) or w.dot(row, chunk, xs): the
// format's function with its planes bound to the row and the block that the
// chunk lies in, and the chunk counted within that block.
func (in *inliner) formatCall(e *ir.Call, sc scope) ir.Expr {
	zero := ir.NewInt(e.Pos, 0)
	recv, ok := e.Recv.(*ir.Name)
	if !ok {
		in.errs.Addf(e.Pos, "only a weight binding has functions")
		return zero
	}
	_, f := in.unit.weight(recv.Name)
	if f == nil {
		in.errs.Addf(e.Pos, "%s is no weight binding", recv.Name)
		return zero
	}
	fn := f.Func(e.Func)
	if fn == nil || len(fn.Params) == 0 {
		in.errs.Addf(e.Pos, "format %s has no function %s", f.Name, e.Func)
		return zero
	}
	if len(e.Args) < 2 {
		in.errs.Addf(e.Pos, "%s takes a row first", e.Func)
		return zero
	}
	unit := int64(f.Block / f.Chunk)
	row := in.hold(in.expr(e.Args[0], sc), "row")
	at := in.hold(in.expr(e.Args[1], sc), "at")
	block := in.hold(fold(ir.NewBinary(e.Pos, "/", at, ir.NewInt(e.Pos, unit))), "block")
	within := ir.Expr(zero)
	if unit > 1 {
		within = in.hold(fold(ir.NewBinary(e.Pos, "%", at, ir.NewInt(e.Pos, unit))), "part")
	}

	r := &record{format: f, planes: map[string]*ir.Index{}}
	for _, p := range f.Planes {
		r.planes[p.Name] = ir.NewIndex(e.Pos, ir.NewName(e.Pos, recv.Name+"_"+p.Name), row, block)
	}
	args := sc.nested() // the chunk is in terms of the output already: it goes by a name
	args.names[withinName] = within
	list := append([]ir.Expr{ir.NewName(e.Pos, withinName)}, e.Args[2:]...)
	if x := in.call(fn, e, list, newScope(r), args); x != nil {
		return x
	}
	in.errs.Addf(e.Pos, "%s of format %s has no result", e.Func, f.Name)
	return zero
}
