package kerneltest

import (
	"math"

	"github.com/x448/float16"
)

// storage is how a binding's words hold numbers.
type storage struct {
	name string
	row  int // elements of a row, of asQ8
}

var (
	asF32 = storage{name: "f32"}
	asF16 = storage{name: "f16"} // two a word
	asU32 = storage{name: "u32"}
)

// asQ8 is rows of n elements as the cache stores q8_0: signed bytes, then an
// f32 for each 32 of them, their scale.
func asQ8(n int) storage { return storage{"q8_0", n} }

// scaled is how many elements share a scale of asQ8.
const scaled = 32

// rowWords returns the words of a row of asQ8.
func (s storage) rowWords() int { return s.row/4 + s.scales() }

func (s storage) scales() int { return (s.row + scaled - 1) / scaled }

func (s storage) encode(x []float64) []uint32 {
	switch s {
	case asF32:
		return convert(x, func(v float64) uint32 { return math.Float32bits(float32(v)) })
	case asU32:
		return convert(x, func(v float64) uint32 { return uint32(v) })
	case asF16:
		out := make([]uint32, (len(x)+1)/2)
		for i, v := range x {
			out[i/2] |= uint32(float16.Fromfloat32(float32(v)).Bits()) << (i % 2 * 16)
		}
		return out
	}
	var out []uint32
	for from := 0; from < len(x); from += s.row {
		out = append(out, s.encodeRow(x[from:][:s.row])...)
	}
	return out
}

func (s storage) encodeRow(x []float64) []uint32 {
	out := make([]uint32, s.rowWords())
	for b := range s.scales() {
		block := x[b*scaled : min((b+1)*scaled, len(x))]
		scale := step(block)
		out[s.row/4+b] = math.Float32bits(scale)
		for i, v := range block {
			if scale > 0 {
				at := b*scaled + i
				out[at/4] |= uint32(uint8(int8(math.RoundToEven(v/float64(scale))))) << (at % 4 * 8)
			}
		}
	}
	return out
}

// step returns the scale of a block of asQ8.
func step(block []float64) float32 {
	most := 0.0
	for _, v := range block {
		most = max(most, math.Abs(v))
	}
	return float32(most / 127)
}

func (s storage) decode(words []uint32) []float64 {
	var out []float64
	switch s {
	case asF32:
		return convert(words, func(w uint32) float64 { return float64(math.Float32frombits(w)) })
	case asU32:
		return convert(words, func(w uint32) float64 { return float64(w) })
	case asF16:
		for _, w := range words {
			for _, h := range []uint16{uint16(w), uint16(w >> 16)} {
				out = append(out, float64(float16.Frombits(h).Float32()))
			}
		}
		return out
	}
	for i := 0; len(words) > 0 && i < len(words)/s.rowWords()*s.row; i++ {
		out = append(out, s.scaledByte(words, i))
	}
	return out
}

// scaledByte returns element i of asQ8.
func (s storage) scaledByte(words []uint32, i int) float64 {
	row := words[i/s.row*s.rowWords():]
	i %= s.row
	return float64(int8(row[i/4]>>(i%4*8))) * float64(math.Float32frombits(row[s.row/4+i/scaled]))
}

func convert[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}

// bits returns the bits of element i, or, of asQ8, those of its value.
func (s storage) bits(words []uint32, i int) uint32 {
	switch s {
	case asF32, asU32:
		return words[i]
	case asF16:
		return words[i/2] >> (i % 2 * 16) & 0xffff
	}
	return math.Float32bits(float32(s.scaledByte(words, i)))
}

// slack returns how far off element i of some values may be because of what
// the storage rounds off.
func (s storage) slack(values []float64, i int) float64 {
	switch s {
	case asF32, asU32:
		return 0
	case asF16:
		return math.Abs(values[i])*0x1p-11 + 0x1p-25
	}
	row := i / s.row * s.row
	from := row + (i-row)/scaled*scaled
	return float64(step(values[from:min(from+scaled, row+s.row)])) / 2
}
