package reference

import "math"

// Attention is what one query sees of the keys and values of a head (Vaswani et
// al., 2017).
type Attention struct {
	Scale   float64
	SoftCap float64   // scores s become SoftCap·tanh(s/SoftCap); 0: no
	Bias    []float64 // added to the scores, -Inf hides a key; nil: none
}

// Attend returns the softmax's weighted sum of values, which have width
// elements each, and the maximum and the sum of its softmax: the sum of
// exp(score - maximum). The output is not yet divided by that sum.
func (a Attention) Attend(query []float64, keys, values [][]float64, width int) (acc []float64, maximum, sum float64) {
	scores := make([]float64, len(keys))
	maximum = math.Inf(-1)
	for i, k := range keys {
		dot, _ := Dot(query, k)
		scores[i] = a.Scale * dot
		if a.SoftCap != 0 {
			scores[i] = a.SoftCap * math.Tanh(scores[i]/a.SoftCap)
		}
		if a.Bias != nil {
			scores[i] += a.Bias[i]
		}
		maximum = max(maximum, scores[i])
	}
	acc = make([]float64, width)
	for i, v := range values {
		if math.IsInf(scores[i], -1) {
			continue
		}
		p := math.Exp(scores[i] - maximum)
		sum += p
		for j := range acc {
			acc[j] += p * v[j]
		}
	}
	return acc, maximum, sum
}

// Output returns what Attend's sums come to where a sink, one more score
// without a value, takes part in the softmax (-Inf: none). Where there is no
// score at all it is zero.
func Output(acc []float64, maximum, sum, sink float64) []float64 {
	out := make([]float64, len(acc))
	top := max(maximum, sink)
	if math.IsInf(top, -1) {
		return out
	}
	weight := math.Exp(maximum - top)
	total := sum*weight + math.Exp(sink-top)
	for i, x := range acc {
		out[i] = x * weight / total
	}
	return out
}

// Slope returns the factor of a head's bias (Press et al., 2022): heads' slopes
// fall geometrically from 2^(-maxBias/n) on, n being the greatest power of two
// of the heads; the heads beyond n take every other step of the halved rate. It
// is 1 where maxBias is 0.
func Slope(head, heads int, maxBias float64) float64 {
	if maxBias == 0 {
		return 1
	}
	n := 1
	for 2*n <= heads {
		n *= 2
	}
	if head < n {
		return math.Pow(2, -maxBias/float64(n)*float64(head+1))
	}
	return math.Pow(2, -maxBias/2/float64(n)*float64(2*(head-n)+1))
}
