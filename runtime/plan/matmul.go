package plan

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// tokenGranule is what a long product's tokens are split by: a multiple of what
// a workgroup computes.
const tokenGranule = 32

// Embed returns the rows of m that the step's tokens name.
func (r *Recorder) Embed(m *weights.Matrix, cols int) *Tensor {
	y := r.tensor("embeddings", r.Tokens, cols)
	for _, part := range m.Parts {
		key := generated.EmbedKey{W: m.Format.Name, Interleave: m.Interleave}
		params := generated.EmbedParams{
			Tokens: uint32(r.Tokens), Rows: uint32(part.Rows), Cols: uint32(m.Cols), First: uint32(part.First), Stride: uint32(y.Stride),
		}
		r.dispatch(generated.Embed, key, params, 0, r.Tokens,
			bind{"ids", Fixed(r.shared.IDs.All())}, bind{"w", part}, bind{"y", y})
	}
	return y
}

// MatMul returns the products of x with the rows of several matrices, one
// after the other.
func (r *Recorder) MatMul(label string, x *Tensor, matrices ...*weights.Matrix) *Tensor {
	rows := 0
	for _, m := range matrices {
		rows += m.Rows
	}
	y := r.tensor(label, r.Tokens, rows)
	first := 0
	for _, m := range matrices {
		r.product("store", y, x, m, first, 1)
		first += m.Rows
	}
	return y
}

// AddMatMul adds the product of x with m to y.
func (r *Recorder) AddMatMul(y, x *Tensor, m *weights.Matrix) { r.product("add", y, x, m, 0, 1) }

// GatedMatMul returns silu(gate·x) times up·x, for a matrix made by
// weights.Set.Gated.
func (r *Recorder) GatedMatMul(x *Tensor, m *weights.Matrix) *Tensor {
	y := r.tensor("gated", r.Tokens, m.Rows)
	r.product("silu_mul", y, x, m, 0, 2)
	return y
}

// product computes columns [first, first+m.Rows) of y, each from so many rows
// of weights.
func (r *Recorder) product(epilogue string, y, x *Tensor, m *weights.Matrix, first, perColumn int) {
	for _, part := range m.Parts {
		if r.Tokens == 1 {
			r.gemv(epilogue, y, x, m, part, first)
			continue
		}
		most := r.tokensWithin(int64(perColumn) * int64(part.Rows) * int64(m.Cols))
		for from := 0; from < r.Tokens; from += most {
			r.gemm(epilogue, y, x, m, part, first, from, min(most, r.Tokens-from))
		}
	}
}

// tokensWithin returns how many tokens a dispatch may compute that multiplies
// so often for each.
func (r *Recorder) tokensWithin(perToken int64) int {
	most := r.limits.Work / perToken / tokenGranule * tokenGranule
	return int(min(max(most, tokenGranule), int64(r.Tokens)))
}

func (r *Recorder) gemv(epilogue string, y, x *Tensor, m *weights.Matrix, part *weights.Part, first int) {
	key := generated.GemvKey{W: m.Format.Name, Epilogue: epilogue, Norm: "none", Interleave: m.Interleave}
	params := generated.GemvParams{Rows: uint32(part.Rows), Cols: uint32(m.Cols), First: uint32(first + part.First)}
	binds := []bind{{"w", part}, {"y", y}}
	if n := x.norm; n != nil && r.fuses(n, key, m, part) {
		key.Norm, params.Eps = "rms", n.eps
		binds = append(binds, bind{"x", n.x}, bind{"norm_weight", n.weight})
	} else {
		binds = append(binds, bind{"x", x})
	}
	r.dispatch(generated.Gemv, key, params, 0, 1, binds...)
}

func (r *Recorder) gemm(epilogue string, y, x *Tensor, m *weights.Matrix, part *weights.Part, first, from, tokens int) {
	key := generated.GemmKey{W: m.Format.Name, Epilogue: epilogue, Interleave: m.Interleave}
	params := generated.GemmParams{
		Tokens: uint32(tokens), Rows: uint32(part.Rows), Cols: uint32(m.Cols), First: uint32(first + part.First),
		XStride: uint32(x.Stride), YStride: uint32(y.Stride),
	}
	r.dispatch(generated.Gemm, key, params, from, tokens, bind{"w", part}, bind{"x", x.from(from)}, bind{"y", y.from(from)})
}
