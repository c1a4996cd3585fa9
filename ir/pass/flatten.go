package pass

import (
	"slices"

	"github.com/wgslgen/wgslgen/ir"
)

// flatten turns accesses to bindings, shared and private arrays into accesses
// with one index, and typed elements into the words they are stored as: f16
// pairs in u32, q8_0 as bytes with their scales, rows of a plane interleaved.
func flatten(u *Unit) error {
	k := *u.Kernel
	f := &flattener{bindings: map[string]*ir.Binding{}, arrays: map[string]ir.Type{}}
	k.Bindings = nil
	for _, b := range u.Kernel.Bindings {
		f.bindings[b.Name] = b
		k.Bindings = append(k.Bindings, flatBinding(b))
	}
	k.Shared = nil
	for _, s := range u.Kernel.Shared {
		t, err := s.Type.ArrayType()
		if err != nil {
			return err
		}
		f.arrays[s.Name] = t
		c := *s
		c.Type = flatArray(s.Type.Pos, t)
		k.Shared = append(k.Shared, &c)
	}
	ir.Inspect(k.Body, func(s ir.Stmt) {
		if v, ok := s.(*ir.Var); ok && v.Type != nil && len(v.Type.Dims) > 1 {
			if t, err := v.Type.ArrayType(); err == nil {
				f.arrays[v.Name] = t
			}
		}
	}, nil)
	k.Body = f.block(k.Body)
	u.Kernel = &k
	return f.errs.Err()
}

type flattener struct {
	bindings map[string]*ir.Binding
	arrays   map[string]ir.Type // shared and private arrays
	errs     ir.Errors
}

// word returns the type of the words that elements of t are stored in, and how
// many elements share one.
func word(t ir.Type) (w ir.Type, share int) {
	switch {
	case t.Scalar == ir.Q8_0:
		return ir.U32Type, 1
	case t.Scalar != ir.F16:
		return t, 1
	case t.Lanes == 4:
		return ir.VecType(ir.U32, 2), 1
	}
	return ir.U32Type, 3 - t.Lanes // f16: two a word; vec2<f16>: one
}

// flatBinding gives a binding one dimension, in words.
func flatBinding(b *ir.Binding) *ir.Binding {
	c := *b
	t, _ := b.Type.ElemType()
	w, share := word(t)
	pos := b.Type.Pos
	dims := wordDims(b)
	size := ir.CloneExpr(dims[0])
	if b.Plane != nil && b.Plane.Interleave > 1 {
		n := ir.NewInt(pos, int64(b.Plane.Interleave))
		size = fold(ir.NewBinary(pos, "*", fold(ir.NewCall(pos, "ceildiv", size, n)), n))
	}
	for _, d := range dims[1:] {
		size = fold(ir.NewBinary(pos, "*", size, d))
	}
	if share > 1 {
		size = fold(ir.NewCall(pos, "ceildiv", size, ir.NewInt(pos, int64(share))))
	}
	c.Type = ir.NewTypeExpr(pos, w)
	c.Type.Dims = []ir.Expr{size}
	c.Interleave, c.Texels = nil, nil
	return &c
}

// scaledQuads is how many vec4<q8_0> share a scale, an f32: they follow the
// row's bytes.
const scaledQuads = 8

// wordDims returns a binding's dimensions, with the last one in words where
// its elements do not have one each.
func wordDims(b *ir.Binding) []ir.Expr {
	t, _ := b.Type.ElemType()
	if t.Scalar != ir.Q8_0 {
		return b.Type.Dims
	}
	dims := slices.Clone(b.Type.Dims)
	last := &dims[len(dims)-1]
	pos := (*last).ExprPos()
	scales := fold(ir.NewCall(pos, "ceildiv", ir.CloneExpr(*last), ir.NewInt(pos, scaledQuads)))
	*last = arith(pos, "+", ir.CloneExpr(*last), ir.WithType(scales, ir.U32Type))
	return dims
}

func flatArray(pos ir.Pos, t ir.Type) *ir.TypeExpr {
	n := t.Len()
	t.Rank, t.Dims = 1, [3]int{n}
	return ir.NewTypeExpr(pos, t)
}

