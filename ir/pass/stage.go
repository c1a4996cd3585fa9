package pass

import (
	"slices"

	"github.com/wgslgen/wgslgen/ir"
)

// stage expands a stage statement: the invocations of the workgroup share the
// elements of the tile out among themselves, neighbours taking neighbours.
// Stages that follow each other, and don't read what the others stage, share one
// barrier before and one after; the one before is left out where nothing can
// have read the tile yet.
func (in *inliner) stage(s *ir.Stage, sc scope) {
	dims, ok := in.tileDims(s)
	if !ok {
		return
	}
	follows := in.afterStage()
	if !follows && (in.loops > 0 || in.sharedSeen) {
		in.emit(&ir.Barrier{Pos: s.Pos})
	}
	in.sharedSeen = true
	begin := len(in.out)

	total := 1
	for _, d := range dims {
		total *= d
	}
	name := func(n string) ir.Expr { return ir.NewName(s.Pos, n) }
	element := hidden("element")
	rest := name(element)
	lets := make([]ir.Stmt, len(dims))
	indices := make([]ir.Expr, len(dims))
	for i := len(dims) - 1; i >= 0; i-- {
		x := rest
		if i > 0 {
			x = ir.NewBinary(s.Pos, "%", rest, ir.NewInt(s.Pos, int64(dims[i])))
			rest = fold(ir.NewBinary(s.Pos, "/", rest, ir.NewInt(s.Pos, int64(dims[i]))))
		}
		lets[i] = &ir.Let{Pos: s.Pos, Name: s.Indices[i], X: x}
		indices[i] = name(s.Indices[i])
	}
	store := &ir.Assign{Pos: s.Pos, LHS: ir.NewIndex(s.Pos, name(s.Tile), indices...), Op: "=", X: s.X}
	in.stmt(&ir.For{
		Pos: s.Pos, Name: element, From: name(ir.LocalName), To: ir.NewInt(s.Pos, int64(total)), By: in.unit.Kernel.Workgroup,
		Body: append(lets, store),
	}, sc)
	if follows && !in.readsShared(in.out[begin:]) {
		in.out = slices.Delete(in.out, begin-1, begin)
	}
	in.emit(&ir.Barrier{Pos: s.Pos})
	in.staged = in.out[len(in.out)-1]
}

// readsShared reports whether statements read a shared array.
func (in *inliner) readsShared(list []ir.Stmt) bool {
	for name, u := range uses(list) {
		if u.reads > 0 && in.isShared(name) {
			return true
		}
	}
	return false
}

// afterStage reports whether the statement before is the barrier that ends a
// stage.
func (in *inliner) afterStage() bool {
	return in.staged != nil && len(in.out) > 0 && in.out[len(in.out)-1] == in.staged
}

// tileDims returns the dimensions of a stage's tile.
func (in *inliner) tileDims(s *ir.Stage) ([]int, bool) {
	for _, sh := range in.unit.Kernel.Shared {
		if sh.Name != s.Tile {
			continue
		}
		t, err := sh.Type.ArrayType()
		if err != nil {
			in.errs = append(in.errs, err)
			return nil, false
		}
		if t.Rank != len(s.Indices) {
			in.errs.Addf(s.Pos, "%s has %d dimensions, not %d", s.Tile, t.Rank, len(s.Indices))
			return nil, false
		}
		return t.Dims[:t.Rank], true
	}
	in.errs.Addf(s.Pos, "%s is no shared array: only those are staged", s.Tile)
	return nil, false
}
