package model

import (
	"fmt"
	"math"

	"github.com/wgslgen/wgslgen/runtime/plan"
)

// attention is grouped-query attention (Ainslie et al., 2023) with its
// projections.
type attention struct {
	heads        plan.Heads
	qkv          linear
	qNorm, kNorm *norm // of each head: RMSNorm with the same weights for all, or LayerNorm with each its own; nil: none
	rope         *plan.Rope
	cache        *plan.Cache
	options      plan.AttentionOptions
	output       linear
}

// plain is attention with nothing special about it.
var plain = plan.AttentionOptions{}

// heads reads the shape of attention.
func (l *loader) heads() plan.Heads {
	hidden := l.hidden()
	h := plan.Heads{Q: l.int("attention.head_count")}
	h.KV = l.intOr("attention.head_count_kv", h.Q)
	if !l.has("attention.key_length") && hidden%h.Q != 0 {
		l.fail(fmt.Errorf("%s is %d, which %s, %d, does not divide", l.key("embedding_length"), hidden, l.key("attention.head_count"), h.Q))
	}
	h.Dim = l.intOr("attention.key_length", max(hidden/h.Q, 1))
	h.V = l.intOr("attention.value_length", h.Dim)
	if h.Q%h.KV != 0 || h.Dim%4 != 0 || h.V%4 != 0 || hidden%4 != 0 {
		l.fail(fmt.Errorf("%d heads of %d and %d values on %d KV heads, hidden size %d: heads must divide, sizes be multiples of 4", h.Q, h.Dim, h.V, h.KV, hidden))
	}
	return h
}

// attention loads a layer's attention: its projections fused, or as three
// tensors, with norms of heads where there are any.
func (l *loader) attention(i int, rope *plan.Rope, options plan.AttentionOptions) *attention {
	h := l.heads()
	q, k, v := h.Q*h.Dim, h.KV*h.Dim, h.KV*h.V
	a := &attention{heads: h, rope: rope, cache: l.cache(i, h), options: options}
	if options.Scale == 0 {
		a.options.Scale = float32(1 / math.Sqrt(float64(h.Dim)))
	}
	if fused := name(i, "attn_qkv"); l.hasTensor(fused + ".weight") {
		a.qkv = l.linear(part{fused, q + k + v}, l.hidden())
	} else {
		a.qkv = l.side(l.hidden(), part{name(i, "attn_q"), q}, part{name(i, "attn_k"), k}, part{name(i, "attn_v"), v})
	}
	if l.hasTensor(name(i, "attn_q_norm.weight")) {
		a.qNorm, a.kNorm = l.headNorm(name(i, "attn_q_norm"), h.Q, h.Dim), l.headNorm(name(i, "attn_k_norm"), h.KV, h.Dim)
	}
	if sinks := name(i, "attn_sinks.weight"); l.hasTensor(sinks) {
		a.options.Sinks = l.vector(sinks, h.Q)
	}
	a.output = l.linear(part{name(i, "attn_output"), l.hidden()}, h.Q*h.V)
	return a
}

// headNorm loads a norm of heads: LayerNorm in models that have that elsewhere
// too, else RMSNorm.
func (l *loader) headNorm(name string, heads, dim int) *norm {
	n := norm{}
	if l.has(layerNorm.epsilon) {
		l.find(name+".weight", dim, heads)
		n = l.normOf(name, layerNorm, heads*dim)
	} else {
		n = l.normOf(name, rmsNorm, dim)
	}
	if n.bias != nil {
		l.fail(fmt.Errorf("load %s.bias: norms of heads have no bias", name))
	}
	return &n
}

// name names a tensor of a layer.
func name(layer int, tensor string) string { return fmt.Sprintf("blk.%d.%s", layer, tensor) }

// mixed returns the attention of the normed x, before the output projection.
func (a *attention) mixed(r *plan.Recorder, x *plan.Tensor) *plan.Tensor {
	qkv := a.qkv.of(r, "qkv", x)
	if a.qNorm != nil {
		a.qNorm.ofHeads(r, qkv, 0, a.heads.Q, a.heads.Dim)
		a.kNorm.ofHeads(r, qkv, a.heads.Q*a.heads.Dim, a.heads.KV, a.heads.Dim)
	}
	q := r.RopeStore(qkv, a.heads, a.rope, a.cache)
	return r.Attention(q, a.heads, a.cache, a.options)
}

// of returns the attention of the normed x.
func (a *attention) of(r *plan.Recorder, x *plan.Tensor) *plan.Tensor {
	return a.output.of(r, "attention output", a.mixed(r, x))
}

// add adds the attention of the normed x to y.
func (a *attention) add(r *plan.Recorder, y, x *plan.Tensor) { a.output.add(r, y, a.mixed(r, x)) }
