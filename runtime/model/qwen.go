package model

import "github.com/wgslgen/wgslgen/runtime/kernel"

// loadQwen: Qwen2 (2024; biases of queries, keys and values) and Qwen3 (2025;
// norms of heads instead).
func loadQwen(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	return newDecoder(l, rmsNorm, func(i int) layer {
		b := l.block(i, rmsNorm, l.attention(i, rope, plain))
		b.feedForward = l.gatedMLP(i, "", l.int("feed_forward_length"), kernel.SiLU)
		return b
	})
}

// loadQwen2MoE: experts weighed by their softmax among all, and a shared one
// with a gate of its own.
func loadQwen2MoE(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	return newDecoder(l, rmsNorm, func(i int) layer {
		b := l.block(i, rmsNorm, l.attention(i, rope, plain))
		e := l.experts(i, l.routing(), l.int("expert_feed_forward_length"), kernel.SiLU)
		e.shared = l.gatedMLP(i, "_shexp", l.int("expert_shared_feed_forward_length"), kernel.SiLU)
		b.feedForward = e
		return b
	})
}

// loadQwen3MoE: experts weighed by the softmax of the chosen.
func loadQwen3MoE(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	routing := l.routing()
	routing.Normalize = true
	return newDecoder(l, rmsNorm, func(i int) layer {
		b := l.block(i, rmsNorm, l.attention(i, rope, plain))
		b.feedForward = l.experts(i, routing, l.int("expert_feed_forward_length"), kernel.SiLU)
		return b
	})
}
