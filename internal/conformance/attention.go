package conformance

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/x448/float16"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/internal/reference/opvec"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// flashAttention takes queries, keys and values, a mask and sinks, and scale,
// max_bias and soft-cap as parameters. Each batch is a cache of its own.
func flashAttention(t *trial) (func() []float64, error) {
	var all []*array
	for i := range t.operand(0).Ne[3] {
		a, err := t.attention(i)
		if err != nil {
			return nil, err
		}
		if err := a.plan(); err != nil {
			return nil, err
		}
		all = append(all, a.y)
	}
	return func() (out []float64) {
		for _, y := range all {
			out = append(out, y.rows(len(y.words), len(y.words))...)
		}
		return out
	}, nil
}

// attention is one batch of a case.
type attention struct {
	batch           *batch
	tokens, heads   int
	keys, kvHeads   int
	dim, width      int    // elements of a key and of a value
	kv              string // how the cache stores them
	scale, softCap  float64
	maxBias         float64
	masked, sinking bool
	y               *array
	bound           map[string]plan.Source
}

func (t *trial) attention(i int) (*attention, error) {
	q, k, v := t.operand(0), t.operand(1), t.operand(2)
	scale, maxBias, softCap := t.out().Float(0), t.out().Float(1), t.out().Float(2)
	a := &attention{
		batch: t.batch, tokens: q.Ne[1], heads: q.Ne[2], keys: k.Ne[1], kvHeads: k.Ne[2], dim: k.Ne[0], width: v.Ne[0],
		kv: cacheType(k, v), scale: scale, softCap: softCap, maxBias: maxBias, masked: t.has(3), sinking: t.has(4),
	}
	queries, err := t.values(0)
	if err != nil {
		return nil, err
	}
	a.y = t.batch.output(a.tokens * a.heads * a.width)
	a.bound = map[string]plan.Source{
		"state": t.batch.integers([]float64{float64(max(a.keys-a.tokens, 0)), 0, 0, 0}), // the last query sees the last key
		"q":     t.batch.floats(a.byToken(part(queries, i, q.Ne[3])), a.dim, a.dim),
		"mask":  t.batch.scratch(a.tokens), "sinks": t.batch.scratch(1), "y": a.y,
	}
	if a.bound["k"], err = t.cache(1, i, a.kv); err != nil {
		return nil, err
	}
	if a.bound["v"], err = t.cache(2, i, a.kv); err != nil {
		return nil, err
	}
	if a.masked {
		mask, err := t.values(3)
		if err != nil {
			return nil, err
		}
		n := t.operand(3).Ne
		if n[2] != 1 {
			return nil, inapplicable("a mask for each head")
		}
		a.bound["mask"] = t.batch.floats(part(mask, i%n[3], n[3])[:a.tokens*a.keys], a.keys, a.keys)
	}
	if a.sinking {
		sinks, err := t.values(4)
		if err != nil {
			return nil, err
		}
		a.bound["sinks"] = t.batch.floats(sinks, a.heads, a.heads)
	}
	return a, nil
}

// part returns part i of n.
func part(x []float64, i, n int) []float64 { return x[i*len(x)/n : (i+1)*len(x)/n] }

// byToken returns queries that come by head in the order of rows of activations.
func (a *attention) byToken(q []float64) (out []float64) {
	for t := range a.tokens {
		for h := range a.heads {
			out = append(out, q[(h*a.tokens+t)*a.dim:][:a.dim]...)
		}
	}
	return out
}

// cacheType returns how a cache holds keys and values: as they are, if it has
// their type, else as f32.
func cacheType(k, v *opvec.Tensor) string {
	if k.Type == v.Type && slices.Contains(plan.CacheTypes, k.Type) {
		return k.Type
	}
	return "f32"
}

// cache returns the keys or values of a batch of queries, which batches of the
// cache share.
func (t *trial) cache(operand, i int, kv string) (*array, error) {
	x := t.operand(operand)
	batches := x.Ne[3]
	of := i / (t.operand(0).Ne[3] / batches)
	if kv == "q8_0" {
		data, err := t.Stored(t.out().Src[operand])
		if err != nil {
			return nil, err
		}
		each := len(data) / batches
		return t.batch.array("u32", quanta(data[of*each:][:each], x.Ne[0])), nil
	}
	values, err := t.values(operand)
	if err != nil {
		return nil, err
	}
	return t.batch.numbers(kv, part(values, of, batches), x.Ne[0], x.Ne[0]), nil
}

