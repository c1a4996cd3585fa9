package model

import (
	"fmt"
	"math"

	"github.com/wgslgen/wgslgen/runtime/plan"
)

// ropeScaled reads how positions turn dims of a head's values, with the ways
// to stretch a model's context: rope_freqs.weight (Llama 3.1), linear (Chen et
// al., 2023), and YaRN (Peng et al., 2023).
func (l *loader) ropeScaled(dims, headDim int) *plan.Rope {
	if dims%4 != 0 || dims > headDim {
		l.fail(fmt.Errorf("%s is %d; heads have %d values, and it must be a multiple of 4", l.key("rope.dimension_count"), dims, headDim))
		dims = 4
	}
	base := l.positiveOr("rope.freq_base", 10000)
	r := &plan.Rope{Dims: dims, Mscale: 1, Angles: make([]float64, dims/2)}
	for i := range r.Angles {
		r.Angles[i] = math.Pow(base, -2*float64(i)/float64(dims))
	}
	if l.hasTensor("rope_freqs.weight") {
		for i, f := range l.floats("rope_freqs.weight", dims/2) {
			if !(f > 0) || math.IsInf(float64(f), 0) {
				l.fail(fmt.Errorf("load rope_freqs.weight: value %d is %g; it must be greater than 0", i, f))
				break
			}
			r.Angles[i] /= float64(f)
		}
	}
	factor := l.positiveOr("rope.scaling.factor", l.positiveOr("rope.scale_linear", 1))
	switch kind := l.stringOr("rope.scaling.type", "linear"); kind {
	case "none":
	case "linear":
		for i := range r.Angles {
			r.Angles[i] /= factor
		}
	case "yarn":
		l.yarn(r, base, factor)
	default:
		l.fail(fmt.Errorf("%s is %q; none, linear and yarn are supported", l.key("rope.scaling.type"), kind))
	}
	r.Mscale *= float32(l.positiveOr("rope.scaling.attn_factor", 1) * l.positiveOr("rope.scaling.yarn_attn_factor", 1))
	return r
}

// yarn blends each pair's own angle with the interpolated one, and scales what
// is rotated by 0.1·ln(factor) + 1. Within the trained context, pairs that turn
// more often than fast keep their angle; those below slow are interpolated.
func (l *loader) yarn(r *plan.Rope, base, factor float64) {
	trained := float64(l.intOr("rope.scaling.original_context_length", l.int("context_length")))
	fast, slow := l.positiveOr("rope.scaling.yarn_beta_fast", 32), l.positiveOr("rope.scaling.yarn_beta_slow", 1)
	if fast < slow {
		l.fail(fmt.Errorf("%s is %g, less than %s, %g", l.key("rope.scaling.yarn_beta_fast"), fast, l.key("rope.scaling.yarn_beta_slow"), slow))
	}
	if base <= 1 {
		l.fail(fmt.Errorf("%s is %g; YaRN needs more than 1", l.key("rope.freq_base"), base))
	}
	l.neutral("rope.scaling.yarn_ext_factor", 1, -1) // -1 is none
	l.neutral("rope.scaling.yarn_log_multiplier", 0)
	dims := float64(r.Dims)
	pair := func(turns float64) float64 { // that turns so often
		return dims * math.Log(trained/(turns*2*math.Pi)) / (2 * math.Log(base))
	}
	low := max(math.Floor(pair(fast)), 0)
	high := min(math.Ceil(pair(slow)), dims-1)
	for i, own := range r.Angles {
		ramp := (float64(i) - low) / max(high-low, 0.001)
		keep := 1 - min(max(ramp, 0), 1)
		r.Angles[i] = own*keep + own/factor*(1-keep)
	}
	r.Mscale = float32(1 + 0.1*math.Log(factor))
}
