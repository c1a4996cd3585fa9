package kerneltest

import (
	"math"
	"slices"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/ir"
)

const attentionWhy = "scores of a few units, good to some 1e-7 each (soft-capped at 30: to some 1e-6), go through exp and are averaged"

var attentionLimit = Limit{1e-11, 1e-5}

var _ = describe(Spec{
	Kernel: "attention_tile", Limit: attentionLimit, Why: attentionWhy,
	cases: func(g *generator) {
		for _, s := range g.manyQueries() {
			g.attention(s)
		}
	},
})

var _ = describe(Spec{
	Kernel: "attention_stream", Limit: attentionLimit, Why: attentionWhy,
	cases: func(g *generator) {
		shapes := g.manyQueries
		if g.word("lanes") == "parts" {
			shapes = func() []attentionShape { return g.manyParts(5) }
		}
		for _, s := range shapes() {
			g.attention(s)
		}
	},
})

var _ = describe(Spec{
	Kernel: "attention_split", Limit: attentionLimit, Why: attentionWhy,
	cases: func(g *generator) {
		for _, s := range g.manyParts(g.int("span")) {
			g.attention(s)
		}
	},
})

var _ = describe(Spec{
	Kernel: "attention_lanes", Limit: attentionLimit, Why: attentionWhy,
	cases: func(g *generator) {
		for _, s := range slices.Concat(g.manyParts(5), g.inForms([]attentionShape{
			{tokens: 1, heads: 8, kvHeads: 2, position: 40, capacity: 61, spare: 4},
			{tokens: 1, heads: 9, kvHeads: 1, position: 7, capacity: 9},
			{tokens: 2, heads: 3, kvHeads: 1, position: 0, capacity: 2},
		})) {
			g.attention(s)
		}
	},
})

// attentionShape is the shape of a case of attention.
type attentionShape struct {
	tokens, heads, kvHeads int
	position               int // of the first token
	pageFirst, capacity    int // of the cache's page
	slot, slots            int // slots 0: the final result
	splits, span           int // of the page: span keys each; splits 0 leaves it whole
	spare                  int // floats between rows
	attentionForm
}

// attentionForm is what a case's attention is more than softmax(scale·q·K)·V.
type attentionForm struct {
	window           int
	softCap, maxBias float64
	everyKey         bool // not causal
	mask, sinks      bool
	inKeys           bool // rows of values are as wide as those of keys
}

// attentionForms are taken in turn by the shapes of a kernel.
var attentionForms = []attentionForm{
	{},
	{window: 7},
	{softCap: 2.5, sinks: true},
	{maxBias: 8},
	{mask: true, maxBias: 4, inKeys: true},
	{everyKey: true, window: 40, sinks: true},
	{mask: true, softCap: 30, window: 64, inKeys: true},
}

// manyQueries are shapes of kernels that take the keys one after the other.
func (g *generator) manyQueries() []attentionShape {
	tile := g.tile("tokens")
	shapes := []attentionShape{
		{tokens: 1, heads: 1, kvHeads: 1, capacity: 1},
		{tokens: tile - 1, heads: 2, kvHeads: 1, position: 13, capacity: 13 + tile + 3},
		{tokens: tile + 1, heads: 6, kvHeads: 2, position: 5, capacity: 5 + tile + 1, spare: 64},
		{tokens: 3, heads: 8, kvHeads: 2, position: 40, capacity: 61, spare: 4},
		{tokens: 2, heads: 8, kvHeads: 1, position: 70, capacity: 72},
		{tokens: 2*tile + 3, heads: 1, kvHeads: 1, position: 0, capacity: 2*tile + 9},
		{tokens: 5, heads: 3, kvHeads: 1, position: 62, pageFirst: 64, capacity: 64, slots: 1},          // begins before the page
		{tokens: 7, heads: 4, kvHeads: 2, position: 90, pageFirst: 64, capacity: 29, slot: 1, slots: 2}, // ends after it
		{tokens: 2, heads: 1, kvHeads: 1, position: 3, pageFirst: 64, capacity: 8, slots: 1},            // does not reach it
		{tokens: 4, heads: 2, kvHeads: 1, position: 100, capacity: 110, slot: 2, slots: 3},
	}
	return g.inForms(shapes)
}

