package model

import (
	"fmt"
	"math"

	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// llama is the dense Llama family: RMSNorm before attention and feed-forward,
// rotated grouped queries, SwiGLU.
type llama struct {
	hidden, vocabulary, feedForward int
	heads                           plan.Heads
	eps                             float32
	scale                           float32 // of attention
	rope                            *plan.Rope

	embedding *weights.Matrix
	layers    []llamaLayer
	norm      *weights.Vector
	output    *weights.Matrix
}

type llamaLayer struct {
	attentionNorm   *weights.Vector
	qkv             []*weights.Matrix
	attentionOutput *weights.Matrix
	cache           *plan.Cache
	feedForwardNorm *weights.Vector
	gateUp, down    *weights.Matrix
}

func loadLlama(l *loader) Model {
	m := &llama{}
	m.configure(l)
	m.embedding = l.matrix("token_embd.weight", m.vocabulary, m.hidden)
	m.output = m.embedding
	if l.hasTensor("output.weight") {
		m.output = l.matrix("output.weight", m.vocabulary, m.hidden)
	}
	m.norm = l.vector("output_norm.weight", m.hidden)
	for i := range l.int("block_count") {
		if l.err != nil {
			break
		}
		m.layers = append(m.layers, m.loadLayer(l, i))
	}
	if l.err == nil {
		m.rope.Plan(l.set, l.context)
	}
	return m
}

func (m *llama) configure(l *loader) {
	if n := l.intOr("expert_count", 0); n > 0 {
		l.fail(fmt.Errorf("the model has %d experts; mixtures of experts are not supported yet", n))
	}
	m.hidden = l.int("embedding_length")
	m.vocabulary = l.rows("token_embd.weight", m.hidden)
	m.feedForward = l.int("feed_forward_length")
	m.eps = float32(l.float("attention.layer_norm_rms_epsilon"))
	if !(m.eps > 0) {
		l.fail(fmt.Errorf("%s is %g; it must be greater than 0", l.key("attention.layer_norm_rms_epsilon"), m.eps))
	}
	m.heads.Q = l.int("attention.head_count")
	m.heads.KV = l.intOr("attention.head_count_kv", m.heads.Q)
	if !l.has("attention.key_length") && m.hidden%m.heads.Q != 0 {
		l.fail(fmt.Errorf("%s is %d, which %s, %d, does not divide", l.key("embedding_length"), m.hidden, l.key("attention.head_count"), m.heads.Q))
	}
	m.heads.Dim = l.intOr("attention.key_length", max(m.hidden/m.heads.Q, 1))
	if v := l.intOr("attention.value_length", m.heads.Dim); v != m.heads.Dim {
		l.fail(fmt.Errorf("keys have %d values and values %d; they must be equal", m.heads.Dim, v))
	}
	if m.heads.Q%m.heads.KV != 0 || m.heads.Dim%4 != 0 || m.hidden%4 != 0 {
		l.fail(fmt.Errorf("%d heads of %d values on %d KV heads, hidden size %d: heads must divide, sizes be multiples of 4", m.heads.Q, m.heads.Dim, m.heads.KV, m.hidden))
	}
	m.scale = float32(1 / math.Sqrt(float64(m.heads.Dim)))
	if scale := l.floatOr("attention.scale", 0); scale != 0 { // 0 is none
		m.scale = float32(l.positiveOr("attention.scale", 1))
	}
	for _, name := range []string{"logit_scale", "embedding_scale", "residual_scale"} {
		l.neutral(name, 1, 0) // 0 is none
	}
	m.rope = l.ropeScaled(l.intOr("rope.dimension_count", m.heads.Dim), m.heads.Dim)
}

func (m *llama) loadLayer(l *loader, i int) llamaLayer {
	name := func(tensor string) string { return fmt.Sprintf("blk.%d.%s.weight", i, tensor) }
	q, kv := m.heads.Q*m.heads.Dim, m.heads.KV*m.heads.Dim
	return llamaLayer{
		attentionNorm: l.vector(name("attn_norm"), m.hidden),
		qkv: l.stacked(
			l.tensor(name("attn_q"), q, m.hidden),
			l.tensor(name("attn_k"), kv, m.hidden),
			l.tensor(name("attn_v"), kv, m.hidden)),
		attentionOutput: l.matrix(name("attn_output"), m.hidden, q),
		cache:           l.cache(i, m.heads),
		feedForwardNorm: l.vector(name("ffn_norm"), m.hidden),
		gateUp: l.gated(
			l.tensor(name("ffn_gate"), m.feedForward, m.hidden),
			l.tensor(name("ffn_up"), m.feedForward, m.hidden)),
		down: l.matrix(name("ffn_down"), m.hidden, m.feedForward),
	}
}

func (m *llama) Vocabulary() int { return m.vocabulary }

func (m *llama) AttentionWork(seen int) int64 {
	return 2 * int64(m.heads.Q) * int64(m.heads.Dim) * int64(seen)
}

func (m *llama) Forward(r *plan.Recorder) *plan.Tensor {
	x := r.Embed(m.embedding, m.hidden)
	for _, layer := range m.layers {
		normed := r.RMSNorm(x, layer.attentionNorm, m.eps)
		qkv := r.MatMul("qkv", normed, layer.qkv...)
		q := r.RopeStore(qkv, m.heads, m.rope, layer.cache)
		r.AddMatMul(x, r.Attention(q, m.heads, layer.cache, plan.AttentionOptions{Scale: m.scale}), layer.attentionOutput)

		normed = r.RMSNorm(x, layer.feedForwardNorm, m.eps)
		r.AddMatMul(x, r.GatedMatMul(normed, layer.gateUp), layer.down)
	}
	return x
}

func (m *llama) Logits(r *plan.Recorder, hidden *plan.Tensor) *plan.Tensor {
	return r.MatMul("logits", r.RMSNorm(hidden, m.norm, m.eps), m.output)
}