func (f *flattener) block(list []ir.Stmt) []ir.Stmt {
	var out []ir.Stmt
	for _, s := range list {
		switch s := s.(type) {
		case *ir.If:
			c := *s
			c.Cond, c.Then, c.Else = f.expr(s.Cond), f.block(s.Then), f.block(s.Else)
			out = append(out, &c)
		case *ir.For:
			c := *s
			c.From, c.To, c.By, c.Body = f.expr(s.From), f.expr(s.To), f.expr(s.By), f.block(s.Body)
			out = append(out, &c)
		case *ir.Assign:
			out = append(out, f.store(s))
		case *ir.Var:
			c := *s
			c.Init = f.expr(s.Init)
			if t, ok := f.arrays[s.Name]; ok {
				c.Type = flatArray(s.Type.Pos, t)
			}
			out = append(out, &c)
		default:
			out = append(out, ir.RewriteStmts([]ir.Stmt{s}, nil, f.load)...)
		}
	}
	return out
}

func (f *flattener) expr(e ir.Expr) ir.Expr { return ir.RewriteExpr(e, f.load) }

// load rewrites one access whose parts are rewritten already.
func (f *flattener) load(e ir.Expr) ir.Expr {
	ix, ok := e.(*ir.Index)
	if !ok {
		return e
	}
	n, ok := ix.X.(*ir.Name)
	if !ok {
		return e
	}
	if t, ok := f.arrays[n.Name]; ok {
		return ir.WithType(ir.NewIndex(ix.Pos, n, linear(ix.Pos, ix.Indices, constantDims(ix.Pos, t))), ix.Type())
	}
	b := f.bindings[n.Name]
	if b == nil {
		return e
	}
	return f.loadBinding(ix, n, b)
}

func (f *flattener) loadBinding(ix *ir.Index, n *ir.Name, b *ir.Binding) ir.Expr {
	pos := ix.Pos
	t, _ := b.Type.ElemType()
	at := f.address(ix, b)
	switch {
	case t.Scalar == ir.Q8_0:
		return f.loadBytes(ix, n, b, at)
	case t.Scalar != ir.F16:
		return ir.WithType(ir.NewIndex(pos, n, at), ix.Type())
	case t.Lanes == 1:
		half := ir.NewBinary(pos, "&", at, ir.NewInt(pos, 1))
		w := ir.NewIndex(pos, n, ir.NewBinary(pos, ">>", ir.CloneExpr(at), ir.NewInt(pos, 1)))
		shift := ir.NewBinary(pos, "<<", half, ir.NewInt(pos, 4))
		return ir.NewMember(pos, ir.NewCall(pos, "unpack_f16", ir.NewBinary(pos, ">>", w, shift)), "x")
	case t.Lanes == 2:
		return ir.NewCall(pos, "unpack_f16", ir.NewIndex(pos, n, at))
	}
	w := ir.NewIndex(pos, n, at)
	return ir.NewCall(pos, "vec4",
		ir.NewCall(pos, "unpack_f16", ir.NewMember(pos, w, "x")),
		ir.NewCall(pos, "unpack_f16", ir.NewMember(pos, ir.CloneExpr(w), "y")))
}

// loadBytes loads a vec4<q8_0>: the signed bytes of the word at a place, times
// the scale of their block.
func (f *flattener) loadBytes(ix *ir.Index, n *ir.Name, b *ir.Binding, at ir.Expr) ir.Expr {
	pos := ix.Pos
	num := func(i int64) ir.Expr { return ir.NewInt(pos, i) }
	d := ix.Indices[len(ix.Indices)-1]
	block := arith(pos, "/", ir.CloneExpr(d), num(scaledQuads))
	row := append(slices.Clone(ix.Indices[:len(ix.Indices)-1]), b.Type.Dims[len(b.Type.Dims)-1])
	scale := ir.NewCall(pos, "bits_f32", ir.NewIndex(pos, n, arith(pos, "+", linear(pos, row, wordDims(b)), block)))
	var lanes []ir.Expr
	for left := int64(24); left >= 0; left -= 8 {
		word := ir.NewCall(pos, "bits_i32", ir.NewIndex(pos, ir.CloneExpr(n), ir.CloneExpr(at)))
		lanes = append(lanes, fold(ir.NewBinary(pos, "<<", word, num(left))))
	}
	bytes := ir.NewBinary(pos, ">>", ir.NewCall(pos, "vec4i", lanes...), num(24))
	return ir.NewBinary(pos, "*", ir.NewCall(pos, "f32", bytes), scale)
}

