package quantize

import "math"

// Blocks of 32 numbers whose 4 bits choose from a table.

// iq4Levels are the levels of the IQ4 types.
var iq4Levels = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// e2m1 are the values of a 4-bit float (OCP Microscaling Formats, 2023).
var e2m1 = [16]float32{0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6}

func decodeIQ4_NL(x []float32, b []byte) {
	d := half(b)
	for i, q := range b[2:18] {
		x[i], x[i+16] = d*iq4Levels[q&15], d*iq4Levels[q>>4]
	}
}

func decodeMXFP4(x []float32, b []byte) {
	d := float32(math.Ldexp(1, int(b[0])-127))
	for i, q := range b[1:17] {
		x[i], x[i+16] = d*e2m1[q&15], d*e2m1[q>>4]
	}
}

// encodeIQ4_NL tries scales that bring the number of largest magnitude to the first level or about the last, and takes
// the one that, once made the best for the levels that follow from it, has the least error.
func encodeIQ4_NL(b []byte, x []float32) {
	var extreme float32
	for _, v := range x {
		if abs(v) > abs(extreme) {
			extreme = v
		}
	}
	best, scale := float32(math.Inf(1)), float32(0)
	for step := -14; step <= 14 && extreme != 0; step++ {
		inverse := (iq4Levels[0] + float32(step)) / extreme
		for range 2 { // either sign
			var q2, xq, x2 float32
			for _, v := range x {
				q := iq4Levels[nearestLevel(v*inverse)]
				q2 += q * q
				xq += v * q
				x2 += v * v
			}
			if e := x2 - xq*xq/q2; e < best {
				best, scale = e, xq/q2
			}
			inverse = -inverse
		}
	}
	inverse := inverse(putHalf(b, scale))
	for i := range 16 {
		b[2+i] = nearestLevel(x[i]*inverse) | nearestLevel(x[i+16]*inverse)<<4
	}
}

func nearestLevel(x float32) byte {
	low, high := 0, len(iq4Levels)-1
	for high-low > 1 {
		if mid := (low + high) / 2; x < iq4Levels[mid] {
			high = mid
		} else {
			low = mid
		}
	}
	if x-iq4Levels[low] > iq4Levels[high]-x {
		return byte(high)
	}
	return byte(low)
}
