package quantize

import (
	"encoding/binary"
	"math"
)

// Blocks of 32 numbers with one scale, and in some types a minimum.

func decodeQ4_0(x []float32, b []byte) {
	d := half(b)
	for i, q := range b[2:18] {
		x[i], x[i+16] = d*(float32(q&15)-8), d*(float32(q>>4)-8)
	}
}

// encodeQ4_0 gives the number of largest magnitude the lowest level, -8, whatever its sign.
func encodeQ4_0(b []byte, x []float32) {
	inverse := putSymmetric(b, x, 8)
	for i := range 16 {
		b[2+i] = level(x[i]*inverse+8.5, 15) | level(x[i+16]*inverse+8.5, 15)<<4
	}
}

// putSymmetric writes the scale that brings the number of largest magnitude to the level -levels, and returns its
// inverse.
func putSymmetric(b []byte, x []float32, levels float32) float32 {
	var extreme float32
	for _, v := range x {
		if abs(v) > abs(extreme) {
			extreme = v
		}
	}
	d := extreme / -levels
	putHalf(b, d)
	return inverse(d)
}

func inverse(x float32) float32 {
	if x == 0 {
		return 0
	}
	return 1 / x
}

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }

// level returns x without its fraction, limit at most.
func level(x float32, limit int) byte { return byte(min(max(int(x), 0), limit)) }

func decodeQ4_1(x []float32, b []byte) {
	d, m := half(b), half(b[2:])
	for i, q := range b[4:20] {
		x[i], x[i+16] = d*float32(q&15)+m, d*float32(q>>4)+m
	}
}

func encodeQ4_1(b []byte, x []float32) {
	least, inverse := putAffine(b, x, 15)
	for i := range 16 {
		b[4+i] = level((x[i]-least)*inverse+0.5, 15) | level((x[i+16]-least)*inverse+0.5, 15)<<4
	}
}

// putAffine writes the scale and the minimum that spread levels over the numbers, and returns the minimum and the
// scale's inverse.
func putAffine(b []byte, x []float32, levels float32) (least, inverted float32) {
	least, most := x[0], x[0]
	for _, v := range x {
		least, most = min(least, v), max(most, v)
	}
	d := (most - least) / levels
	putHalf(b, d)
	putHalf(b[2:], least)
	return least, inverse(d)
}

func decodeQ5_0(x []float32, b []byte) {
	d, high := half(b), binary.LittleEndian.Uint32(b[2:])
	for i, q := range b[6:22] {
		x[i] = d * (float32(uint32(q&15)|high>>i&1<<4) - 16)
		x[i+16] = d * (float32(uint32(q>>4)|high>>(i+16)&1<<4) - 16)
	}
}

func encodeQ5_0(b []byte, x []float32) {
	inverse := putSymmetric(b, x, 16)
	putFives(b[2:], func(i int) byte { return level(x[i]*inverse+16.5, 31) })
}

// putFives writes 32 levels of 5 bits: the upper bits together, then the others.
func putFives(b []byte, level func(i int) byte) {
	var high uint32
	for i := range 16 {
		low, up := level(i), level(i+16)
		b[4+i] = low&15 | up<<4
		high |= uint32(low>>4)<<i | uint32(up>>4)<<(i+16)
	}
	binary.LittleEndian.PutUint32(b, high)
}

func decodeQ5_1(x []float32, b []byte) {
	d, m, high := half(b), half(b[2:]), binary.LittleEndian.Uint32(b[4:])
	for i, q := range b[8:24] {
		x[i] = d*float32(uint32(q&15)|high>>i&1<<4) + m
		x[i+16] = d*float32(uint32(q>>4)|high>>(i+16)&1<<4) + m
	}
}

func encodeQ5_1(b []byte, x []float32) {
	least, inverse := putAffine(b, x, 31)
	putFives(b[4:], func(i int) byte { return level((x[i]-least)*inverse+0.5, 31) })
}

func decodeQ8_0(x []float32, b []byte) {
	d := half(b)
	for i, q := range b[2:34] {
		x[i] = d * float32(int8(q))
	}
}

func encodeQ8_0(b []byte, x []float32) {
	var most float32
	for _, v := range x {
		most = max(most, abs(v))
	}
	d := most / 127
	putHalf(b, d)
	inverse := inverse(d)
	for i, v := range x {
		b[2+i] = byte(int8(math.Round(float64(v * inverse))))
	}
}
