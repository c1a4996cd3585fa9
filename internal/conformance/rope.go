package conformance

import (
	"math"
	"slices"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/internal/reference/opvec"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// What modes of ROPE have set.
const (
	modeHalf     = 2 // pairs are (p, p + rot/2), not neighbours
	modeSections = 8 // a token has several positions
	modeVision   = 16
	modeMixed    = 32 // sections alternate
)

// rope turns heads by their positions, in place.
func rope(t *trial) (func() []float64, error) {
	x, err := t.values(0)
	if err != nil {
		return nil, err
	}
	given, err := t.values(1)
	if err != nil {
		return nil, err
	}
	var factors []float64
	if t.has(2) {
		if factors, err = t.values(2); err != nil {
			return nil, err
		}
	}
	in := t.operand(0)
	dim, heads, tokens := in.Ne[0], in.Ne[1], in.Ne[2]*in.Ne[3]
	r := rotationOf(t.out(), factors)
	rows := positionStep + int(slices.Max(given))/positionStep + 1
	key := generated.RopeKey{Y: in.Type, Pairs: "interleaved"}
	if r.half {
		key.Pairs = "half"
	}
	params := generated.RopeParams{
		Tokens: uint32(tokens), Heads: uint32(heads), HeadDim: uint32(dim), Stride: uint32(heads * dim),
		First: uint32(r.first), Rot: uint32(2 * len(r.angles)), Streams: uint32(len(given) / tokens), TableRows: uint32(rows),
		Mscale: float32(r.scale),
	}
	y := t.batch.numbers(in.Type, x, dim, dim)
	y.output = true
	err = t.batch.dispatch(generated.Rope, key, params, map[string]plan.Source{
		"positions": t.batch.integers(given), "section": t.batch.integers(r.streams), "table": t.batch.floats(r.table(rows), 2, 2), "y": y,
	})
	return func() []float64 { return y.rows(dim, dim) }, err
}

// rotation is what the host makes of a record's parameters.
type rotation struct {
	half    bool
	first   int       // column
	scale   float64   // of what is turned
	angles  []float64 // of each pair at position 1
	streams []float64 // which of a token's positions turns a pair
}

// rotationOf follows YaRN (Peng et al., 2023) where ext_factor is not 0.
func rotationOf(d *opvec.Tensor, factors []float64) *rotation {
	dims, mode := int(d.Params[1]), d.Params[2]
	base, freqScale, ext, scale := d.Float(5), d.Float(6), d.Float(7), d.Float(8)
	sections := d.Params[11:15]
	r := &rotation{half: mode&(modeHalf|modeSections) != 0, first: int(d.Params[15]), scale: scale}
	if ext != 0 {
		r.scale *= 1 + 0.1*math.Log(1/freqScale)
	}
	pairs := dims / 2
	if mode&modeVision != 0 {
		pairs = dims
	}
	low, high := yarnRange(d)
	for p := range pairs {
		stream, place := 0, p // place: of the pair in its geometric sequence
		if mode&modeSections != 0 {
			stream, place = section(sections, p, mode)
		}
		angle := math.Pow(base, -2*float64(place)/float64(dims))
		if factors != nil {
			angle /= factors[p]
		}
		ramp := 1 - min(max((float64(p)-low)/max(0.001, high-low), 0), 1)
		angle *= freqScale*(1-ramp*ext) + ramp*ext
		r.angles, r.streams = append(r.angles, angle), append(r.streams, float64(stream))
	}
	return r
}

// yarnRange returns between which pairs YaRN goes from keeping angles to
// scaling them.
func yarnRange(d *opvec.Tensor) (low, high float64) {
	dims, context, base := float64(d.Params[1]), float64(d.Params[4]), d.Float(5)
	pair := func(turns float64) float64 {
		return dims * math.Log(context/(turns*2*math.Pi)) / (2 * math.Log(base))
	}
	return max(0, math.Floor(pair(d.Float(9)))), min(dims-1, math.Ceil(pair(d.Float(10))))
}

// section returns which of a token's positions turns a pair, and the pair's
// place in its geometric sequence: that of a picture begins anew in each section.
func section(sizes []int32, pair int, mode int32) (stream, place int) {
	all := int(sizes[0] + sizes[1] + sizes[2] + sizes[3])
	in := pair % all
	if mode&modeMixed != 0 {
		stream = in % 3
		if in >= 3*int(sizes[stream]) {
			stream = 3
		}
		return stream, pair
	}
	begin := 0
	for stream = 0; stream < 3 && in >= begin+int(sizes[stream]); stream++ {
		begin += int(sizes[stream])
	}
	if mode&modeVision != 0 {
		return stream, in - begin
	}
	return stream, pair
}

// positionStep is the positions from which the rows of a table advance by as
// much: a position's angle is the sum of two rows'.
const positionStep = 64

// table returns cos and sin of each pair at positions 0 to 63, then at the
// multiples of 64.
func (r *rotation) table(rows int) (out []float64) {
	for row := range rows {
		position := row
		if row >= positionStep {
			position = (row - positionStep) * positionStep
		}
		for _, angle := range r.angles {
			sin, cos := math.Sincos(angle * float64(position))
			out = append(out, cos, sin)
		}
	}
	return out
}
