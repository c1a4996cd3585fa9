package plan

import (
	"fmt"
	"strconv"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
)

// RopeStore turns the queries and keys of qkv (query heads, key heads, value
// heads along a row), stores keys and values in the cache, and returns the
// queries.
func (r *Recorder) RopeStore(qkv *Tensor, heads Heads, rope *Rope, cache *Cache) *Tensor {
	q := r.tensor("queries", r.Tokens, heads.Q*heads.Dim)
	key := generated.RopeKvKey{KV: cache.kv, Rope: rope.form()}
	for _, page := range cache.pages {
		params := generated.RopeKvParams{
			Tokens: uint32(r.Tokens), Heads: uint32(heads.Q), KvHeads: uint32(heads.KV), HeadDim: uint32(heads.Dim),
			Rot: uint32(rope.Dims), Stride: uint32(qkv.Stride), QStride: uint32(q.Stride),
			Capacity: uint32(page.capacity), PageFirst: uint32(page.first), TableRows: uint32(rope.rows), Mscale: rope.Mscale,
		}
		r.dispatch(generated.RopeKv, key, params, 0, r.Tokens,
			bind{"state", Fixed(r.shared.State.All())}, bind{"qkv", qkv}, bind{"table", rope.table},
			bind{"q", q}, bind{"k", Fixed(page.k.All())}, bind{"v", Fixed(page.v.All())})
	}
	return q
}

// Attention returns the causal attention of q over the cache, whose newest
// entries are the keys of q's own tokens.
func (r *Recorder) Attention(q *Tensor, heads Heads, cache *Cache, scale float32) *Tensor {
	y := r.tensor("attention", r.Tokens, heads.Q*heads.Dim)
	a := attention{Recorder: r, q: q, heads: heads, kv: cache.kv, scale: scale}
	record := a.prefill()
	if r.Tokens == 1 {
		record = a.decode(len(cache.pages))
	}
	if r.Tokens > 1 && len(cache.pages) == 1 {
		record.page(cache.pages[0], result{"final", y, r.flat("unused", 2*r.Tokens), y.Stride, 0, 1})
		return y
	}
	slots := 0
	for _, page := range cache.pages {
		slots += record.slots(page)
	}
	part := result{output: "partial", slots: slots}
	part.y = r.flat("attention parts", r.Tokens*heads.Q*slots*heads.Dim)
	part.ml = r.flat("attention sums", r.Tokens*heads.Q*slots*2)
	for _, page := range cache.pages {
		record.page(page, part)
		part.slot += record.slots(page)
	}
	a.merge(y, part)
	return y
}

// attention is one layer's attention while it is recorded.
type attention struct {
	*Recorder
	q     *Tensor
	heads Heads
	kv    string
	scale float32
}

// result is where attention over a page goes: the final values, or one or more
// of all slots of partial ones.
type result struct {
	output      string
	y, ml       *Tensor
	stride      int // of y's rows, where it is final
	slot, slots int
}

// method records attention over a page by one of the kernels.
type method struct {
	slots func(page) int // that a page fills
	page  func(page, result)
}

// prefill returns the method for many queries.
func (a *attention) prefill() method {
	one := func(page) int { return 1 }
	if !a.library.Software() {
		for _, tier := range []string{"large", "small"} {
			key := generated.AttentionTileKey{Tier: tier, KV: a.kv, D: a.heads.Dim}
			if a.library.Has(generated.AttentionTile, key) {
				return method{one, func(p page, to result) { a.tile(key, p, to) }}
			}
		}
	}
	return method{one, func(p page, to result) { a.stream("queries", p, to, 1, p.capacity) }}
}

// decode returns the method for one query, which splits the cache.
func (a *attention) decode(pages int) method {
	key := generated.AttentionSplitKey{KV: a.kv, D: a.heads.Dim, G: a.packed()}
	if !a.library.Software() && a.library.Has(generated.AttentionSplit, key) {
		span := a.span(key)
		splits := func(p page) int { return ceilDiv(p.capacity, span) }
		return method{splits, func(p page, to result) { a.split(key, p, to, splits(p)) }}
	}
	room := int(a.limits.Binding / (4 * int64(a.heads.Q) * int64(a.heads.Dim)))
	most := max(min(room, mostParts)/pages, 1)
	span := func(p page) int { return max(ceilDiv(p.capacity, most), leastSpan) }
	splits := func(p page) int { return ceilDiv(p.capacity, span(p)) }
	return method{splits, func(p page, to result) { a.stream("parts", p, to, splits(p), span(p)) }}
}

