package kerneltest

import (
	"math"
	"slices"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "rope_kv",
	Limit:  Limit{1e-12, 1e-6},
	Why:    "cosines and sines come rounded to float32 and are multiplied twice",
	cases: func(g *generator) {
		for i, shape := range []ropeShape{
			{tokens: 1, heads: 1, kvHeads: 1, headDim: 4, valueDim: 4, rot: 4, capacity: 1},
			{tokens: 3, heads: 4, kvHeads: 2, headDim: 20, valueDim: 36, rot: 8, position: 63, capacity: 70, spare: 12},
			{tokens: 7, heads: 3, kvHeads: 1, headDim: 64, valueDim: 64, rot: 64, position: 8189, pageFirst: 8192, capacity: 5},            // begins before the page
			{tokens: 5, heads: 6, kvHeads: 2, headDim: 80, valueDim: 80, rot: 32, position: 4095, pageFirst: 64, capacity: 4033, spare: 4}, // ends after it
			{tokens: 2, heads: 8, kvHeads: 1, headDim: 36, valueDim: 36, rot: 36, position: 130, pageFirst: 192, capacity: 3},              // all before it
			{tokens: 2, heads: 0, kvHeads: 2, headDim: 96, valueDim: 0, rotFirst: 32, rot: 64, position: 5, capacity: 9},
			{tokens: 3, heads: 5, kvHeads: 0, headDim: 48, rotFirst: 8, rot: 20, position: 70, capacity: 4, spare: 8},
			{tokens: 3, heads: 2, kvHeads: 1, headDim: 68, valueDim: 32, rot: 0, position: 1, capacity: 4},
		} {
			g.rope(shape, []float64{1, 1.25}[i%2])
		}
	},
})

// ropeShape is the shape of a case of rope_kv; spare floats lie between rows.
type ropeShape struct {
	tokens, heads, kvHeads, headDim, valueDim int
	rotFirst, rot                             int
	position, pageFirst, capacity, spare      int
}

func (g *generator) rope(s ropeShape, mscale float64) {
	rows := 64 + (s.position+s.tokens)/64 + 1
	cols := (s.heads+s.kvHeads)*s.headDim + s.kvHeads*s.valueDim
	stride, qStride := cols+s.spare, s.heads*s.headDim+s.spare
	c := g.add()
	c.size("tokens", s.tokens)
	c.size("heads", s.heads)
	c.size("kv_heads", s.kvHeads)
	c.size("head_dim", s.headDim)
	c.size("value_dim", s.valueDim)
	c.size("rot_first", s.rotFirst)
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
	if s.rot == 0 {
		table = g.padded(rows, 0, 2)
	}
	c.floats("table", table)

	qkv := c.floats("qkv", g.padded(s.tokens, cols, stride))
	q := c.output("q", s.tokens*qStride)
	kv := g.word("KV")
	k := c.outputAs("k", cacheStorage(kv, s.headDim), s.kvHeads*s.capacity*s.headDim)
	v := c.outputAs("v", cacheStorage(kv, s.valueDim), s.kvHeads*s.capacity*s.valueDim)
	for t := range s.tokens {
		position := s.position + t
		slot := position - s.pageFirst
		row := qkv[t*stride:]
		for h := range s.heads {
			putHead(q, t*qStride+h*s.headDim, s.turn(rotation, row[h*s.headDim:][:s.headDim], position))
		}
		if slot < 0 || slot >= s.capacity {
			continue
		}
		for h := range s.kvHeads {
			key := row[(s.heads+h)*s.headDim:][:s.headDim]
			value := row[(s.heads+s.kvHeads)*s.headDim+h*s.valueDim:][:s.valueDim]
			putHead(k, (h*s.capacity+slot)*s.headDim, s.turn(rotation, key, position))
			putHead(v, (h*s.capacity+slot)*s.valueDim, value)
		}
	}
}

// turn returns a head with those of its elements turned that are to be.
func (s ropeShape) turn(rotation reference.Rotation, head []float64, position int) []float64 {
	return slices.Concat(head[:s.rotFirst], rotation.Apply(head[s.rotFirst:], position))
}

func putHead(to *want, at int, head []float64) {
	var norm float64
	for _, x := range head {
		norm = math.Hypot(norm, x)
	}
	for i, x := range head {
		to.put(at+i, x, norm)
	}
}
