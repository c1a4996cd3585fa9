package quantize

import (
	"encoding/binary"
	"math"
)

// Super-blocks of 256 numbers, whose runs have scales of few bits.

// scaleAndMin returns the 6-bit scale and minimum of run j of 8.
func scaleAndMin(s []byte, j int) (scale, least byte) {
	if j < 4 {
		return s[j] & 63, s[j+4] & 63
	}
	return s[j+4]&15 | s[j-4]>>6<<4, s[j+4]>>4 | s[j]>>6<<4
}

// putScaleAndMin sets run j's, in bytes that were zero at first.
func putScaleAndMin(s []byte, j int, scale, least byte) {
	if j < 4 {
		s[j] |= scale
		s[j+4] |= least
		return
	}
	s[j+4] |= scale&15 | least<<4
	s[j-4] |= scale >> 4 << 6
	s[j] |= least >> 4 << 6
}

func decodeQ4_K(x []float32, b []byte) {
	d, dmin := half(b), half(b[2:])
	for i := range x {
		scale, least := scaleAndMin(b[4:16], i/32)
		q := b[16+i/64*32+i%32] >> (i % 64 / 32 * 4) & 15
		x[i] = d*float32(scale)*float32(q) - dmin*float32(least)
	}
}

func encodeQ4_K(b []byte, x []float32) {
	clear(b)
	var levels [256]byte
	putRuns(b, x, 15, &levels)
	for i, q := range levels {
		b[16+i/64*32+i%32] |= q << (i % 64 / 32 * 4)
	}
}

func decodeQ5_K(x []float32, b []byte) {
	d, dmin := half(b), half(b[2:])
	for i := range x {
		scale, least := scaleAndMin(b[4:16], i/32)
		q := b[48+i/64*32+i%32]>>(i%64/32*4)&15 | b[16+i%32]>>(i/32)&1<<4
		x[i] = d*float32(scale)*float32(q) - dmin*float32(least)
	}
}

func encodeQ5_K(b []byte, x []float32) {
	clear(b)
	var levels [256]byte
	putRuns(b, x, 31, &levels)
	for i, q := range levels {
		b[48+i/64*32+i%32] |= q & 15 << (i % 64 / 32 * 4)
		b[16+i%32] |= q >> 4 << (i / 32)
	}
}

// putRuns writes the scales of a super-block of Q4_K or Q5_K, and sets the levels. Each run first gets the scale and
// minimum that suit it best; the two scales of the super-block follow from the largest of them; then each run's are
// chosen anew among those that 6 bits can tell.
func putRuns(b []byte, x []float32, most float32, levels *[256]byte) {
	var scales, mins [8]float32
	for j := range 8 {
		scales[j], mins[j] = fitAffine(x[32*j:32*j+32], most)
	}
	d, dmin := putHalf(b, largest(scales[:])/63), putHalf(b[2:], largest(mins[:])/63)
	for j := range 8 {
		run := x[32*j : 32*j+32]
		scale, least := chooseSix(run, most, d, dmin, scales[j], mins[j])
		putScaleAndMin(b[4:16], j, scale, least)
		s, m := d*float32(scale), dmin*float32(least)
		for i, v := range run {
			levels[32*j+i] = byte(nearest(v, inverse(s), m, most))
		}
	}
}

func largest(x []float32) (most float32) {
	for _, v := range x {
		most = max(most, v)
	}
	return most
}

// nearest returns the level from 0 to most for which level·scale - least is nearest to v.
func nearest(v, inverse, least, most float32) float32 {
	return min(max(float32(math.RoundToEven(float64((v+least)*inverse))), 0), most)
}

// affineError returns the squared error of a run.
func affineError(run []float32, most, scale, least float32) (sum float32) {
	inverse := inverse(scale)
	for _, v := range run {
		e := nearest(v, inverse, least, most)*scale - least - v
		sum += e * e
	}
	return sum
}

// chooseSix returns the scale and minimum, as multiples of d and dmin up to 63, with the least error among the
// neighbours of what suits a run best.
func chooseSix(run []float32, most, d, dmin, scale, least float32) (bestScale, bestLeast byte) {
	best := float32(math.Inf(1))
	s, m := int(scale*inverse(d)+0.5), int(least*inverse(dmin)+0.5)
	for i := max(s-1, 0); i <= min(s+1, 63); i++ {
		for k := max(m-1, 0); k <= min(m+1, 63); k++ {
			if e := affineError(run, most, d*float32(i), dmin*float32(k)); e < best {
				best, bestScale, bestLeast = e, byte(i), byte(k)
			}
		}
	}
	return bestScale, bestLeast
}

// fitAffine returns the scale and the minimum, neither negative, for which level·scale - minimum is nearest to the
// numbers of a run. From scales around the one that spans the run, it computes the levels, and for these levels the best
// scale and minimum.
func fitAffine(run []float32, most float32) (scale, least float32) {
	low, high := float32(0), run[0]
	for _, v := range run {
		low, high = min(low, v), max(high, v)
	}
	if high <= low {
		return 0, -low
	}
	scale, least = (high-low)/most, -low
	best := affineError(run, most, scale, least)
	for step := range 21 {
		try := (high - low) / (most - 1 + 0.1*float32(step))
		s, m := refit(run, most, try, -low)
		if s <= 0 {
			continue
		}
		if e := affineError(run, most, s, m); e < best {
			best, scale, least = e, s, m
		}
	}
	return scale, least
}

