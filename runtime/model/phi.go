package model

import (
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// parallel is a layer whose attention and feed-forward both read x as it was:
// one norm serves both, unless attention has its own.
type parallel struct {
	norm          norm
	attentionNorm *norm // nil: norm
	attention     *attention
	feedForward   feedForward
}

func (p *parallel) forward(r *plan.Recorder, x *plan.Tensor) {
	normed := p.norm.of(r, x)
	attended := normed
	if p.attentionNorm != nil {
		attended = p.attentionNorm.of(r, x)
	}
	y := p.attention.mixed(r, attended)
	p.feedForward.add(r, x, normed)
	p.attention.output.add(r, x, y)
}

// loadPhi2: Phi-2 (2023): parallel layers, biases everywhere.
func loadPhi2(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	return newDecoder(l, layerNorm, func(i int) layer {
		return &parallel{
			norm:        l.norm(name(i, "attn_norm"), layerNorm),
			attention:   l.attention(i, rope, plain),
			feedForward: l.plainMLP(i, l.int("feed_forward_length"), kernel.GELU),
		}
	})
}

// loadPhi3: Phi-3 (2024), Phi-3.5 and Phi-4: gate and up in one tensor; LongRoPE
// in the long ones.
func loadPhi3(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	options := plan.AttentionOptions{Window: l.count("attention.sliding_window")} // 0 in Phi-4
	return newDecoder(l, rmsNorm, func(i int) layer {
		b := l.block(i, rmsNorm, l.attention(i, rope, options))
		b.feedForward = l.splitMLP(i, l.int("feed_forward_length"), kernel.SiLU)
		return b
	})
}