// manyParts are shapes of kernels that take span keys of the cache at a time.
func (g *generator) manyParts(span int) []attentionShape {
	return g.inForms([]attentionShape{
		{tokens: 1, heads: 1, kvHeads: 1, capacity: 1, slots: 1, splits: 1, span: span},
		{tokens: 1, heads: 2, kvHeads: 1, position: 3*span - 1, capacity: 3 * span, slots: 3, splits: 3, span: span},
		{tokens: 1, heads: 6, kvHeads: 2, position: span, capacity: 4*span + 3, slot: 2, slots: 7, splits: 5, span: span, spare: 64}, // some parts are empty
		{tokens: 1, heads: 8, kvHeads: 2, position: 2*span + 7, capacity: 3*span - 1, slots: 3, splits: 3, span: span},
		{tokens: 2, heads: 8, kvHeads: 1, position: span - 1, capacity: span + 1, slot: 1, slots: 4, splits: 2, span: span, spare: 4},
		{tokens: 3, heads: 9, kvHeads: 1, position: 62, pageFirst: 64, capacity: span + 5, slots: 2, splits: 2, span: span},
		{tokens: 1, heads: 3, kvHeads: 3, position: 500, pageFirst: 64, capacity: 2*span - 3, slots: 12, splits: 11, span: span},
	})
}

// inForms gives each shape a form, beginning anywhere, so that runs with other
// seeds see other pairs.
func (g *generator) inForms(shapes []attentionShape) []attentionShape {
	begin := g.IntN(len(attentionForms))
	for i := range shapes {
		shapes[i].attentionForm = attentionForms[(begin+i)%len(attentionForms)]
	}
	return shapes
}

// headDims returns the sizes of keys and values for the next case.
func (g *generator) headDims() (keys, values int) {
	if keys = g.int("D"); keys == 0 {
		return []int{20, 64, 68, 128, 4, 192}[len(g.cases)%6], []int{20, 64, 36, 260, 8, 128}[len(g.cases)%6]
	}
	if _, ok := g.Unit.Point["V"]; ok {
		return keys, g.int("V")
	}
	return keys, keys
}

func (g *generator) attention(s attentionShape) {
	dim, width := g.headDims()
	valueRow := width
	if s.inKeys && dim > width {
		valueRow = dim
	}
	qStride, yStride := s.heads*dim+s.spare, s.heads*width+s.spare
	c := g.add()
	c.size("tokens", s.tokens)
	c.size("heads", s.heads)
	c.size("kv_heads", s.kvHeads)
	c.size("head_dim", dim)
	c.size("value_dim", width)
	c.size("value_row", valueRow)
	c.size("q_stride", qStride)
	c.size("y_stride", yStride)
	c.size("capacity", s.capacity)
	c.size("page_first", s.pageFirst)
	c.size("slot", s.slot)
	c.size("slots", s.slots)
	c.size("splits", s.splits)
	c.size("part_keys", s.span)
	c.size("window", s.window)
	if c.size("causal", 1); s.everyKey {
		c.size("causal", 0)
	}
	a := reference.Attention{Scale: c.float("scale", 2/math.Sqrt(float64(dim))), SoftCap: c.float("soft_cap", s.softCap)}
	maxBias := c.float("max_bias", s.maxBias)
	c.words("state", uint32(s.position), g.Uint32(), g.Uint32(), g.Uint32())

	q := c.floats("q", g.padded(s.tokens, s.heads*dim, qStride))
	k, v := c.cache("k", s, dim), c.cache("v", s, valueRow)
	mask, sinks := c.mask(s), c.sinks(s.sinks, s.heads)
	size := s.tokens * yStride
	if s.slots > 0 {
		size = s.tokens * s.heads * s.slots * (width + 4)
	}
	y := c.output("y", size)
	streams := g.Unit.Source.Name == "attention_stream" // leaves sums of nothing
	shares := g.Unit.Source.Name != "attention_split"   // splits what is seen
	for t := range s.tokens {
		first, end := s.seen(t)
		for h := range s.heads {
			of := h / (s.heads / s.kvHeads)
			attend := func(from, to int) (acc []float64, top, sum float64) {
				a.Bias = s.bias(t, from, to, mask, reference.Slope(h, s.heads, maxBias))
				return a.Attend(q[t*qStride+h*dim:][:dim], k[of][from:to], v[of][from:to], width)
			}
			if s.slots == 0 {
				acc, top, sum := attend(first, end)
				for d, x := range reference.Output(acc, top, sum, sinks[h]) {
					y.put(t*yStride+h*width+d, x, 1)
				}
				continue
			}
			for part := range max(1, s.splits) {
				from, to := first, end
				switch {
				case shares && s.splits > 0:
					share := max((end-first+s.splits-1)/s.splits, s.span)
					from = min(first+part*share, end)
					to = min(from+share, end)
				case s.splits > 0:
					from, to = min(max(part*s.span, first), end), min(max((part+1)*s.span, first), end)
				}
				acc, top, sum := attend(from, to)
				at := ((t*s.heads+h)*s.slots + s.slot + part) * (width + 4)
				if sum > 0 || !streams {
					for d, x := range acc {
						y.put(at+d, x, max(sum, 1))
					}
				}
				top = max(top, -math.MaxFloat32) // where there are no keys
				y.put(at+width, top, 1+math.Abs(top))
				y.put(at+width+1, sum, 0)
				y.put(at+width+2, 0, 0)
				y.put(at+width+3, 0, 0)
			}
		}
	}
}

