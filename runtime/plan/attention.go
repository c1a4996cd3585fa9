package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// RopeStore turns the queries and keys of qkv (query heads, key heads, value
// heads along a row), stores keys and values in the cache, and returns the
// queries. Without a rope nothing turns.
func (r *Recorder) RopeStore(qkv *Tensor, heads Heads, rope *Rope, cache *Cache) *Tensor {
	q := r.tensor("queries", r.Tokens, heads.Q*heads.Dim)
	for _, page := range cache.pages {
		r.rope(qkv, q, heads, rope, cache.kv, page)
	}
	return q
}

// RopeQueries returns the queries of q, turned.
func (r *Recorder) RopeQueries(q *Tensor, heads Heads, rope *Rope) *Tensor {
	y := r.tensor("queries", r.Tokens, heads.Q*heads.Dim)
	heads.KV = 0
	r.rope(q, y, heads, rope, "f32", page{})
	return y
}

// RopeStoreKeys turns the keys of kv (key heads, then value heads, unless the
// values are part of the keys) and stores keys and values in the cache.
func (r *Recorder) RopeStoreKeys(kv *Tensor, heads Heads, rope *Rope, cache *Cache) {
	heads.Q = 0
	for _, page := range cache.pages {
		r.rope(kv, nil, heads, rope, cache.kv, page)
	}
}

// rope records rope_kv for those of the heads that there are.
func (r *Recorder) rope(qkv, q *Tensor, heads Heads, rope *Rope, kv string, page page) {
	params := generated.RopeKvParams{
		Tokens: uint32(r.Tokens), Heads: uint32(heads.Q), KvHeads: uint32(heads.KV),
		HeadDim: uint32(heads.Dim), ValueDim: uint32(heads.stored()), Stride: uint32(qkv.Stride),
		Capacity: uint32(page.capacity), PageFirst: uint32(page.first),
	}
	key := generated.RopeKvKey{KV: kv, Rope: "interleaved"}
	table := Source(qkv)
	if rope != nil {
		key.Rope, table = rope.form(), rope.table
		params.RotFirst, params.Rot = uint32(rope.First), uint32(rope.Dims)
		params.TableRows, params.Mscale = uint32(rope.rows), rope.Mscale
	}
	if q != nil {
		params.QStride = uint32(q.Stride)
	} else {
		q = r.flat("no queries", 1)
	}
	r.dispatch(generated.RopeKv, key, params, 0, r.Tokens,
		bind{"state", Fixed(r.shared.State.All())}, bind{"qkv", qkv}, bind{"table", table},
		bind{"q", q}, bind{"k", r.stored(page.k)}, bind{"v", r.stored(page.v)})
}

// stored returns a buffer of the cache, or, where there is none, memory that
// the kernel will not touch.
func (r *Recorder) stored(b *memory.Buffer) Source {
	if b == nil {
		return r.flat("no cache", 1)
	}
	return Fixed(b.All())
}

// AttentionOptions say what attention is beside softmax(Scale·q·K)·V over a
// token's own key and those before it.
type AttentionOptions struct {
	Scale   float32
	Window  int             // keys that a token sees, its own included; 0 is all
	SoftCap float32         // scores s become SoftCap·tanh(s/SoftCap); 0 leaves them
	MaxBias float32         // of the heads' slopes, as ALiBi has them; 0 is none
	Sinks   *weights.Vector // a score for each query head that has no value; nil is none
}

// Attention returns the attention of q over the cache, whose newest entries are
// the keys of q's own tokens.
func (r *Recorder) Attention(q *Tensor, heads Heads, cache *Cache, o AttentionOptions) *Tensor {
	y := r.tensor("attention", r.Tokens, heads.Q*heads.values())
	a := attention{Recorder: r, q: q, heads: heads, kv: cache.kv, options: o}
	record := a.prefill()
	if r.Tokens == 1 {
		record = a.decode(len(cache.pages))
	}
	if record.whole && len(cache.pages) == 1 {
		record.page(cache.pages[0], result{y: y})
		a.couldBe(record.others)
		return y
	}
	slots := 0
	for _, page := range cache.pages {
		slots += record.slots(page)
	}
	part := result{slots: slots}
	part.y = r.flat("attention parts", r.Tokens*heads.Q*slots*heads.partial())
	for _, page := range cache.pages {
		record.page(page, part)
		a.couldBe(record.others)
		part.slot += record.slots(page)
	}
	if len(cache.pages) > 1 {
		record.least = 0
	}
	a.merge(y, part, record.least)
	return y
}

// attention is one layer's attention while it is recorded.
type attention struct {
	*Recorder
	q       *Tensor
	heads   Heads
	kv      string
	options AttentionOptions
}

// result is where attention over a page goes: the final values, where slots is
// 0, or one or more of all slots of partial ones.
type result struct {
	y           *Tensor
	slot, slots int
}

