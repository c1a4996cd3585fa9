package model

import "github.com/wgslgen/wgslgen/runtime/kernel"

// loadStableLM: StableLM (2023) and StableLM 2 (2024): LayerNorm, and a part of
// each head rotated. Layers are parallel where they have no second norm; in the
// 12B model each head of queries and keys has a norm too.
func loadStableLM(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	return newDecoder(l, layerNorm, func(i int) layer {
		attention := l.attention(i, rope, plain)
		feedForward := l.gatedMLP(i, "", l.int("feed_forward_length"), kernel.SiLU)
		if !l.hasTensor(name(i, "ffn_norm.weight")) {
			return &parallel{norm: l.norm(name(i, "attn_norm"), layerNorm), attention: attention, feedForward: feedForward}
		}
		b := l.block(i, layerNorm, attention)
		b.feedForward = feedForward
		return b
	})
}