// seen returns the keys of the page that a token sees, from first to before end.
func (s attentionShape) seen(token int) (first, end int) {
	position := s.position + token
	last := position
	if s.everyKey {
		last = s.position + s.tokens - 1
	}
	if s.window > 0 {
		first = max(position+1-s.window, 0)
	}
	within := func(key int) int { return min(max(key-s.pageFirst, 0), s.capacity) }
	return within(first), within(last + 1)
}

// bias returns what is added to the scores of the keys from .. to of the page.
func (s attentionShape) bias(token, from, to int, mask []float64, slope float64) []float64 {
	bias := make([]float64, to-from)
	for i := range bias {
		key := s.pageFirst + from + i
		switch {
		case s.mask:
			bias[i] = mask[token*(len(mask)/s.tokens)+key]
			if bias[i] < -1e30 {
				bias[i] = math.Inf(-1)
			}
			bias[i] *= slope
		case s.maxBias > 0:
			bias[i] = -slope * math.Abs(float64(s.position+token-key))
		}
	}
	return bias
}

// mask fills the mask, some of which hides keys, if the case has one.
func (c *Case) mask(s attentionShape) []float64 {
	if !s.mask {
		c.size("mask_keys", 0)
		return c.floats("mask", c.random.padded(s.tokens, 0, 1))
	}
	keys := s.position + s.tokens + c.random.IntN(3)
	c.size("mask_keys", keys)
	mask := c.random.normal(s.tokens * keys)
	for i := range mask {
		if c.random.IntN(4) == 0 {
			mask[i] = []float64{math.Inf(-1), -math.MaxFloat32}[i%2]
		}
	}
	return c.floats("mask", mask)
}

// sinks fills the heads' sinks, and returns them: -Inf where there are none.
func (c *Case) sinks(have bool, heads int) []float64 {
	sinks, stored := slices.Repeat([]float64{math.Inf(-1)}, heads), []float64{math.NaN()}
	c.size("sink_heads", 0)
	if have {
		c.size("sink_heads", heads)
		sinks = c.random.normal(heads)
		stored = sinks
	}
	if c.binds("sinks") {
		c.floats("sinks", stored)
	}
	return sinks
}

// binds reports whether the kernel has a binding.
func (c *Case) binds(name string) bool {
	return slices.ContainsFunc(c.variant.Unit.Kernel.Bindings, func(b *ir.Binding) bool { return b.Name == name })
}

// cache fills a page of keys or values, and returns the rows of each head. What
// no token sees yet is large.
func (c *Case) cache(name string, s attentionShape, dim int) [][][]float64 {
	all := c.random.normal(s.kvHeads * s.capacity * dim)
	for i := range all {
		if i/dim%s.capacity > s.position+s.tokens-1-s.pageFirst {
			all[i] = 3e4
		}
	}
	all = c.floatsAs(name, cacheStorage(c.variant.word("KV"), dim), all)
	out := make([][][]float64, s.kvHeads)
	for h := range out {
		for j := range s.capacity {
			out[h] = append(out[h], all[(h*s.capacity+j)*dim:][:dim])
		}
	}
	return out
}

// cacheStorage is how a cache of a type stores rows of dim elements.
func cacheStorage(kv string, dim int) storage {
	switch kv {
	case "f16":
		return asF16
	case "q8_0":
		return asQ8(dim)
	}
	return asF32
}
