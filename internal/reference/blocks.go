package reference

import (
	"encoding/binary"
	"math"
)

// Formats are all storage formats, by GGUF type id. Each element is written
// out by itself, from the definition of the block's bytes.
var Formats = []*Format{
	{Name: "f32", GGML: 0, Block: 1, Bytes: 4, scales: []field{{0, f32}}, at: func(b []byte, _ int) float64 {
		return single(binary.LittleEndian.Uint32(b))
	}},
	{Name: "f16", GGML: 1, Block: 1, Bytes: 2, scales: []field{{0, f16}}, at: func(b []byte, _ int) float64 {
		return half(b)
	}},
	{Name: "q4_0", GGML: 2, Block: 32, Bytes: 18, scales: []field{{0, f16}}, at: func(b []byte, i int) float64 {
		return half(b) * (nibble(b[2:], i) - 8)
	}},
	{Name: "q4_1", GGML: 3, Block: 32, Bytes: 20, scales: []field{{0, f16}, {2, f16}}, at: func(b []byte, i int) float64 {
		return half(b)*nibble(b[4:], i) + half(b[2:])
	}},
	{Name: "q5_0", GGML: 6, Block: 32, Bytes: 22, scales: []field{{0, f16}}, at: func(b []byte, i int) float64 {
		return half(b) * (nibble(b[6:], i) + 16*bit(b[2:], i) - 16)
	}},
	{Name: "q5_1", GGML: 7, Block: 32, Bytes: 24, scales: []field{{0, f16}, {2, f16}}, at: func(b []byte, i int) float64 {
		return half(b)*(nibble(b[8:], i)+16*bit(b[4:], i)) + half(b[2:])
	}},
	{Name: "q8_0", GGML: 8, Block: 32, Bytes: 34, scales: []field{{0, f16}}, at: func(b []byte, i int) float64 {
		return half(b) * float64(int8(b[2+i]))
	}},
	{Name: "q2_k", GGML: 10, Block: 256, Bytes: 84, scales: []field{{80, f16}, {82, f16}}, at: q2K},
	{Name: "q3_k", GGML: 11, Block: 256, Bytes: 110, scales: []field{{108, f16}}, at: q3K},
	{Name: "q4_k", GGML: 12, Block: 256, Bytes: 144, scales: []field{{0, f16}, {2, f16}}, at: func(b []byte, i int) float64 {
		scale, least := scaleMinK(b[4:16], i/32)
		return half(b)*scale*nibbleK(b[16:], i) - half(b[2:])*least
	}},
	{Name: "q5_k", GGML: 13, Block: 256, Bytes: 176, scales: []field{{0, f16}, {2, f16}}, at: func(b []byte, i int) float64 {
		scale, least := scaleMinK(b[4:16], i/32)
		high := float64(b[16+i%32] >> (i / 32) & 1)
		return half(b)*scale*(nibbleK(b[48:], i)+16*high) - half(b[2:])*least
	}},
	{Name: "q6_k", GGML: 14, Block: 256, Bytes: 210, scales: []field{{208, f16}}, at: q6K},
	{Name: "iq4_nl", GGML: 20, Block: 32, Bytes: 18, scales: []field{{0, f16}}, at: func(b []byte, i int) float64 {
		return half(b) * nonLinear[int(nibble(b[2:], i))]
	}},
	{Name: "iq4_xs", GGML: 23, Block: 256, Bytes: 136, scales: []field{{0, f16}}, at: iq4XS},
	{Name: "bf16", GGML: 30, Block: 1, Bytes: 2, scales: []field{{0, bf16}}, at: func(b []byte, _ int) float64 {
		return single(uint32(binary.LittleEndian.Uint16(b)) << 16)
	}},
	{Name: "mxfp4", GGML: 39, Block: 32, Bytes: 17, scales: []field{{0, e8m0}}, at: func(b []byte, i int) float64 {
		return math.Ldexp(e2m1[int(nibble(b[1:], i))], int(b[0])-127)
	}},
}

// nonLinear are the levels of the IQ4 formats.
var nonLinear = [16]float64{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// e2m1 are the values of a 4-bit float (OCP Microscaling Formats, 2023).
var e2m1 = [16]float64{0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6}

// nibble returns the 4 bits of element i of 32: the first 16 lie in the low
// halves of 16 bytes, the others in the high ones.
func nibble(q []byte, i int) float64 { return float64(q[i%16] >> (i / 16 * 4) & 15) }

// nibbleK is the same for 64 elements over 32 bytes, as in the K formats.
func nibbleK(q []byte, i int) float64 { return float64(q[i/64*32+i%32] >> (i % 64 / 32 * 4) & 15) }

// bit returns bit i of little-endian bytes.
func bit(b []byte, i int) float64 { return float64(b[i/8] >> (i % 8) & 1) }

// scaleMinK returns the 6-bit scale and minimum of run j of 8: of the first
// four they are the low 6 bits of bytes j and j+4; of the others the low 4 bits
// are the halves of byte j+4, the upper 2 those of bytes j-4 and j.
func scaleMinK(s []byte, j int) (scale, least float64) {
	if j < 4 {
		return float64(s[j] & 63), float64(s[j+4] & 63)
	}
	return float64(s[j+4]&15 | s[j-4]>>6<<4), float64(s[j+4]>>4 | s[j]>>6<<4)
}

// q2K: 16 bytes of a 4-bit scale and a 4-bit minimum for each run of 16, then
// 64 bytes of which each holds elements e, e+32, e+64, e+96 of a half.
func q2K(b []byte, i int) float64 {
	q := b[16+i/128*32+i%32] >> (i % 128 / 32 * 2) & 3
	s := b[i/16]
	return half(b[80:])*float64(s&15)*float64(q) - half(b[82:])*float64(s>>4)
}

// q3K: 32 bytes of third bits (bit i/32 of byte i%32), 64 bytes as in q2K, 12
// bytes of 6-bit scales for runs of 16. A third bit of 0 means minus 4.
func q3K(b []byte, i int) float64 {
	q := int(b[32+i/128*32+i%32] >> (i % 128 / 32 * 2) & 3)
	if b[i%32]>>(i/32)&1 == 0 {
		q -= 4
	}
	run, s := i/16, b[96:108]
	scale := int(s[run%8]>>(run/8*4)&15) | int(s[8+run%4]>>(run/4*2)&3)<<4
	return half(b[108:]) * float64(scale-32) * float64(q)
}

// q6K: 128 bytes of low bits, 64 of upper ones, 16 signed scales; see
// ggml-quants.c.
func q6K(b []byte, i int) float64 {
	part, e := i/128, i%128
	low := b[part*64+e%64] >> (e / 64 * 4) & 15
	high := b[128+part*32+e%32] >> (e / 32 * 2) & 3
	return half(b[208:]) * float64(int8(b[192+i/16])) * float64(int(low|high<<4)-32)
}

// iq4XS: scales of 6 bits for runs of 32, the upper 2 in a u16, the low 4 in
// nibbles; then 16 bytes a run.
func iq4XS(b []byte, i int) float64 {
	run := i / 32
	high := binary.LittleEndian.Uint16(b[2:]) >> (2 * run) & 3
	low := b[4+run/2] >> (run % 2 * 4) & 15
	scale := int(low) | int(high)<<4
	return half(b) * float64(scale-32) * nonLinear[int(nibble(b[8+16*run:], i%32))]
}
