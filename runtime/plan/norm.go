package plan

import (
	"fmt"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// norm is what is to fill a tensor: the RMSNorm of x.
type norm struct {
	x      *Tensor
	writes int // to x, by then
	weight *weights.Vector
	eps    float32
}

// RMSNorm returns x over the root of its mean square (plus eps), times weight.
// It is recorded where something first reads it, and not at all where all that
// do norm as they read: x must not change before that.
// Here and below, a weight of nil is all ones.
func (r *Recorder) RMSNorm(x *Tensor, weight *weights.Vector, eps float32) *Tensor {
	y := newTensor("norm", r.Tokens, x.Cols)
	y.norm = &norm{x, x.writes, weight, eps}
	return y
}

// settle records what is to fill a tensor.
func (r *Recorder) settle(y *Tensor) {
	n := y.norm
	if n == nil {
		return
	}
	r.unchanged(n)
	y.norm = nil
	r.place(y)
	r.rmsNorm("plain", rowNorm(n.x, y, n.eps), n.weight, bind{"x", n.x}, bind{"y", y})
}

// unchanged refuses to norm what is no longer there.
func (r *Recorder) unchanged(n *norm) {
	if n.x.writes != n.writes {
		r.fail(fmt.Errorf("the RMSNorm of %s is read after %s has changed", n.x.label, n.x.label))
	}
}

// fusedWork is up to how many weights a product norms its activations itself:
// every workgroup does so anew, which in the end takes longer than a dispatch.
const fusedWork = 8 << 20

// fuses reports whether the product of a row with a part of a matrix norms the
// row as it reads it. The padding of a row, which may hold anything, would
// count among the squares.
func (r *Recorder) fuses(n *norm, key generated.GemvKey, m *weights.Matrix, part *weights.Part) bool {
	if n.weight == nil || n.x.Cols != m.Cols || part.Rows*m.Cols > fusedWork {
		return false
	}
	key.Norm = "rms"
	_, err := r.library.Find(generated.Gemv, key, generated.GemvParams{Rows: uint32(part.Rows), Cols: uint32(m.Cols)}.Words())
	return err == nil
}

// AddRMSNorm adds x to residual, and returns the RMSNorm of the sum.
func (r *Recorder) AddRMSNorm(residual, x *Tensor, weight *weights.Vector, eps float32) *Tensor {
	y := r.tensor("norm", r.Tokens, x.Cols)
	r.rmsNorm("add", rowNorm(x, y, eps), weight, bind{"x", x}, bind{"residual", residual}, bind{"y", y})
	return y
}

// RMSNormOnto adds the RMSNorm of x to y.
func (r *Recorder) RMSNormOnto(y, x *Tensor, weight *weights.Vector, eps float32) {
	r.rmsNorm("onto", rowNorm(x, y, eps), weight, bind{"x", x}, bind{"y", y})
}

// HeadRMSNorm replaces each of the heads of dim values that begin at column
// first of x by its RMSNorm. All have the same weight.
func (r *Recorder) HeadRMSNorm(x *Tensor, first, heads, dim int, weight *weights.Vector, eps float32) {
	params := generated.RmsNormParams{
		Heads: uint32(heads), Cols: uint32(dim), YFirst: uint32(first), YStride: uint32(x.Stride), Eps: eps,
	}
	r.rmsNorm("inplace", params, weight, bind{"y", x})
}

// rowNorm returns the parameters for whole rows.
func rowNorm(x, y *Tensor, eps float32) generated.RmsNormParams {
	return generated.RmsNormParams{Heads: 1, Cols: uint32(x.Cols), XStride: uint32(x.Stride), YStride: uint32(y.Stride), Eps: eps}
}

func (r *Recorder) rmsNorm(form string, params generated.RmsNormParams, weight *weights.Vector, binds ...bind) {
	params.Tokens = uint32(r.Tokens)
	key := generated.RmsNormKey{Form: form, Weights: "none"}
	if weight != nil {
		key.Weights = "one"
		binds = append(binds, bind{"weight", weight})
	}
	r.dispatch(generated.RmsNorm, key, params, 0, r.Tokens, binds...)
}

// LayerNorm returns x less its mean, over the root of its variance (plus eps),
// times weight, plus bias. A bias of nil is none.
func (r *Recorder) LayerNorm(x *Tensor, weight, bias *weights.Vector, eps float32) *Tensor {
	y := r.tensor("norm", r.Tokens, x.Cols)
	params := generated.LayerNormParams{
		Tokens: uint32(r.Tokens), Heads: 1, Cols: uint32(x.Cols), XStride: uint32(x.Stride), YStride: uint32(y.Stride), Eps: eps,
	}
	key := generated.LayerNormKey{Form: "plain", Weights: "none"}
	binds := []bind{{"x", x}, {"y", y}}
	if weight != nil {
		key.Weights = "one"
		binds = append(binds, bind{"weight", weight})
	}
	if bias != nil {
		key.Weights = "both"
		binds = append(binds, bind{"bias", bias})
	}
	r.dispatch(generated.LayerNorm, key, params, 0, r.Tokens, binds...)
	return y
}

// HeadLayerNorm replaces each of the heads of dim values that begin at column
// first of x by its LayerNorm. Each has weights of its own, one after the other.
func (r *Recorder) HeadLayerNorm(x *Tensor, first, heads, dim int, weight *weights.Vector, eps float32) {
	params := generated.LayerNormParams{
		Tokens: uint32(r.Tokens), Heads: uint32(heads), Cols: uint32(dim), YFirst: uint32(first), YStride: uint32(x.Stride), WeightStride: uint32(dim), Eps: eps,
	}
	r.dispatch(generated.LayerNorm, generated.LayerNormKey{Form: "inplace", Weights: "one"}, params, 0, r.Tokens, bind{"y", x}, bind{"weight", weight})
}
