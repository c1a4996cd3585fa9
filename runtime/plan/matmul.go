package plan

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// tokenGranule is what a long product's tokens are split by: a multiple of what
// a workgroup computes.
const tokenGranule = 32

// fewTokens is up to how many tokens a step has that multiplies as one row does:
// a tile of many would be mostly empty.
const fewTokens = 8

// uniformGranule is what tokens are split by that are read through uniform
// buffers: what a workgroup of such a kernel computes.
const uniformGranule = 8

// Embed returns the rows of m that the step's tokens name.
func (r *Recorder) Embed(m *weights.Matrix, cols int) *Tensor {
	y := r.tensor("embeddings", r.Tokens, cols)
	for _, part := range m.Parts {
		key := generated.EmbedKey{W: m.Format.Name, Interleave: m.Interleave, Texels: m.TexelKey()}
		params := generated.EmbedParams{
			Tokens: uint32(r.Tokens), Rows: uint32(part.Rows), Cols: uint32(m.Cols), First: uint32(part.First), Stride: uint32(y.Stride),
		}
		r.dispatch(generated.Embed, key, params, 0, r.Tokens,
			bind{"ids", Fixed(r.shared.IDs.All())}, bind{"w", part}, bind{"y", y})
	}
	return y
}

// MatMul returns the products of x with the rows of several matrices, one
// after the other. Here and below, a matrix's bias is part of its product.
func (r *Recorder) MatMul(label string, x *Tensor, matrices ...*weights.Matrix) *Tensor {
	rows := 0
	for _, m := range matrices {
		rows += m.Rows
	}
	y := r.tensor(label, r.Tokens, rows)
	first := 0
	for _, m := range matrices {
		r.product(&product{epilogue: "store", y: y, x: x, m: m, first: first})
		first += m.Rows
	}
	return y
}

// AddMatMul adds the product of x with m to y.
func (r *Recorder) AddMatMul(y, x *Tensor, m *weights.Matrix) {
	r.product(&product{epilogue: "add", y: y, x: x, m: m})
}

// GatedMatMul returns the activation of gate·x times up·x, for a matrix made by
// weights.Set.Gated.
func (r *Recorder) GatedMatMul(kind kernel.Activation, x *Tensor, m *weights.Matrix) *Tensor {
	y := r.tensor("gated", r.Tokens, m.Rows)
	r.product(&product{epilogue: "gated", kind: kind, y: y, x: x, m: m})
	return y
}

// product is columns [first, first+m.Rows) of y while they are recorded.
type product struct {
	epilogue string
	kind     kernel.Activation
	y, x     *Tensor
	m        *weights.Matrix
	first    int
}

func (r *Recorder) product(p *product) {
	perColumn := int64(1) // rows of weights
	if p.epilogue == "gated" {
		perColumn = 2
	}
	for _, part := range p.m.Parts {
		if r.Tokens == 1 {
			if !r.Fast || p.m.Cols%stepsAlign != 0 || !r.bytes(p, part) {
				r.gemv(p, part)
			}
			continue
		}
		if r.Tokens <= fewTokens && r.few(p, part) {
			continue
		}
		most := min(r.tokensWithin(perColumn*int64(part.Rows)*int64(p.m.Cols)), r.uniformTokens(p, part))
		for from := 0; from < r.Tokens; from += most {
			r.gemm(p, part, from, min(most, r.Tokens-from))
		}
	}
}

// tokensWithin returns how many tokens a dispatch may compute that multiplies
// so often for each.
func (r *Recorder) tokensWithin(perToken int64) int {
	most := r.limits.Work / perToken / tokenGranule * tokenGranule
	return int(min(max(most, tokenGranule), int64(r.Tokens)))
}

// uniformTokens returns how many tokens a dispatch may compute whose kernel reads
// them through a uniform buffer: all, where no kernel does.
func (r *Recorder) uniformTokens(p *product, part *weights.Part) int {
	v, err := r.library.Find(generated.Gemm, r.gemmKey(p), p.gemmParams(part, uniformGranule).Words())
	if err != nil {
		return r.Tokens // the dispatch will say why
	}
	for _, b := range v.Bindings {
		if b.Name == "x" && b.Uniform > 0 {
			return int(b.Uniform) / (4 * p.x.Stride) / uniformGranule * uniformGranule
		}
	}
	return r.Tokens
}

