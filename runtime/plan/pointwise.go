package plan

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Activate replaces x by its activation.
func (r *Recorder) Activate(x *Tensor, kind kernel.Activation) {
	r.pointwise("activate", x, generated.PointwiseParams{Cols: uint32(x.Cols), Kind: uint32(kind)})
}

// Scale multiplies x by a factor.
func (r *Recorder) Scale(x *Tensor, factor float32) {
	r.pointwise("scale", x, generated.PointwiseParams{Cols: uint32(x.Cols), Factor: factor})
}

// SoftCap keeps x within ±limit, by limit·tanh(x/limit).
func (r *Recorder) SoftCap(x *Tensor, limit float32) {
	r.pointwise("soft_cap", x, generated.PointwiseParams{Cols: uint32(x.Cols), Factor: limit})
}

// AddBias adds a vector to as many columns of every row of x, from column first
// on.
func (r *Recorder) AddBias(x *Tensor, first int, bias *weights.Vector) {
	n := uint32(bias.Bytes() / 4)
	params := generated.PointwiseParams{Cols: n, First: uint32(first), XSize: n, XCol: 1, Factor: 1}
	r.pointwise("add", x, params, bind{"x", bias})
}

// Add adds factor·x to y.
func (r *Recorder) Add(y, x *Tensor, factor float32) {
	params := r.operand(x)
	params.Factor = factor
	r.pointwise("add", y, params, bind{"x", x})
}

// AddGated adds x to y, each row times the sigmoid of the row's gate. Gate has
// one column.
func (r *Recorder) AddGated(y, x, gate *Tensor) {
	params := r.operand(x)
	params.GateStride = uint32(gate.Stride)
	r.pointwise("add_gated", y, params, bind{"x", x}, bind{"gate", gate})
}

// operand returns the parameters that describe x, element by element.
func (r *Recorder) operand(x *Tensor) generated.PointwiseParams {
	return generated.PointwiseParams{Cols: uint32(x.Cols), XSize: uint32(r.Tokens * x.Stride), XRow: uint32(x.Stride), XCol: 1}
}

func (r *Recorder) pointwise(op string, y *Tensor, params generated.PointwiseParams, binds ...bind) {
	params.Tokens, params.Stride = uint32(r.Tokens), uint32(y.Stride)
	r.dispatch(generated.Pointwise, generated.PointwiseKey{Op: op}, params, 0, r.Tokens, append(binds, bind{"y", y})...)
}

// Gated returns the activation of the first half of each row, times the other
// half.
func (r *Recorder) Gated(kind kernel.Activation, gateUp *Tensor) *Tensor {
	half := gateUp.Cols / 2
	y := r.tensor("gated", r.Tokens, half)
	params := generated.GluParams{
		Tokens: uint32(r.Tokens), Cols: uint32(half), UpFirst: uint32(half), Stride: uint32(gateUp.Stride), YStride: uint32(y.Stride),
		Kind: uint32(kind), Alpha: kernel.SwiGLUOAIAlpha, Limit: kernel.SwiGLUOAILimit,
	}
	r.dispatch(generated.Glu, generated.GluKey{}, params, 0, r.Tokens, bind{"gate", gateUp}, bind{"up", gateUp}, bind{"y", y})
	return y
}
