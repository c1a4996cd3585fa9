package model

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/quantize"
	"github.com/wgslgen/wgslgen/runtime/rearrange"
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

// loadDeepSeek2: DeepSeek-V2 (2024) and V3 (2024). Files from before llama.cpp
// knew latent attention tell the lengths of keys and values by the usual names.
func loadDeepSeek2(l *loader) Model {
	rank, rot := l.int("attention.kv_lora_rank"), l.int("rope.dimension_count")
	keyLength, valueLength := "attention.key_length_mla", "attention.value_length_mla"
	if !l.has(keyLength) && !l.has(valueLength) {
		keyLength, valueLength = "attention.key_length", "attention.value_length"
	}
	key := l.int(keyLength)
	if key <= rot {
		l.fail(fmt.Errorf("%s is %d; it must be greater than %s, %d", l.key(keyLength), key, l.key("rope.dimension_count"), rot))
		key = rot + 4
	}
	a := latentAttention{
		heads: plan.Heads{Q: l.int("attention.head_count"), KV: 1, Dim: rank + rot, V: rank, ValuesInKeys: true},
		plain: key - rot, rot: rot, value: l.int(valueLength),
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
	return l.set.Vector("numbers of heads", max(l.options.Tokens, 1)*heads, repeated{heads})
}

// repeated is the numbers below n, over and over, in 32 bits each.
type repeated struct{ n int }

func (r repeated) ReadAt(b []byte, off int64) (int, error) {
	var number [4]byte
	for i := range b {
		at := off + int64(i)
		binary.LittleEndian.PutUint32(number[:], uint32(at/4%int64(r.n)))
		b[i] = number[at%4]
	}
	return len(b), nil
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
	keyUp, valueUp := l.latentUp(i, &a)
	a.keyUp, a.valueUp = l.ofExperts(nil, heads, keyUp), l.ofExperts(nil, heads, valueUp)
	a.cache = l.cache(i, a.heads)
	a.output = l.linear(part{name(i, "attn_output"), hidden}, heads*a.value)
	return &a
}

// latentUp returns what makes keys and values of latent vectors: two tensors, of
// which that of keys is transposed for each head, or, in older files, one that
// has the rows of a head's key and then those of its value.
func (l *loader) latentUp(i int, a *latentAttention) (keyUp, valueUp *weights.Tensor) {
	heads, rank := int64(a.heads.Q), int64(a.heads.V)
	both := name(i, "attn_kv_b.weight")
	if l.hasTensor(name(i, "attn_k_b.weight")) || !l.hasTensor(both) {
		l.used[both] = true // some files have all three
		return l.expertTensor(name(i, "attn_k_b.weight"), a.heads.Q, a.heads.V, a.plain),
			l.expertTensor(name(i, "attn_v_b.weight"), a.heads.Q, a.value, a.heads.V)
	}
	stored := l.tensor(both, a.heads.Q*(a.plain+a.value), a.heads.V)
	if stored == nil {
		return nil, nil
	}
	plain, value := int64(a.plain), int64(a.value)
	rows := func(first, n int64) io.ReaderAt { // n rows of each head
		return rearrange.Rows(stored.Data, int64(stored.RowBytes), heads*n, func(row int64) int64 {
			return row/n*(plain+value) + first + row%n
		})
	}
	valueUp = &weights.Tensor{Name: both, Format: stored.Format, Rows: a.heads.Q * a.value, Cols: a.heads.V, RowBytes: stored.RowBytes, Data: rows(plain, value)}

	// Blocks do not survive being transposed.
	kind := gguf.F32
	keys, err := quantize.Reader(rows(0, plain), gguf.Type(stored.Format.GGML), kind, heads*plain*rank)
	if err != nil {
		l.fail(fmt.Errorf("load %s: %w", both, err))
		return nil, nil
	}
	size := int64(kind.BlockBytes())
	keyUp = &weights.Tensor{
		Name: both, Format: plan.Format(int(kind)), Rows: a.heads.Q * a.heads.V, Cols: a.plain, RowBytes: a.plain * int(size),
		Data: rearrange.Transposed(keys, rearrange.Shape{Matrices: heads, Rows: plain, Cols: rank, Element: size}),
	}
	return keyUp, valueUp
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
