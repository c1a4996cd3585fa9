package model

import "github.com/wgslgen/wgslgen/runtime/kernel"

// loadDeepSeek: DeepSeekMoE (Dai et al., 2024): after some dense layers, many
// small experts and shared ones.
func loadDeepSeek(l *loader) Model {
	rope := l.rope(ropeSpec{})
	return newDecoder(l, rmsNorm, func(i int) layer {
		b := l.block(i, rmsNorm, l.attention(i, rope, plain))
		b.feedForward = l.deepSeekFeedForward(i)
		return b
	})
}

// deepSeekFeedForward loads a dense feed-forward in the leading layers, else
// experts.
func (l *loader) deepSeekFeedForward(i int) feedForward {
	if i < l.count("leading_dense_block_count") {
		return l.gatedMLP(i, "", l.int("feed_forward_length"), kernel.SiLU)
	}
	each := l.int("expert_feed_forward_length")
	e := l.experts(i, l.routing(), each, kernel.SiLU)
	if shared := l.count("expert_shared_count"); shared > 0 {
		e.shared = l.gatedMLP(i, "_shexp", shared*each, kernel.SiLU)
	}
	return e
}
