package plan

import (
	"fmt"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// HeadMatMul returns, for each head, the product of the head's own matrix with
// its values of x, which begin each of them so many columns after those of the
// head before. The result has columns for each head, the product's first. ids
// are the numbers of the heads, over and over, for all tokens of a step.
func (r *Recorder) HeadMatMul(label string, x *Tensor, apart int, m *weights.Matrix, columns int, ids *weights.Vector) *Tensor {
	heads := m.Experts
	y := r.tensor(label, r.Tokens, heads*columns)
	if x.Stride != x.Cols || y.Stride != y.Cols {
		r.fail(fmt.Errorf("%s: rows of %d and %d values are padded, to %d and %d: heads must follow each other", label, x.Cols, y.Cols, x.Stride, y.Stride))
		return y
	}
	heading := constant{ids}
	chosen := &Chosen{used: heads, ids: heading, weights: heading}
	p := &expertProduct{Experts: &Experts{}, matrix: m, epilogue: "store", share: 1, y: y, x: x.from(0), apart: [2]int{apart, columns}}
	if r.Tokens == 1 {
		r.expertGemv(p, chosen, 0, heads)
		return y
	}
	s := r.sorted(chosen, 0, r.Tokens, heads)
	k := r.expertKernel(p, s)
	if r.err != nil {
		return y
	}
	t := r.tiles(s, k.tile, k.groups, k.groups)
	r.sort(s)
	r.list(s, t)
	r.expertGemm(p, s, k.variant, t, 0)
	return y
}

// constant is rows that are the same at all times, of which a step reads from
// the first on.
type constant struct{ Source }

func (c constant) fromRow(int) Source { return c.Source }

// CopyHeads copies n columns of each head of x, from column first on, to column
// to of each head of y.
func (r *Recorder) CopyHeads(y *Tensor, yColumns, to int, x *Tensor, xColumns, first, n int) {
	heads := y.Cols / yColumns
	params := generated.CopyParams{
		N0: uint32(n), N1: uint32(heads), N2: uint32(r.Tokens), N3: 1,
		XSize: uint32(r.Tokens * x.Stride), XFirst: uint32(first), X0: 1, X1: uint32(xColumns), X2: uint32(x.Stride),
		YSize: uint32(r.Tokens * y.Stride), YFirst: uint32(to), Y1: uint32(yColumns), Y2: uint32(y.Stride),
		IdsSize: 1,
	}
	r.dispatch(generated.Copy, generated.CopyKey{X: "f32", Y: "f32", Rows: "same"}, params, 0, r.Tokens, bind{"x", x}, bind{"y", y})
}
