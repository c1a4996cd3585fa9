package plan

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// RMSNorm returns x over the root of its mean square (plus eps), times weight.
// Here and below, a weight of nil is all ones.
func (r *Recorder) RMSNorm(x *Tensor, weight *weights.Vector, eps float32) *Tensor {
	y := r.tensor("norm", r.Tokens, x.Cols)
	r.rmsNorm("plain", rowNorm(x, y, eps), weight, bind{"x", x}, bind{"y", y})
	return y
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
		binds = append(binds, bind{"weight", Fixed(weight.Range)})
	}
	r.dispatch(generated.RmsNorm, key, params, 0, r.Tokens, binds...)
}

// LayerNorm returns x less its mean, over the root of its variance (plus eps),
// times weight, plus bias. A bias of nil is none.
func (r *Recorder) LayerNorm(x *Tensor, weight, bias *weights.Vector, eps float32) *Tensor {
	y := r.tensor("norm", r.Tokens, x.Cols)
	params := generated.LayerNormParams{
		Tokens: uint32(r.Tokens), Cols: uint32(x.Cols), XStride: uint32(x.Stride), YStride: uint32(y.Stride), Eps: eps,
	}
	key := generated.LayerNormKey{Weights: "none"}
	binds := []bind{{"x", x}, {"y", y}}
	if weight != nil {
		key.Weights = "one"
		binds = append(binds, bind{"weight", Fixed(weight.Range)})
	}
	if bias != nil {
		key.Weights = "both"
		binds = append(binds, bind{"bias", Fixed(bias.Range)})
	}
	r.dispatch(generated.LayerNorm, key, params, 0, r.Tokens, binds...)
	return y
}