// biasStride returns how many values the bias has, or its half for gates.
func (p *product) biasStride() uint32 {
	switch {
	case p.m.Bias == nil:
		return 0
	case p.epilogue == "gated":
		return uint32(p.m.Bias.Bytes() / 8)
	}
	return uint32(p.m.Bias.Bytes() / 4)
}

// bias is bound to its kernel's binding. Where there is none, activations are,
// of which nothing is read.
func (p *product) bias(x *Tensor) bind {
	if p.m.Bias == nil {
		return bind{"bias", x}
	}
	return bind{"bias", p.m.Bias}
}

func (r *Recorder) gemv(p *product, part *weights.Part) {
	key := generated.GemvKey{W: p.m.Format.Name, Epilogue: p.epilogue, Norm: "none", Interleave: p.m.Interleave, Texels: p.m.TexelKey()}
	params := generated.GemvParams{
		Rows: uint32(part.Rows), Cols: uint32(p.m.Cols), First: uint32(p.first + part.First),
		BiasFirst: uint32(p.m.BiasFirst + part.First), BiasStride: p.biasStride(), Kind: uint32(p.kind),
	}
	x, binds := p.x, []bind{{"w", part}, {"y", p.y}}
	if n := x.norm; n != nil && r.fuses(n, key, p.m, part) {
		r.unchanged(n)
		key.Norm, params.Eps = "rms", n.eps
		x, binds = n.x, append(binds, bind{"norm_weight", n.weight})
	}
	r.dispatch(generated.Gemv, key, params, 0, 1, append(binds, bind{"x", x}, p.bias(x))...)
}

// few records the product for few tokens, and reports whether the device has a
// kernel for that.
func (r *Recorder) few(p *product, part *weights.Part) bool {
	key := generated.GemvFewKey{W: p.m.Format.Name, Epilogue: p.epilogue, Math: "f32", Interleave: p.m.Interleave}
	if !r.library.Has(generated.GemvFew, key) {
		return false
	}
	r.dispatch(generated.GemvFew, key, p.fewParams(part, r.Tokens), 0, r.Tokens,
		bind{"w", part}, bind{"x", p.x}, p.bias(p.x), bind{"y", p.y})
	return true
}

func (p *product) fewParams(part *weights.Part, tokens int) generated.GemvFewParams {
	return generated.GemvFewParams{
		Tokens: uint32(tokens), Rows: uint32(part.Rows), Cols: uint32(p.m.Cols), First: uint32(p.first + part.First),
		XStride: uint32(p.x.Stride), YStride: uint32(p.y.Stride),
		BiasFirst: uint32(p.m.BiasFirst + part.First), BiasStride: p.biasStride(), Kind: uint32(p.kind),
	}
}

func (r *Recorder) gemm(p *product, part *weights.Part, from, tokens int) {
	key := r.gemmKey(p)
	binds := []bind{{"w", part}, p.bias(p.x), {"y", p.y.from(from)}}
	if key.Math == "f16" {
		x := r.round(p.x, key.Math, p.m.Cols)
		binds = append(binds, bind{"halves", x.values.from(from)}, bind{"steps", x.scales.from(from)})
	} else {
		binds = append(binds, bind{"x", p.x.from(from)})
	}
	r.dispatch(generated.Gemm, key, p.gemmParams(part, tokens), from, tokens, binds...)
}

func (p *product) gemmParams(part *weights.Part, tokens int) generated.GemmParams {
	return generated.GemmParams{
		Tokens: uint32(tokens), Rows: uint32(part.Rows), Cols: uint32(p.m.Cols), First: uint32(p.first + part.First),
		XStride: uint32(p.x.Stride), YStride: uint32(p.y.Stride),
		BiasFirst: uint32(p.m.BiasFirst + part.First), BiasStride: p.biasStride(), Kind: uint32(p.kind),
	}
}

// stepsAlign is what the columns of halves are a multiple of, so that the steps of
// every tokenGranule-th token are where a binding can begin.
const stepsAlign = 64

// gemmKey asks for halves where the program may round and the device has a kernel
// for that.
func (r *Recorder) gemmKey(p *product) generated.GemmKey {
	key := generated.GemmKey{W: p.m.Format.Name, Epilogue: p.epilogue, Math: "f16", Interleave: p.m.Interleave, Texels: p.m.TexelKey()}
	if !r.Fast || !r.library.Has(generated.Gemm, key) {
		key.Math = "f32"
	}
	return key
}