// address returns the element's place: row-major, or, for a plane whose rows
// interleave, with the same element of a group of rows side by side.
func (f *flattener) address(ix *ir.Index, b *ir.Binding) ir.Expr {
	pos := ix.Pos
	if b.Plane == nil || b.Plane.Interleave == 1 {
		return linear(pos, ix.Indices, wordDims(b))
	}
	n, row := ir.NewInt(pos, int64(b.Plane.Interleave)), ix.Indices[0]
	group := arith(pos, "/", row, n)
	at := linear(pos, append([]ir.Expr{group}, ix.Indices[1:]...), b.Type.Dims)
	return arith(pos, "+", arith(pos, "*", at, n), arith(pos, "%", ir.CloneExpr(row), ir.CloneExpr(n)))
}

// linear returns the row-major place of indices in an array of dims.
func linear(pos ir.Pos, indices, dims []ir.Expr) ir.Expr {
	at := indices[0]
	for i, x := range indices[1:] {
		at = arith(pos, "+", arith(pos, "*", at, ir.CloneExpr(dims[i+1])), x)
	}
	return at
}

// arith makes an integer x op y, folded.
func arith(pos ir.Pos, op string, x, y ir.Expr) ir.Expr {
	for _, e := range []ir.Expr{x, y} {
		if e.Type().Scalar == ir.Invalid || e.Type().Scalar.IsUntyped() {
			ir.WithType(e, ir.U32Type)
		}
	}
	return fold(ir.WithType(ir.NewBinary(pos, op, x, y), ir.U32Type))
}

func constantDims(pos ir.Pos, t ir.Type) []ir.Expr {
	dims := make([]ir.Expr, t.Rank)
	for i, d := range t.Dims[:t.Rank] {
		dims[i] = ir.NewInt(pos, int64(d))
	}
	return dims
}

// store rewrites an assignment; one to f16 packs its value.
func (f *flattener) store(s *ir.Assign) ir.Stmt {
	c := *s
	c.X = f.expr(s.X)
	ix, n, b := f.target(s.LHS)
	if b == nil {
		c.LHS = f.expr(s.LHS)
		return &c
	}
	t, _ := b.Type.ElemType()
	if t.Scalar != ir.F16 {
		c.LHS = f.expr(s.LHS)
		return &c
	}
	ix.Indices = f.exprs(ix.Indices)
	c.LHS = ir.NewIndex(ix.Pos, n, f.address(ix, b))
	if s.Op != "=" {
		c.Op = "="
		c.X = ir.NewBinary(s.Pos, s.Op[:len(s.Op)-1], f.loadBinding(ix, n, b), c.X)
	}
	c.X = pack(s.Pos, c.X, t.Lanes)
	return &c
}

func (f *flattener) exprs(list []ir.Expr) []ir.Expr {
	out := make([]ir.Expr, len(list))
	for i, e := range list {
		out[i] = f.expr(e)
	}
	return out
}

// target returns the binding element that an assignment stores to, if any.
func (f *flattener) target(lhs ir.Expr) (*ir.Index, *ir.Name, *ir.Binding) {
	ix, ok := lhs.(*ir.Index)
	if !ok {
		return nil, nil, nil
	}
	n, ok := ix.X.(*ir.Name)
	if !ok {
		return nil, nil, nil
	}
	c := *ix
	return &c, n, f.bindings[n.Name]
}

func pack(pos ir.Pos, x ir.Expr, lanes int) ir.Expr {
	if lanes == 2 {
		return ir.NewCall(pos, "pack_f16", x)
	}
	return ir.NewCall(pos, "vec2u",
		ir.NewCall(pos, "pack_f16", ir.NewMember(pos, x, "xy")),
		ir.NewCall(pos, "pack_f16", ir.NewMember(pos, ir.CloneExpr(x), "zw")))
}