// How attention_stream splits a cache: into at most so many parts, whose
// results fit a binding, of at least so many keys.
const (
	mostParts = 64
	leastSpan = 16
)

// packed returns how many heads of a group attention_split takes at once: all,
// or the most that it can.
func (a *attention) packed() int {
	for _, g := range []int{1, 4} {
		if a.heads.Q/a.heads.KV <= g {
			return g
		}
	}
	return 8
}

// span returns how many keys a workgroup of attention_split takes.
func (a *attention) span(key generated.AttentionSplitKey) int {
	v, err := a.library.Find(generated.AttentionSplit, key, nil)
	if err != nil {
		a.fail(err)
		return 1
	}
	n, err := tuned(v, "span")
	if err != nil {
		a.fail(err)
		return 1
	}
	return n
}

// tuned returns the value of a tuning axis of numbers.
func tuned(v *kernel.Variant, axis string) (int, error) {
	for _, s := range v.Tune {
		if s.Axis != axis {
			continue
		}
		if n, err := strconv.Atoi(s.Value); err == nil && n > 0 {
			return n, nil
		}
		return 0, fmt.Errorf("%s: %s is %q, not a positive number", v.Name, axis, s.Value)
	}
	return 0, fmt.Errorf("%s has no tuning axis %s", v.Name, axis)
}

func (a *attention) tile(key generated.AttentionTileKey, p page, to result) {
	key.Output = to.output
	params := generated.AttentionTileParams{
		Tokens: uint32(a.Tokens), Heads: uint32(a.heads.Q), KvHeads: uint32(a.heads.KV), HeadDim: uint32(a.heads.Dim),
		QStride: uint32(a.q.Stride), YStride: uint32(to.stride), Capacity: uint32(p.capacity), PageFirst: uint32(p.first),
		Slot: uint32(to.slot), Slots: uint32(to.slots), Scale: a.scale,
	}
	a.over(generated.AttentionTile, key, params, p, to)
}

func (a *attention) split(key generated.AttentionSplitKey, p page, to result, splits int) {
	params := generated.AttentionSplitParams{
		Tokens: uint32(a.Tokens), Heads: uint32(a.heads.Q), KvHeads: uint32(a.heads.KV), HeadDim: uint32(a.heads.Dim),
		QStride: uint32(a.q.Stride), Capacity: uint32(p.capacity), PageFirst: uint32(p.first),
		Slot: uint32(to.slot), Slots: uint32(to.slots), Splits: uint32(splits), Scale: a.scale,
	}
	a.over(generated.AttentionSplit, key, params, p, to)
}

func (a *attention) stream(lanes string, p page, to result, splits, span int) {
	key := generated.AttentionStreamKey{KV: a.kv, D: kernel.Is(a.heads.Dim), Lanes: lanes, Output: to.output}
	if !a.library.Has(generated.AttentionStream, key) {
		key.D = kernel.Is(0) // any head size
	}
	params := generated.AttentionStreamParams{
		Tokens: uint32(a.Tokens), Heads: uint32(a.heads.Q), KvHeads: uint32(a.heads.KV), HeadDim: uint32(a.heads.Dim),
		QStride: uint32(a.q.Stride), YStride: uint32(to.stride), Capacity: uint32(p.capacity), PageFirst: uint32(p.first),
		Slot: uint32(to.slot), Slots: uint32(to.slots), Splits: uint32(splits), Span: uint32(span), Scale: a.scale,
	}
	a.over(generated.AttentionStream, key, params, p, to)
}

// over records a kernel over a page; all of them name their bindings alike.
func (a *attention) over(t *kernel.Table, key op.Key, params op.Params, p page, to result) {
	a.dispatch(t, key, params, 0, a.Tokens,
		bind{"state", Fixed(a.shared.State.All())}, bind{"q", a.q}, bind{"k", Fixed(p.k.All())}, bind{"v", Fixed(p.v.All())},
		bind{"y", to.y}, bind{"ml", to.ml})
}

// merge joins the slots of partial results.
func (a *attention) merge(y *Tensor, part result) {
	params := generated.AttentionMergeParams{
		Tokens: uint32(a.Tokens), Heads: uint32(a.heads.Q), HeadDim: uint32(a.heads.Dim), Slots: uint32(part.slots), YStride: uint32(y.Stride),
	}
	a.dispatch(generated.AttentionMerge, generated.AttentionMergeKey{}, params, 0, a.Tokens,
		bind{"acc", part.y}, bind{"ml", part.ml}, bind{"y", y})
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