// method records attention over a page by one of the kernels.
type method struct {
	whole  bool           // a page that is all of the cache can give the final values
	slots  func(page) int // that a page fills
	least  int            // keys of each slot but the last that has any; 0: not known
	page   func(page, result)
	others []Alternative
}

// way is a kernel that can compute a step of attention. All of them take the
// same parameters, and name their bindings alike.
type way struct {
	table *kernel.Table
	key   op.Key
}

var (
	_ = generated.AttentionTileParams(generated.AttentionStreamParams{})
	_ = generated.AttentionSplitParams(generated.AttentionStreamParams{})
	_ = generated.AttentionLanesParams(generated.AttentionStreamParams{})
)

// prefill returns the method for many queries.
func (a *attention) prefill() method {
	ways := []way{{generated.AttentionStream, a.streamKey("queries")}}
	tile := way{generated.AttentionTile, generated.AttentionTileKey{KV: a.kv, D: a.heads.Dim, V: a.heads.values()}}
	switch {
	case !a.library.Has(tile.table, tile.key):
	case a.library.Software():
		ways = append(ways, tile)
	default:
		ways = slices.Insert(ways, 0, tile)
	}
	ways = a.chosenFirst(ways)
	m := a.atOnce(ways[0])
	m.others = a.alternatives(false, ways[1:]...)
	return m
}

// atOnce returns the method of a kernel that takes all keys of a page.
func (a *attention) atOnce(w way) method {
	v := a.find(w)
	return method{
		whole: true,
		slots: func(page) int { return 1 },
		page:  func(p page, to result) { a.over(w, v, a.params(p, to), p, to) },
	}
}

// decode returns the method for one query: kernels that split the cache, or, on a
// CPU that plays a GPU, one that takes all keys.
func (a *attention) decode(pages int) method {
	ways := []way{{generated.AttentionStream, a.streamKey("parts")}}
	split, packed := a.packed()
	if packed != nil {
		ways = slices.Insert(ways, 0, split)
	}
	if lanes, ok := a.lanes(); ok {
		ways = slices.Insert(ways, 0, lanes)
	}
	ways = a.chosenFirst(ways)
	var m method
	switch ways[0].table {
	case generated.AttentionSplit:
		m = a.split(split, packed)
	case generated.AttentionLanes:
		m = a.atOnce(ways[0])
	default:
		m = a.parts(ways[0], pages)
	}
	m.others = a.alternatives(true, ways[1:]...)
	return m
}

// lanes returns attention_lanes for the heads of a group, or the most of them;
// false where the device does better, or has none for such heads.
func (a *attention) lanes() (way, bool) {
	key := generated.AttentionLanesKey{KV: a.kv, D: a.heads.Dim, G: 4}
	for share := a.heads.Q / a.heads.KV; key.G > 1 && (share <= key.G/2 || !a.library.Has(generated.AttentionLanes, key)); {
		key.G /= 2
	}
	ok := a.library.Software() && a.heads.values() == a.heads.Dim && a.library.Has(generated.AttentionLanes, key)
	return way{generated.AttentionLanes, key}, ok
}

// alternatives returns ways as alternatives to one that is taken.
func (a *attention) alternatives(apart bool, ways ...way) (all []Alternative) {
	for _, w := range ways {
		if v, err := a.library.Find(w.table, w.key, a.sizes()); err == nil {
			all = append(all, Alternative{w.table, w.key.Values(), v, apart})
		}
	}
	return all
}

// chosenFirst returns ways with the one first for which the tuning profile has
// the nearest choice, if any.
func (a *attention) chosenFirst(ways []way) []way {
	best, least := 0, math.Inf(1)
	for i, w := range ways {
		if v, apart := a.library.Chosen(w.table, w.key, a.sizes()); v != nil && apart < least {
			best, least = i, apart
		}
	}
	return slices.Concat(ways[best:best+1], ways[:best], ways[best+1:])
}

// sizes returns parameters with the sizes that a tuning profile chooses by.
func (a *attention) sizes() []uint32 { return a.params(page{}, result{y: a.q}).Words() }

// find returns the variant of a way, which is the same for all pages.
func (a *attention) find(w way) *kernel.Variant {
	v, err := a.library.Find(w.table, w.key, a.sizes())
	if err != nil {
		a.fail(err)
	}
	return v
}

// packed returns attention_split as the tuning profile has it, or else the
// variant that takes all heads of a group at once, or the most of them; nil where
// the device runs none well.
func (a *attention) packed() (w way, v *kernel.Variant) {
	key := generated.AttentionSplitKey{KV: a.kv, D: a.heads.Dim, V: a.heads.values()}
	w = way{generated.AttentionSplit, key} // of any G
	if v, _ := a.library.Chosen(w.table, w.key, a.sizes()); v != nil {
		return w, v
	}
	if a.library.Software() {
		return w, nil
	}
	for _, key.G = range []int{1, 4, 8} {
		if found, err := a.library.Find(w.table, key, a.sizes()); err == nil {
			v = found
		}
		if v != nil && a.heads.Q/a.heads.KV <= key.G {
			break
		}
	}
	return w, v
}

