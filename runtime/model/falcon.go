package model

import "github.com/wgslgen/wgslgen/runtime/kernel"

// loadFalcon: Falcon (Almazrouei et al., 2023): parallel layers; the 40B model's
// attention has a norm of its own.
func loadFalcon(l *loader) Model {
	rope := l.rope(ropeSpec{half: true})
	return newDecoder(l, layerNorm, func(i int) layer {
		p := &parallel{
			norm:        l.norm(name(i, "attn_norm"), layerNorm),
			attention:   l.attention(i, rope, plain),
			feedForward: l.plainMLP(i, l.int("feed_forward_length"), kernel.GELU),
		}
		if own := name(i, "attn_norm_2"); l.hasTensor(own + ".weight") {
			n := l.norm(own, layerNorm)
			p.attentionNorm = &n
		}
		return p
	})
}
