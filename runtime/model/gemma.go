package model

import (
	"math"

	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// gemmaLayer is a layer of Gemma 2 and 3: norms after attention and
// feed-forward too.
type gemmaLayer struct {
	attentionNorm, afterAttention     norm
	attention                         *attention
	feedForwardNorm, afterFeedForward norm
	feedForward                       *mlp
}

// loadGemma: Gemma (2024).
func loadGemma(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	d := newDecoder(l, rmsNorm, func(i int) layer {
		b := l.block(i, rmsNorm, l.attention(i, rope, plain))
		b.feedForward = l.gatedMLP(i, "", l.int("feed_forward_length"), kernel.GELU)
		return b
	})
	d.embedScale = float32(math.Sqrt(float64(d.hidden)))
	return d
}

// loadGemma2: Gemma 2 (2024): every other layer sees a window only, and scores
// and logits are capped.
func loadGemma2(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	options := plan.AttentionOptions{SoftCap: float32(l.positiveOr("attn_logit_softcapping", 50))}
	window := l.int("attention.sliding_window")
	if l.int("block_count") == 46 { // 27B
		options.Scale = l.scaleByHidden()
	}
	d := newDecoder(l, rmsNorm, func(i int) layer {
		options.Window = 0
		if i%2 == 0 {
			options.Window = window
		}
		return l.gemmaLayer(i, rope, options)
	})
	d.embedScale = float32(math.Sqrt(float64(d.hidden)))
	d.logitCap = float32(l.positiveOr("final_logit_softcapping", 30))
	return d
}

// loadGemma3: Gemma 3 (2025): five of six layers see a window only, and turn
// positions by a base of their own.
func loadGemma3(l *loader) Model {
	far := l.rope(ropeSpec{half: true})
	near := l.rope(ropeSpec{half: true, base: l.positiveOr("rope.freq_base_swa", 10000), unscaled: true})
	options := plan.AttentionOptions{}
	window := l.int("attention.sliding_window")
	if l.int("block_count") == 62 { // 27B
		options.Scale = l.scaleByHidden()
	}
	d := newDecoder(l, rmsNorm, func(i int) layer {
		if i%6 == 5 {
			options.Window = 0
			return l.gemmaLayer(i, far, options)
		}
		options.Window = window
		return l.gemmaLayer(i, near, options)
	})
	d.embedScale = float32(math.Sqrt(float64(d.hidden)))
	return d
}

// scaleByHidden is the scale of scores in the largest models.
func (l *loader) scaleByHidden() float32 {
	return float32(1 / math.Sqrt(float64(l.hidden())/float64(l.heads().Q)))
}

func (l *loader) gemmaLayer(i int, rope *plan.Rope, options plan.AttentionOptions) *gemmaLayer {
	return &gemmaLayer{
		attentionNorm:    l.norm(name(i, "attn_norm"), rmsNorm),
		attention:        l.attention(i, rope, options),
		afterAttention:   l.norm(name(i, "post_attention_norm"), rmsNorm),
		feedForwardNorm:  l.norm(name(i, "ffn_norm"), rmsNorm),
		feedForward:      l.gatedMLP(i, "", l.int("feed_forward_length"), kernel.GELU),
		afterFeedForward: l.norm(name(i, "post_ffw_norm"), rmsNorm),
	}
}

func (g *gemmaLayer) forward(r *plan.Recorder, x *plan.Tensor) {
	y := g.attention.of(r, g.attentionNorm.of(r, x))
	r.RMSNormOnto(x, y, g.afterAttention.weight, g.afterAttention.eps)
	y = g.feedForward.of(r, g.feedForwardNorm.of(r, x))
	r.RMSNormOnto(x, y, g.afterFeedForward.weight, g.afterFeedForward.eps)
}
