package reference

import (
	"cmp"
	"slices"
)

// Argmax returns the index of the largest value; the lowest on ties.
func Argmax(x []float64) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// TopK returns the indices of the k largest values, largest first; of equal
// values the lower index comes first.
func TopK(x []float64, k int) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[b], x[a]) })
	return order[:min(k, len(order))]
}
