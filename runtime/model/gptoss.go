package model

import (
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// loadGPTOSS: gpt-oss (OpenAI, 2025): attention sinks, every other layer sees a
// window only, experts with biases. Its norm before the feed-forward is called
// post_attention_norm.
func loadGPTOSS(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	window := l.int("attention.sliding_window")
	routing := l.routing()
	routing.Normalize = true
	return newDecoder(l, rmsNorm, func(i int) layer {
		options := plan.AttentionOptions{}
		if i%2 == 0 {
			options.Window = window
		}
		return &block{
			attentionNorm:   l.norm(name(i, "attn_norm"), rmsNorm),
			attention:       l.attention(i, rope, options),
			feedForwardNorm: l.norm(name(i, "post_attention_norm"), rmsNorm),
			feedForward:     l.experts(i, routing, l.int("expert_feed_forward_length"), kernel.SwiGLUOAI),
		}
	})
}
