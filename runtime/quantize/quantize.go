// Package quantize turns the weights of GGUF files from one type into another: on the fly, as they are read.
package quantize

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// codec turns one block into numbers and back.
type codec struct {
	decode func(x []float32, block []byte)
	encode func(block []byte, x []float32) // nil: this type cannot be written
}

var codecs = map[gguf.Type]codec{
	gguf.F32:    {decodeF32, encodeF32},
	gguf.F16:    {decodeF16, encodeF16},
	gguf.BF16:   {decodeBF16, encodeBF16},
	gguf.Q4_0:   {decodeQ4_0, encodeQ4_0},
	gguf.Q4_1:   {decodeQ4_1, encodeQ4_1},
	gguf.Q5_0:   {decodeQ5_0, encodeQ5_0},
	gguf.Q5_1:   {decodeQ5_1, encodeQ5_1},
	gguf.Q8_0:   {decodeQ8_0, encodeQ8_0},
	gguf.Q2_K:   {decodeQ2_K, nil},
	gguf.Q3_K:   {decodeQ3_K, nil},
	gguf.Q4_K:   {decodeQ4_K, encodeQ4_K},
	gguf.Q5_K:   {decodeQ5_K, encodeQ5_K},
	gguf.Q6_K:   {decodeQ6_K, encodeQ6_K},
	gguf.IQ4_NL: {decodeIQ4_NL, encodeIQ4_NL},
	gguf.IQ4_XS: {decodeIQ4_XS, nil},
	gguf.MXFP4:  {decodeMXFP4, nil},
}

// CanWrite reports whether numbers can be turned into a type.
func CanWrite(t gguf.Type) bool { return codecs[t].encode != nil }

// Writable lists the names of the types that numbers can be turned into.
func Writable() string {
	var types []gguf.Type
	for t := range codecs {
		if CanWrite(t) {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	var names []string
	for _, t := range types {
		names = append(names, strings.ToLower(t.String()))
	}
	return strings.Join(names, ", ")
}

// Decode returns the numbers that blocks hold.
func Decode(t gguf.Type, blocks []byte) ([]float32, error) {
	c, ok := codecs[t]
	if !ok || len(blocks)%t.BlockBytes() != 0 {
		return nil, fmt.Errorf("quantize: %d bytes of type %s cannot be read as weights", len(blocks), t)
	}
	x := make([]float32, len(blocks)/t.BlockBytes()*t.BlockSize())
	c.decodeAll(t, x, blocks)
	return x, nil
}

// Encode returns the blocks that hold numbers as nearly as their type allows.
func Encode(t gguf.Type, x []float32) ([]byte, error) {
	c := codecs[t]
	if c.encode == nil || len(x)%t.BlockSize() != 0 {
		return nil, fmt.Errorf("quantize: %d numbers cannot be written as type %s; %s can be written", len(x), t, Writable())
	}
	blocks := make([]byte, len(x)/t.BlockSize()*t.BlockBytes())
	return blocks, c.encodeAll(t, blocks, x)
}

func (c codec) decodeAll(t gguf.Type, x []float32, blocks []byte) {
	for size, bytes := t.BlockSize(), t.BlockBytes(); len(blocks) > 0; x, blocks = x[size:], blocks[bytes:] {
		c.decode(x[:size], blocks[:bytes])
	}
}

// encodeAll fails for numbers that no block can hold.
func (c codec) encodeAll(t gguf.Type, blocks []byte, x []float32) error {
	limit := math.Inf(1)
	switch t {
	case gguf.F32, gguf.BF16: // which hold these as well
	case gguf.F16:
		limit = maxHalf
		fallthrough
	default:
		for i, v := range x {
			if v := float64(v); math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > limit {
				return fmt.Errorf("value %d is %g, which type %s cannot hold", i, v, t)
			}
		}
	}
	for size, bytes := t.BlockSize(), t.BlockBytes(); len(blocks) > 0; x, blocks = x[size:], blocks[bytes:] {
		c.encode(blocks[:bytes], x[:size])
	}
	return nil
}
