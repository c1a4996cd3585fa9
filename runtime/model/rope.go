package model

import (
	"fmt"
	"math"

	"github.com/wgslgen/wgslgen/runtime/plan"
)

// ropeSpec says what an architecture's files do not.
type ropeSpec struct {
	half     bool    // pairs are a half apart
	first    int     // value of a head that is the first to turn
	base     float64 // 0: the file's
	unscaled bool    // the file's ways to stretch a context are for other layers
}

// rope reads how positions turn a head's values, with the ways to stretch a
// model's context: rope_freqs.weight (Llama 3.1), rope_factors_short and long
// (LongRoPE, Ding et al., 2024), linear (Chen et al., 2023), and YaRN (Peng et
// al., 2023).
func (l *loader) rope(spec ropeSpec) *plan.Rope {
	headDim := l.heads().Dim
	dims := l.intOr("rope.dimension_count", headDim)
	if dims%4 != 0 || dims > headDim {
		l.fail(fmt.Errorf("%s is %d; heads have %d values, and it must be a multiple of 4", l.key("rope.dimension_count"), dims, headDim))
		dims = 4
	}
	base := spec.base
	if base == 0 {
		base = l.positiveOr("rope.freq_base", 10000)
	}
	r := &plan.Rope{Dims: dims, First: spec.first, Half: spec.half, Mscale: 1, Angles: make([]float64, dims/2)}
	l.ropes = append(l.ropes, r)
	for i := range r.Angles {
		r.Angles[i] = math.Pow(base, -2*float64(i)/float64(dims))
	}
	if !spec.unscaled {
		l.stretch(r, base)
	}
	return r
}

func (l *loader) stretch(r *plan.Rope, base float64) {
	for _, name := range l.ropeFactors() {
		for i, f := range l.floats(name, len(r.Angles)) {
			if !(f > 0) || math.IsInf(float64(f), 0) {
				l.fail(fmt.Errorf("load %s: value %d is %g; it must be greater than 0", name, i, f))
				break
			}
			r.Angles[i] /= float64(f)
		}
	}
	factor := l.positiveOr("rope.scaling.factor", l.positiveOr("rope.scale_linear", 1))
	switch kind := l.stringOr("rope.scaling.type", "linear"); kind {
	case "none", "longrope": // LongRoPE is all in its factors
	case "linear":
		for i := range r.Angles {
			r.Angles[i] /= factor
		}
	case "yarn":
		l.yarn(r, base, factor)
	default:
		l.fail(fmt.Errorf("%s is %q; none, linear, yarn and longrope are supported", l.key("rope.scaling.type"), kind))
	}
	r.Mscale *= float32(l.positiveOr("rope.scaling.attn_factor", 1) * l.positiveOr("rope.scaling.yarn_attn_factor", 1))
}

// ropeFactors returns the names of the tensors that divide angles. LongRoPE has
// two, and the session's context decides.
func (l *loader) ropeFactors() (names []string) {
	const short, long = "rope_factors_short.weight", "rope_factors_long.weight"
	if l.hasTensor("rope_freqs.weight") {
		names = append(names, "rope_freqs.weight")
	}
	if !l.hasTensor(short) && !l.hasTensor(long) {
		return names
	}
	l.used[short], l.used[long] = true, true
	if l.context > l.originalContext() {
		return append(names, long)
	}
	return append(names, short)
}

// originalContext returns the context before it was stretched.
func (l *loader) originalContext() int {
	return l.intOr("rope.scaling.original_context_length", l.int("context_length"))
}

// finishRopes plans the tables of all rotations.
func (l *loader) finishRopes() {
	for _, r := range l.ropes {
		if l.err == nil {
			r.Plan(l.set, l.context)
		}
	}
}

// yarn blends each pair's own angle with the interpolated one, and scales what
// is rotated by 0.1·ln(factor) + 1. Within the trained context, pairs that turn
// more often than fast keep their angle; those below slow are interpolated.
func (l *loader) yarn(r *plan.Rope, base, factor float64) {
	trained := float64(l.originalContext())
	fast, slow := l.positiveOr("rope.scaling.yarn_beta_fast", 32), l.positiveOr("rope.scaling.yarn_beta_slow", 1)
	if fast < slow {
		l.fail(fmt.Errorf("%s is %g, less than %s, %g", l.key("rope.scaling.yarn_beta_fast"), fast, l.key("rope.scaling.yarn_beta_slow"), slow))
	}
	if base <= 1 {
		l.fail(fmt.Errorf("%s is %g; YaRN needs more than 1", l.key("rope.freq_base"), base))
	}
	l.neutral("rope.scaling.yarn_ext_factor", 1, -1) // -1 is none
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
	if l.yarnMultiplier() == 0 { // else scores are scaled instead
		r.Mscale = float32(1 + 0.1*math.Log(factor))
	}
}

// yarnMultiplier returns a tenth of DeepSeek's mscale_all_dim: YaRN's factor is
// then one of the scores, squared.
func (l *loader) yarnMultiplier() float64 { return l.floatOr("rope.scaling.yarn_log_multiplier", 0) }
