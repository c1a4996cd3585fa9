package model

import (
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// loadLlama: Llama (Touvron et al., 2023), Mistral, the first of which sees a
// window, and Mixtral (Jiang et al., 2024), whose experts' weights are the softmax
// of the chosen.
func loadLlama(l *loader) Model {
	rope := l.rope(ropeSpec{})
	options := plan.AttentionOptions{Window: l.count("attention.sliding_window")}
	if l.floatOr("attention.scale", 0) != 0 { // 0 is none
		options.Scale = float32(l.positiveOr("attention.scale", 1))
	}
	for _, name := range []string{"logit_scale", "embedding_scale", "residual_scale"} {
		l.neutral(name, 1, 0) // 0 is none
	}
	return newDecoder(l, rmsNorm, func(i int) layer {
		b := l.block(i, rmsNorm, l.attention(i, rope, options))
		if l.count("expert_count") > 0 {
			routing := l.routing()
			routing.Normalize = true
			b.feedForward = l.experts(i, routing, l.int("feed_forward_length"), kernel.SiLU)
		} else {
			b.feedForward = l.gatedMLP(i, "", l.int("feed_forward_length"), kernel.SiLU)
		}
		return b
	})
}

// block is the usual layer: a norm before attention and one before the
// feed-forward.
type block struct {
	attentionNorm   norm
	attention       mixer
	feedForwardNorm norm
	feedForward     feedForward
}

// mixer is a layer's part that looks at all tokens.
type mixer interface {
	// add adds what it makes of the normed x to y.
	add(r *plan.Recorder, y, x *plan.Tensor)
}

// block loads the norms of a layer, whose feed-forward is left to the caller.
func (l *loader) block(i int, norms normKind, attention mixer) *block {
	return &block{attentionNorm: l.norm(name(i, "attn_norm"), norms), attention: attention, feedForwardNorm: l.norm(name(i, "ffn_norm"), norms)}
}

func (b *block) forward(r *plan.Recorder, x *plan.Tensor) {
	b.attention.add(r, x, b.attentionNorm.of(r, x))
	b.feedForward.add(r, x, b.feedForwardNorm.of(r, x))
}