// split returns the method of a variant of attention_split, whose workgroups
// take so many keys each.
func (a *attention) split(w way, v *kernel.Variant) method {
	span, err := tuned(v, "span")
	if err != nil {
		a.fail(err)
		span = 1
	}
	splits := func(p page) int { return ceilDiv(p.capacity, span) }
	return method{slots: splits, least: span, page: func(p page, to result) {
		params := a.params(p, to)
		params.Splits = uint32(splits(p))
		a.over(w, v, params, p, to)
		a.tie("span")
	}}
}

// How attention_stream splits the keys that a query sees: into at most so many
// parts, whose results fit a binding, of at least so many keys.
const (
	mostParts = 64
	leastSpan = 16
)

// parts returns the method of attention_stream for one query.
func (a *attention) parts(w way, pages int) method {
	v := a.find(w)
	room := int(a.limits.Binding / (4 * int64(a.heads.Q) * int64(a.heads.partial())))
	most := max(min(room, mostParts)/pages, 1)
	splits := func(p page) int { return min(most, ceilDiv(p.capacity, leastSpan)) }
	return method{slots: splits, least: leastSpan, page: func(p page, to result) {
		params := a.params(p, to)
		params.Splits, params.PartKeys = uint32(splits(p)), leastSpan
		a.over(w, v, params, p, to)
	}}
}

// streamKey asks attention_stream for its variant for the heads' size, or else
// for any.
func (a *attention) streamKey(lanes string) generated.AttentionStreamKey {
	key := generated.AttentionStreamKey{KV: a.kv, D: kernel.Is(a.heads.Dim), Lanes: lanes}
	if a.heads.values() != a.heads.Dim || !a.library.Has(generated.AttentionStream, key) {
		key.D = kernel.Is(0)
	}
	return key
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

// params returns the parameters that all kernels of attention take.
func (a *attention) params(p page, to result) generated.AttentionStreamParams {
	return generated.AttentionStreamParams{
		Tokens: uint32(a.Tokens), Heads: uint32(a.heads.Q), KvHeads: uint32(a.heads.KV),
		HeadDim: uint32(a.heads.Dim), ValueDim: uint32(a.heads.values()), ValueRow: uint32(a.heads.valueRow()),
		QStride: uint32(a.q.Stride), YStride: uint32(to.y.Stride), Capacity: uint32(p.capacity), PageFirst: uint32(p.first),
		Slot: uint32(to.slot), Slots: uint32(to.slots), Splits: 1, PartKeys: uint32(p.capacity),
		Causal: 1, Window: uint32(a.options.Window),
		Scale: a.options.Scale, SoftCap: a.options.SoftCap, MaxBias: a.options.MaxBias,
		SinkHeads: a.sinkHeads(),
	}
}

func (a *attention) sinkHeads() uint32 {
	if a.options.Sinks == nil {
		return 0
	}
	return uint32(a.heads.Q)
}

// sinks returns what is bound to the sinks: something, where there are none.
func (a *attention) sinks(otherwise Source) Source {
	if a.options.Sinks == nil {
		return otherwise
	}
	return a.options.Sinks
}

// over records a variant over a page, with parameters that say where its result
// goes.
func (a *attention) over(w way, v *kernel.Variant, params generated.AttentionStreamParams, p page, to result) {
	if a.err != nil {
		return
	}
	values := p.v
	if values == nil {
		values = p.k
	}
	a.record(step{
		table: w.table, key: w.key.Values(), variant: v, words: params.Words(), most: a.Tokens,
		binds: []bind{
			{"state", Fixed(a.shared.State.All())}, {"q", a.q}, {"k", Fixed(p.k.All())}, {"v", Fixed(values.All())},
			{"mask", a.q}, {"sinks", a.sinks(a.q)}, {"y", to.y}, // there is no mask
		},
	})
}

// merge joins the slots of partial results.
func (a *attention) merge(y *Tensor, part result, least int) {
	params := generated.AttentionMergeParams{
		Tokens: uint32(a.Tokens), Heads: uint32(a.heads.Q), ValueDim: uint32(a.heads.values()), Slots: uint32(part.slots), PartKeys: uint32(least),
		YStride: uint32(y.Stride), SinkHeads: a.sinkHeads(),
	}
	a.dispatch(generated.AttentionMerge, generated.AttentionMergeKey{}, params, 0, a.Tokens,
		bind{"state", Fixed(a.shared.State.All())}, bind{"parts", part.y}, bind{"sinks", a.sinks(part.y)}, bind{"y", y})
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
