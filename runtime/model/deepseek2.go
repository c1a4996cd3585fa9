package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// latentAttention is multi-head latent attention (DeepSeek-V2, 2024) as for
// generation: the projections that make keys and values of latent vectors are
// taken to the side of queries and results, so that all heads attend to the
// latent vectors themselves, of which the cache holds one a token. Behind each
// stands a part that is rotated.
type latentAttention struct {
	heads      plan.Heads // over latent vectors
	plain, rot int        // values of a query's head that are not rotated, and that are
	qDown      *linear    // nil: q is not compressed
	qNorm      norm
	qUp        linear
	kvDown     linear
	kvNorm     norm
	keyUp      *weights.Matrix // of each head: rank × plain
	valueUp    *weights.Matrix // of each head: value × rank
	value      int
	headIDs    *weights.Vector
	queryRope  *plan.Rope
	keyRope    *plan.Rope
	cache      *plan.Cache
	options    plan.AttentionOptions
	output     linear
}

// loadDeepSeek2: DeepSeek-V2 (2024) and V3 (2024).
func loadDeepSeek2(l *loader) Model {
	rank, rot := l.int("attention.kv_lora_rank"), l.int("rope.dimension_count")
	key := l.int("attention.key_length_mla")
	if key <= rot {
		l.fail(fmt.Errorf("%s is %d; it must be greater than %s, %d", l.key("attention.key_length_mla"), key, l.key("rope.dimension_count"), rot))
		key = rot + 4
	}
	a := latentAttention{
		heads: plan.Heads{Q: l.int("attention.head_count"), KV: 1, Dim: rank + rot, V: rank, ValuesInKeys: true},
		plain: key - rot, rot: rot, value: l.int("attention.value_length_mla"),
		queryRope: l.rope(ropeSpec{first: key - rot}), keyRope: l.rope(ropeSpec{first: rank}),
	}
	a.options.Scale = float32(1 / math.Sqrt(float64(key)))
	if m := l.yarnMultiplier(); m != 0 {
		mscale := 1 + m*math.Log(l.positiveOr("rope.scaling.factor", 1))
		a.options.Scale *= float32(mscale * mscale)
	}
	a.headIDs = l.headIDs(a.heads.Q)
	d := newDecoder(l, rmsNorm, func(i int) layer {
		b := l.block(i, rmsNorm, l.latentAttention(i, a))
		b.feedForward = l.deepSeekFeedForward(i)
		return b
	})
	d.heads = a.heads
	return d
}

// headIDs plans the numbers of the heads for each token of a step.
func (l *loader) headIDs(heads int) *weights.Vector {
	var b bytes.Buffer
	for range max(l.options.Tokens, 1) {
		for h := range heads {
			binary.Write(&b, binary.LittleEndian, uint32(h))
		}
	}
	return l.set.Vector("numbers of heads", b.Len()/4, bytes.NewReader(b.Bytes()))
}

// latentAttention loads a layer's attention into a copy of what all share.
func (l *loader) latentAttention(i int, a latentAttention) *latentAttention {
	heads, hidden, rank := a.heads.Q, l.hidden(), a.heads.V
	a.qUp = linear{}
	if l.hasTensor(name(i, "attn_q_a.weight")) {
		qRank := l.int("attention.q_lora_rank")
		down := l.linear(part{name(i, "attn_q_a"), qRank}, hidden)
		a.qDown, a.qNorm = &down, l.normOf(name(i, "attn_q_a_norm"), rmsNorm, qRank)
		a.qUp = l.linear(part{name(i, "attn_q_b"), heads * (a.plain + a.rot)}, qRank)
	} else {
		a.qUp = l.linear(part{name(i, "attn_q"), heads * (a.plain + a.rot)}, hidden)
	}
	a.kvDown = l.linear(part{name(i, "attn_kv_a_mqa"), rank + a.rot}, hidden)
	a.kvNorm = l.normOf(name(i, "attn_kv_a_norm"), rmsNorm, rank)
	a.keyUp = l.ofExperts(nil, heads, l.expertTensor(name(i, "attn_k_b.weight"), heads, rank, a.plain))
	a.valueUp = l.ofExperts(nil, heads, l.expertTensor(name(i, "attn_v_b.weight"), heads, a.value, rank))
	a.cache = l.cache(i, a.heads)
	a.output = l.linear(part{name(i, "attn_output"), hidden}, heads*a.value)
	return &a
}

func (a *latentAttention) add(r *plan.Recorder, y, x *plan.Tensor) {
	kv := a.kvDown.of(r, "latent", x)
	r.HeadRMSNorm(kv, 0, 1, a.heads.V, a.kvNorm.weight, a.kvNorm.eps)
	r.RopeStoreKeys(kv, a.heads, a.keyRope, a.cache)

	if a.qDown != nil {
		x = a.qNorm.of(r, a.qDown.of(r, "compressed queries", x))
	}
	each := a.plain + a.rot
	raw := r.RopeQueries(a.qUp.of(r, "raw queries", x), plan.Heads{Q: a.heads.Q, Dim: each, V: each}, a.queryRope)
	q := r.HeadMatMul("latent queries", raw, each, a.keyUp, a.heads.Dim, a.headIDs)
	r.CopyHeads(q, a.heads.Dim, a.heads.V, raw, each, a.plain, a.rot)

	mixed := r.Attention(q, a.heads, a.cache, a.options)
	values := r.HeadMatMul("values", mixed, a.heads.V, a.valueUp, a.value, a.headIDs)
	a.output.add(r, y, values)
}
