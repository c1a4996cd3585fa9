package reference

import "math"

// Dot returns a·b, and |a|·|b|: what a rounding error of the sum is measured against.
func Dot(a, b []float64) (dot, scale float64) {
	var aa, bb float64
	for i := range a {
		dot += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	return dot, math.Sqrt(aa * bb)
}

// RMSNorm returns weight·x / sqrt(mean(x²) + eps) (Zhang and Sennrich, 2019).
func RMSNorm(x, weight []float64, eps float64) []float64 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	scale := 1 / math.Sqrt(sum/float64(len(x))+eps)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = weight[i] * (v * scale)
	}
	return out
}

// LayerNorm returns weight·(x - mean) / sqrt(variance + eps) + bias (Ba et al.,
// 2016). Weight and bias may be nil.
func LayerNorm(x, weight, bias []float64, eps float64) []float64 {
	var mean, variance float64
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v - mean) / math.Sqrt(variance+eps)
		if weight != nil {
			out[i] *= weight[i]
		}
		if bias != nil {
			out[i] += bias[i]
		}
	}
	return out
}

// Softmax returns exp(x) / Σ exp(x). A value of -Inf gets 0.
func Softmax(x []float64) []float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v)
	}
	out := make([]float64, len(x))
	var sum float64
	for i, v := range x {
		out[i] = math.Exp(v - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}
