package quantize

import (
	"encoding/binary"
	"math"

	"github.com/x448/float16"
)

// maxHalf is the largest number of 16 bits.
const maxHalf = 65504

func half(b []byte) float32 { return float16.Frombits(binary.LittleEndian.Uint16(b)).Float32() }

// putHalf writes a number to 16 bits and returns what they hold.
func putHalf(b []byte, x float32) float32 {
	h := float16.Fromfloat32(x)
	binary.LittleEndian.PutUint16(b, h.Bits())
	return h.Float32()
}

func decodeF32(x []float32, b []byte) { x[0] = math.Float32frombits(binary.LittleEndian.Uint32(b)) }

func encodeF32(b []byte, x []float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(x[0])) }

func decodeF16(x []float32, b []byte) { x[0] = half(b) }

func encodeF16(b []byte, x []float32) { putHalf(b, x[0]) }

func decodeBF16(x []float32, b []byte) {
	x[0] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
}

// encodeBF16 rounds to even. A NaN keeps a bit of its payload, so that it stays one.
func encodeBF16(b []byte, x []float32) {
	bits := math.Float32bits(x[0])
	if x[0] != x[0] {
		bits |= 1 << 22
	} else {
		bits += 0x7fff + bits>>16&1
	}
	binary.LittleEndian.PutUint16(b, uint16(bits>>16))
}
