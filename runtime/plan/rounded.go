package plan

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// rounded is the rows of a tensor as kernel quantize makes them of some of its
// columns, when so many steps had written it.
type rounded struct {
	math         string // i8 or f16
	cols, writes int
	values       *Tensor
	scales       *Tensor // or steps, of halves
}

// round returns x in bytes (i8) or halves (f16). Products of the same x share it.
func (r *Recorder) round(x *Tensor, math string, cols int) rounded {
	r.settle(x)
	for _, made := range x.rounded {
		if made.math == math && made.cols == cols && made.writes == x.writes {
			return made
		}
	}
	made := rounded{math: math, cols: cols, writes: x.writes}
	params := generated.QuantizeParams{Tokens: uint32(r.Tokens), Cols: uint32(cols), XStride: uint32(x.Stride)}
	binds := []bind{{"x", x}}
	if math == "i8" {
		made.values, made.scales = r.packed("bytes", r.Tokens, cols/4), r.packed("scales", r.Tokens, cols/16)
		binds = append(binds, bind{"q", made.values}, bind{"scales", made.scales})
	} else {
		made.values, made.scales = r.packed("halves", r.Tokens, cols/2), r.packed("steps", r.Tokens, cols/32)
		binds = append(binds, bind{"halves", made.values}, bind{"steps", made.scales})
	}
	r.dispatch(generated.Quantize, generated.QuantizeKey{Math: math}, params, 0, r.Tokens, binds...)
	x.rounded = append(x.rounded, made)
	return made
}

// bytes records the product of one row, rounded to bytes, and reports whether the
// device has a kernel for that.
func (r *Recorder) bytes(p *product, part *weights.Part) bool {
	key := generated.GemvFewKey{W: p.m.Format.Name, Epilogue: p.epilogue, Math: "i8", Interleave: p.m.Interleave}
	if !r.library.Has(generated.GemvFew, key) {
		return false
	}
	x := r.round(p.x, "i8", p.m.Cols)
	r.dispatch(generated.GemvFew, key, p.fewParams(part, r.Tokens), 0, r.Tokens,
		bind{"w", part}, bind{"q", x.values}, bind{"scales", x.scales}, p.bias(x.scales), bind{"y", p.y})
	return true
}
