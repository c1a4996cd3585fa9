package interp

import (
	"math"

	"github.com/x448/float16"
)

func float(x uint32) float32 { return math.Float32frombits(x) }
func word(x float32) uint32  { return math.Float32bits(x) }

func addF(x, y uint32) uint32 { return word(float(x) + float(y)) }
func subF(x, y uint32) uint32 { return word(float(x) - float(y)) }
func mulF(x, y uint32) uint32 { return word(float(x) * float(y)) }
func divF(x, y uint32) uint32 { return word(float(x) / float(y)) }

// modF is x - y * trunc(x / y), computed exactly.
func modF(x, y uint32) uint32 {
	return word(float32(math.Mod(float64(float(x)), float64(float(y)))))
}

func eqF(x, y uint32) uint32 { return truth(float(x) == float(y)) }
func neF(x, y uint32) uint32 { return truth(float(x) != float(y)) }
func ltF(x, y uint32) uint32 { return truth(float(x) < float(y)) }
func leF(x, y uint32) uint32 { return truth(float(x) <= float(y)) }
func gtF(x, y uint32) uint32 { return truth(float(x) > float(y)) }
func geF(x, y uint32) uint32 { return truth(float(x) >= float(y)) }

// minF and maxF return the other value where one is NaN, as GPUs do.
func minF(x, y uint32) uint32 {
	if a := float(x); float(y) < a || a != a {
		return y
	}
	return x
}

func maxF(x, y uint32) uint32 {
	if a := float(x); a < float(y) || a != a {
		return y
	}
	return x
}

func clampF(x, low, high uint32) uint32 { return minF(maxF(x, low), high) }

const signBit = 1 << 31

func absF(x uint32) uint32 { return x &^ signBit }
func negF(x uint32) uint32 { return x ^ signBit }

// rounded makes an operation of a float64 function: its result, rounded once.
func rounded(f func(float64) float64) func(uint32) uint32 {
	return func(x uint32) uint32 { return word(float32(f(float64(float(x))))) }
}

func rsqrt(x float64) float64 { return 1 / math.Sqrt(x) }

// powF is NaN for a negative base, like exp2(y * log2(x)), which is all that
// WGSL asks for.
func powF(x, y uint32) uint32 {
	if float(x) < 0 {
		return word(float32(math.NaN()))
	}
	return word(float32(math.Pow(float64(float(x)), float64(float(y)))))
}

// fmaF rounds once. The product of two float32 is exact in float64; the sum
// is made odd where it is inexact, so that rounding it again to float32 errs
// on no tie.
func fmaF(x, y, z uint32) uint32 {
	p, a := float64(float(x))*float64(float(y)), float64(float(z))
	s := p + a
	t := s - p
	if e := (p - (s - t)) + (a - t); e > 0 || e < 0 {
		if bits := math.Float64bits(s); bits&1 == 0 {
			if (e > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return word(float32(s))
}

func f32FromU32(x uint32) uint32 { return word(float32(x)) }
func f32FromI32(x uint32) uint32 { return word(float32(int32(x))) }

// u32FromF32 rounds towards zero and saturates; NaN gives 0.
func u32FromF32(x uint32) uint32 {
	switch f := float(x); {
	case f >= 1<<32:
		return math.MaxUint32
	case f > 0:
		return uint32(f)
	}
	return 0
}

// i32FromF32 rounds towards zero and saturates; NaN gives 0.
func i32FromF32(x uint32) uint32 {
	switch f := float(x); {
	case f >= 1<<31:
		return math.MaxInt32
	case f <= -1<<31:
		return signBit
	case f == f:
		return uint32(int32(f))
	}
	return 0
}

// half rounds to the nearest f16, ties to even. The interpreter holds an f16 as
// the f32 of equal value: sums, products, quotients and roots computed in f32 and
// then rounded are those of f16, since f32 has over twice the digits.
func half(x uint32) uint32 { return word(float16.Fromfloat32(float(x)).Float32()) }

func unpackLow(x uint32) uint32  { return word(float16.Frombits(uint16(x)).Float32()) }
func unpackHigh(x uint32) uint32 { return unpackLow(x >> 16) }

// packHalves rounds two float32 to the nearest half, ties to even.
func packHalves(low, high uint32) uint32 {
	return uint32(float16.Fromfloat32(float(low))) | uint32(float16.Fromfloat32(float(high)))<<16
}
