package reference

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/x448/float16"
)

// Format is how a GGUF file stores the elements of a row: in blocks of Block
// elements and Bytes bytes.
type Format struct {
	Name  string // as GGUF tools spell it, in lower case
	GGML  int    // type id of GGUF
	Block int
	Bytes int

	at     func(block []byte, i int) float64 // element i
	scales []field                           // the floats of a block; all other bytes may hold anything
}

// field is a floating-point number in a block.
type field struct {
	at   int
	kind kind
}

// kind is how a field stores its number.
type kind uint8

const (
	f32 kind = iota
	f16
	bf16
	e8m0 // 2^(byte-127)
)

// FormatOf returns the format with a GGUF type id.
func FormatOf(ggml int) (*Format, error) {
	for _, f := range Formats {
		if f.GGML == ggml {
			return f, nil
		}
	}
	return nil, fmt.Errorf("reference: no format has GGML type %d", ggml)
}

// RowBytes returns the bytes of a row of cols elements, a multiple of Block.
func (f *Format) RowBytes(cols int) int { return cols / f.Block * f.Bytes }

// Dequantize returns the elements that blocks hold.
func (f *Format) Dequantize(blocks []byte) []float64 {
	out := make([]float64, 0, len(blocks)/f.Bytes*f.Block)
	for ; len(blocks) > 0; blocks = blocks[f.Bytes:] {
		for i := range f.Block {
			out = append(out, f.at(blocks[:f.Bytes], i))
		}
	}
	return out
}

// Range says what the scales of random blocks are like.
type Range uint8

const (
	// Sane scales are those of trained weights, with either sign.
	Sane Range = iota
	// Extreme scales are zeros, the smallest and the largest of their type;
	// 32-bit ones stay where products of two and sums of thousands are finite.
	Extreme
)

// Random returns n valid blocks with random contents.
func (f *Format) Random(r *rand.Rand, n int, scales Range) []byte {
	out := make([]byte, n*f.Bytes)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	for b := out; len(b) > 0; b = b[f.Bytes:] {
		for _, s := range f.scales {
			s.put(b[s.at:], r, scales)
		}
	}
	return out
}

// put stores a random number.
func (s field) put(b []byte, r *rand.Rand, scales Range) {
	x := r.NormFloat64() * 0.1
	if scales == Extreme {
		x = []float64{0, math.Copysign(0, -1), 65504, -65504, 0x1p-24, 0x1p-14, 1, -1}[r.IntN(8)]
	}
	switch s.kind {
	case f32:
		if scales == Extreme {
			x = math.Ldexp(r.NormFloat64(), r.IntN(80)-40)
		}
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(x)))
	case f16:
		binary.LittleEndian.PutUint16(b, float16.Fromfloat32(float32(x)).Bits())
	case bf16:
		if scales == Extreme {
			x = math.Ldexp(r.NormFloat64(), r.IntN(80)-40)
		}
		binary.LittleEndian.PutUint16(b, uint16(math.Float32bits(float32(x))>>16))
	case e8m0:
		b[0] = byte(127 - 4 + r.IntN(4))
		if scales == Extreme {
			b[0] = byte(127 - 40 + r.IntN(80))
		}
	}
}

// half returns the f16 at b.
func half(b []byte) float64 {
	return float64(float16.Frombits(binary.LittleEndian.Uint16(b)).Float32())
}

// single returns the f32 whose bits are given.
func single(bits uint32) float64 { return float64(math.Float32frombits(bits)) }
