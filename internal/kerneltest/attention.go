package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

const attentionWhy = "scores of a few units, good to some 1e-7 each, go through exp and are averaged"

var attentionLimit = Limit{1e-11, 3e-6}

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

// attentionShape is the shape of a case of attention.
type attentionShape struct {
	tokens, heads, kvHeads int
	position               int // of the first token
	pageFirst, capacity    int // of the cache's page
	slot, slots            int
	splits, span           int // of the page: span keys each; splits 0 leaves it whole
	spare                  int // floats between rows
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
	}
	if g.word("output") == "partial" {
		for i := range shapes {
			shapes[i].slot, shapes[i].slots = i%3, 3
		}
		shapes = append(shapes,
			attentionShape{tokens: 5, heads: 3, kvHeads: 1, position: 62, pageFirst: 64, capacity: 64, slots: 1},          // begins before the page
			attentionShape{tokens: 7, heads: 4, kvHeads: 2, position: 90, pageFirst: 64, capacity: 29, slot: 1, slots: 2}, // ends after it
			attentionShape{tokens: 2, heads: 1, kvHeads: 1, position: 3, pageFirst: 64, capacity: 8, slots: 1},            // does not reach it
		)
	}
	return shapes
}

// manyParts are shapes of kernels that take span keys of the cache at a time.
func (g *generator) manyParts(span int) []attentionShape {
	return []attentionShape{
		{tokens: 1, heads: 1, kvHeads: 1, capacity: 1, slots: 1, splits: 1, span: span},
		{tokens: 1, heads: 2, kvHeads: 1, position: 3*span - 1, capacity: 3 * span, slots: 3, splits: 3, span: span},
		{tokens: 1, heads: 6, kvHeads: 2, position: span, capacity: 4*span + 3, slot: 2, slots: 7, splits: 5, span: span, spare: 64}, // some parts are empty
		{tokens: 1, heads: 8, kvHeads: 2, position: 2*span + 7, capacity: 3*span - 1, slots: 3, splits: 3, span: span},
		{tokens: 2, heads: 8, kvHeads: 1, position: span - 1, capacity: span + 1, slot: 1, slots: 4, splits: 2, span: span, spare: 4},
		{tokens: 3, heads: 9, kvHeads: 1, position: 62, pageFirst: 64, capacity: span + 5, slots: 2, splits: 2, span: span},
		{tokens: 1, heads: 3, kvHeads: 3, position: 500, pageFirst: 64, capacity: 2*span - 3, slots: 12, splits: 11, span: span},
	}
}

func (g *generator) attention(s attentionShape) {
	dim := g.int("D")
	if dim == 0 {
		dim = []int{20, 64, 68, 128, 4}[len(g.cases)%5]
	}
	partial := s.slots > 0
	stride := s.heads*dim + s.spare
	c := g.add()
	c.size("tokens", s.tokens)
	c.size("heads", s.heads)
	c.size("kv_heads", s.kvHeads)
	c.size("head_dim", dim)
	c.size("q_stride", stride)
	c.size("capacity", s.capacity)
	c.size("page_first", s.pageFirst)
	c.size("slot", s.slot)
	c.size("slots", s.slots)
	if c.takes("y_stride") {
		c.size("y_stride", stride)
	}
	if c.takes("splits") {
		c.size("splits", s.splits)
	}
	if c.takes("span") {
		c.size("span", s.span)
	}
	scale := c.float("scale", 2/math.Sqrt(float64(dim)))
	c.words("state", uint32(s.position), g.Uint32(), g.Uint32(), g.Uint32())

	q := c.floats("q", g.padded(s.tokens, s.heads*dim, stride))
	k, v := c.cache("k", s, dim), c.cache("v", s, dim)
	var y, ml *want
	if partial {
		y, ml = c.output("y", s.tokens*s.heads*s.slots*dim), c.output("ml", 2*s.tokens*s.heads*s.slots)
	} else {
		y = c.output("y", s.tokens*stride)
	}
	for t := range s.tokens {
		for h := range s.heads {
			query := q[t*stride+h*dim:][:dim]
			of := h / (s.heads / s.kvHeads)
			seen := min(max(0, s.position+t+1-s.pageFirst), s.capacity)
			if !partial {
				acc, _, sum := reference.Attend(query, k[of][:seen], v[of][:seen], scale)
				for d, x := range acc {
					y.put(t*stride+h*dim+d, x/sum, 1)
				}
				continue
			}
			for part := range max(1, s.splits) {
				from, to := 0, seen
				if s.splits > 0 {
					from, to = min(part*s.span, seen), min((part+1)*s.span, seen)
				}
				acc, top, sum := reference.Attend(query, k[of][from:to], v[of][from:to], scale)
				slot := (t*s.heads+h)*s.slots + s.slot + part
				for d, x := range acc {
					y.put(slot*dim+d, x, max(sum, 1))
				}
				top = max(top, -math.MaxFloat32) // where there are no keys
				ml.put(2*slot, top, 1+math.Abs(top))
				ml.put(2*slot+1, sum, 0)
			}
		}
	}
}

// takes reports whether the kernel has a parameter.
func (c *Case) takes(name string) bool {
	for _, p := range c.variant.Unit.Kernel.Params {
		if p.Name == name {
			return true
		}
	}
	return false
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
	all = c.floats(name, all)
	out := make([][][]float64, s.kvHeads)
	for h := range out {
		for j := range s.capacity {
			out[h] = append(out[h], all[(h*s.capacity+j)*dim:][:dim])
		}
	}
	return out
}
