package reference

import "math"

// Attend returns one query's attention over keys and values of one head
// (Vaswani et al., 2017), and the maximum and the sum of its softmax: the sum
// of exp(score - maximum). The output is not yet divided by that sum.
func Attend(query []float64, keys, values [][]float64, scale float64) (acc []float64, maximum, sum float64) {
	scores := make([]float64, len(keys))
	maximum = math.Inf(-1)
	for i, k := range keys {
		dot, _ := Dot(query, k)
		scores[i] = scale * dot
		maximum = max(maximum, scores[i])
	}
	acc = make([]float64, len(query))
	for i, v := range values {
		p := math.Exp(scores[i] - maximum)
		sum += p
		for j := range acc {
			acc[j] += p * v[j]
		}
	}
	return acc, maximum, sum
}