// refit returns the scale and minimum with the least squared error for the levels that the given ones lead to.
func refit(run []float32, most, scale, least float32) (float32, float32) {
	var n, q1, q2, x1, xq float32
	inverse := inverse(scale)
	for _, v := range run {
		q := nearest(v, inverse, least, most)
		n++
		q1 += q
		q2 += q * q
		x1 += v
		xq += v * q
	}
	det := n*q2 - q1*q1
	if det <= 0 {
		return 0, 0
	}
	s, m := (n*xq-q1*x1)/det, (q1*xq-q2*x1)/det
	if m < 0 && q2 > 0 {
		return xq / q2, 0
	}
	return s, m
}

func decodeQ6_K(x []float32, b []byte) {
	d := half(b[208:])
	for i := range x {
		part, e := i/128, i%128
		low := b[part*64+e%64] >> (e / 64 * 4) & 15
		high := b[128+part*32+e%32] >> (e / 32 * 2) & 3
		x[i] = d * float32(int8(b[192+i/16])) * float32(int(low|high<<4)-32)
	}
}

func encodeQ6_K(b []byte, x []float32) {
	clear(b)
	var scales [16]float32
	var extreme float32
	for j := range scales {
		scales[j] = fitSymmetric(x[16*j:16*j+16], 32)
		if abs(scales[j]) > abs(extreme) {
			extreme = scales[j]
		}
	}
	d := putHalf(b[208:], extreme/-128)
	for j := range scales {
		scale := int8(min(max(math.Round(float64(scales[j]*inverse(d))), -128), 127))
		b[192+j] = byte(scale)
		inverse := inverse(d * float32(scale))
		for i := 16 * j; i < 16*j+16; i++ {
			q := byte(signed(x[i], inverse, 32) + 32)
			part, e := i/128, i%128
			b[part*64+e%64] |= q & 15 << (e / 64 * 4)
			b[128+part*32+e%32] |= q >> 4 << (e / 32 * 2)
		}
	}
}

// signed returns the level from -levels to levels-1 that is nearest to v.
func signed(v, inverse, levels float32) float32 {
	return min(max(float32(math.RoundToEven(float64(v*inverse))), -levels), levels-1)
}

// fitSymmetric returns the scale, of either sign, for which levels from -levels to levels-1 times scale are nearest to
// the numbers of a run.
func fitSymmetric(run []float32, levels float32) (scale float32) {
	var extreme float32
	for _, v := range run {
		if abs(v) > abs(extreme) {
			extreme = v
		}
	}
	if extreme == 0 {
		return 0
	}
	best := float32(math.Inf(1))
	for step := range 19 {
		inverse := -(levels + 0.1*float32(step-9)) / extreme
		var q2, xq, x2 float32
		for _, v := range run {
			q := signed(v, inverse, levels)
			q2 += q * q
			xq += v * q
			x2 += v * v
		}
		if q2 == 0 {
			continue
		}
		// The error at the best scale, xq/q2, for these levels.
		if e := x2 - xq*xq/q2; e < best {
			best, scale = e, xq/q2
		}
	}
	return scale
}

// decodeQ2_K: a 4-bit scale and a 4-bit minimum for each run of 16, then 64 bytes of which each holds four numbers of a
// half.
func decodeQ2_K(x []float32, b []byte) {
	d, dmin := half(b[80:]), half(b[82:])
	for i := range x {
		q := b[16+i/128*32+i%32] >> (i % 128 / 32 * 2) & 3
		s := b[i/16]
		x[i] = d*float32(s&15)*float32(q) - dmin*float32(s>>4)
	}
}

// decodeQ3_K: 32 bytes of third bits, of which 0 means minus 4, 64 bytes as in Q2_K, 12 bytes of 6-bit scales.
func decodeQ3_K(x []float32, b []byte) {
	d, s := half(b[108:]), b[96:108]
	for i := range x {
		q := int(b[32+i/128*32+i%32] >> (i % 128 / 32 * 2) & 3)
		if b[i%32]>>(i/32)&1 == 0 {
			q -= 4
		}
		run := i / 16
		scale := int(s[run%8]>>(run/8*4)&15) | int(s[8+run%4]>>(run/4*2)&3)<<4
		x[i] = d * float32(scale-32) * float32(q)
	}
}

// decodeIQ4_XS: scales of 6 bits for runs of 32, the upper 2 together, then the levels of IQ4_NL.
func decodeIQ4_XS(x []float32, b []byte) {
	d, upper := half(b), binary.LittleEndian.Uint16(b[2:])
	for i := range x {
		run := i / 32
		scale := int(b[4+run/2]>>(run%2*4)&15) | int(upper>>(2*run)&3)<<4
		q := b[8+16*run+i%16] >> (i % 32 / 16 * 4) & 15
		x[i] = d * float32(scale-32) * iq4Levels[q]
	}
}
