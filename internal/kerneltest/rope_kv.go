package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "rope_kv",
	Limit:  Limit{1e-12, 1e-6},
	Why:    "cosines and sines come rounded to float32 and are multiplied twice",
	cases: func(g *generator) {
		for i, shape := range []ropeShape{
			{tokens: 1, heads: 1, kvHeads: 1, headDim: 4, rot: 4, capacity: 1},
			{tokens: 3, heads: 4, kvHeads: 2, headDim: 20, rot: 8, position: 63, capacity: 70, spare: 12},
			{tokens: 7, heads: 3, kvHeads: 1, headDim: 64, rot: 64, position: 8189, pageFirst: 8192, capacity: 5},            // begins before the page
			{tokens: 5, heads: 6, kvHeads: 2, headDim: 80, rot: 32, position: 4095, pageFirst: 64, capacity: 4033, spare: 4}, // ends after it
			{tokens: 2, heads: 8, kvHeads: 1, headDim: 36, rot: 36, position: 130, pageFirst: 192, capacity: 3},              // all before it
		} {
			g.rope(shape, []float64{1, 1.25}[i%2])
		}
	},
})

// ropeShape is the shape of a case of rope_kv; spare floats lie between rows.
type ropeShape struct {
	tokens, heads, kvHeads, headDim, rot int
	position, pageFirst, capacity, spare int
}

func (g *generator) rope(s ropeShape, mscale float64) {
	rows := 64 + (s.position+s.tokens)/64 + 1
	stride, qStride := (s.heads+2*s.kvHeads)*s.headDim+s.spare, s.heads*s.headDim+s.spare
	c := g.add()
	c.size("tokens", s.tokens)
	c.size("heads", s.heads)
	c.size("kv_heads", s.kvHeads)
	c.size("head_dim", s.headDim)
	c.size("rot", s.rot)
	c.size("stride", stride)
	c.size("q_stride", qStride)
	c.size("capacity", s.capacity)
	c.size("page_first", s.pageFirst)
	c.size("table_rows", rows)
	rotation := reference.Rotation{Dims: s.rot, Half: g.word("rope") == "half", Base: 10000, MScale: c.float("mscale", mscale)}
	c.words("state", uint32(s.position), g.Uint32(), g.Uint32(), g.Uint32())

	var table []float64
	for r := range rows {
		position := r
		if r >= 64 {
			position = (r - 64) * 64
		}
		for p := range s.rot / 2 {
			sin, cos := math.Sincos(rotation.Angle(position, p))
			table = append(table, cos, sin)
		}
	}
	c.floats("table", table)

	qkv := c.floats("qkv", g.padded(s.tokens, stride-s.spare, stride))
	q := c.output("q", s.tokens*qStride)
	cache := s.kvHeads * s.capacity * s.headDim
	k, v := c.output("k", cache), c.output("v", cache)
	for t := range s.tokens {
		position := s.position + t
		slot := position - s.pageFirst
		for h := range s.heads + 2*s.kvHeads {
			head := qkv[t*stride+h*s.headDim:][:s.headDim]
			to, at := q, t*qStride+h*s.headDim
			if h >= s.heads {
				if slot < 0 || slot >= s.capacity {
					continue
				}
				to, at = k, ((h-s.heads)*s.capacity+slot)*s.headDim
			}
			if h >= s.heads+s.kvHeads {
				to, at = v, ((h-s.heads-s.kvHeads)*s.capacity+slot)*s.headDim
			} else {
				head = rotation.Apply(head, position)
			}
			var norm float64
			for _, x := range head {
				norm = math.Hypot(norm, x)
			}
			for i, x := range head {
				to.put(at+i, x, norm)
			}
		}
	}
}