// quanta returns rows of Q8_0, of cols elements, as a cache holds them: the
// bytes of all blocks of a row, then the blocks' scales as f32.
func quanta(data []byte, cols int) (words []uint32) {
	const elements, bytes = 32, 34
	for row := range slices.Chunk(data, cols/elements*bytes) {
		var scales []uint32
		for block := range slices.Chunk(row, bytes) {
			words = append(words, decode(block[2:])...)
			scales = append(scales, math.Float32bits(float16.Frombits(binary.LittleEndian.Uint16(block)).Float32()))
		}
		words = append(words, scales...)
	}
	return words
}

// plan adds the kernels that the engine takes: for several queries those that
// make the result, else those that split the cache and then join its parts.
func (a *attention) plan() error {
	l := a.batch.library
	if a.tokens > 1 {
		for _, tier := range []string{"large", "small"} {
			key := generated.AttentionTileKey{Tier: tier, KV: a.kv, D: a.dim, V: a.width}
			if !l.Software() && l.Has(generated.AttentionTile, key) {
				return a.over(generated.AttentionTile, key, generated.AttentionTileParams(a.params()))
			}
		}
		return a.stream("queries", a.params())
	}
	if lanes := (generated.AttentionLanesKey{KV: a.kv, D: a.dim, G: 4}); l.Software() && a.width == a.dim && l.Has(generated.AttentionLanes, lanes) {
		return a.over(generated.AttentionLanes, lanes, generated.AttentionLanesParams(a.params()))
	}
	return a.split()
}

func (a *attention) split() error {
	l := a.batch.library
	key := generated.AttentionSplitKey{KV: a.kv, D: a.dim, V: a.width}
	span := leastSpan
	packed := !l.Software() && l.Has(generated.AttentionSplit, key)
	if packed {
		v, err := l.Find(generated.AttentionSplit, key, nil)
		if err != nil {
			return err
		}
		if span, err = setting(v, "span"); err != nil {
			return err
		}
	}
	params := a.params()
	slots := (a.keys + span - 1) / span
	params.Slots, params.Splits, params.PartKeys = uint32(slots), uint32(slots), uint32(span)
	y := a.bound["y"]
	parts := a.batch.scratch(a.heads * slots * (a.width + 4))
	a.bound["y"] = parts
	var err error
	if packed {
		err = a.over(generated.AttentionSplit, key, generated.AttentionSplitParams(params))
	} else {
		err = a.stream("parts", params)
	}
	if err != nil {
		return err
	}
	merge := generated.AttentionMergeParams{
		Tokens: 1, Heads: uint32(a.heads), ValueDim: uint32(a.width), Slots: uint32(slots), YStride: uint32(a.heads * a.width), SinkHeads: params.SinkHeads,
	}
	return a.batch.dispatch(generated.AttentionMerge, generated.AttentionMergeKey{}, merge,
		map[string]plan.Source{"state": a.bound["state"], "parts": parts, "sinks": a.bound["sinks"], "y": y})
}

// leastSpan is the keys of a part of attention_stream.
const leastSpan = 16

func (a *attention) stream(lanes string, params generated.AttentionStreamParams) error {
	key := generated.AttentionStreamKey{KV: a.kv, D: kernel.Is(a.dim), Lanes: lanes}
	if a.width != a.dim || !a.batch.library.Has(generated.AttentionStream, key) {
		key.D = kernel.Is(0) // any head size
	}
	return a.over(generated.AttentionStream, key, params)
}

func (a *attention) over(t *kernel.Table, key op.Key, params op.Params) error {
	return a.batch.dispatch(t, key, params, a.bound)
}

// params returns the parameters that all kernels of attention take.
func (a *attention) params() generated.AttentionStreamParams {
	p := generated.AttentionStreamParams{
		Tokens: uint32(a.tokens), Heads: uint32(a.heads), KvHeads: uint32(a.kvHeads),
		HeadDim: uint32(a.dim), ValueDim: uint32(a.width), ValueRow: uint32(a.width),
		QStride: uint32(a.heads * a.dim), YStride: uint32(a.heads * a.width), Capacity: uint32(a.keys),
		Scale: float32(a.scale), SoftCap: float32(a.softCap), MaxBias: float32(a.maxBias),
	}
	if a.masked {
		p.MaskKeys = uint32(a.keys)
	}
	if a.sinking {
		p.SinkHeads = uint32(a.heads)
	}
	return p
}
