package reference

import (
	"cmp"
	"math"
	"slices"
)

// Router chooses experts by scores, and weighs them.
type Router struct {
	K         int
	Sigmoid   bool      // scores are 1 / (1 + exp(-x)), not softmax(x)
	Bias      []float64 // added for the choice alone; nil: none
	Normalize bool      // weights add up to Scale
	Scale     float64   // of weights
	// Experts come in Groups; only the Kept of them whose Best experts (1 or 2)
	// add up to most are chosen from (DeepSeek-AI, 2024).
	Groups, Kept, Best int
}

// Route returns the chosen experts of a row of logits, best first, and their
// weights: scores without bias.
func (r Router) Route(logits []float64) (experts []int, weights []float64) {
	scores := Softmax(logits)
	if r.Sigmoid {
		for i, x := range logits {
			scores[i] = Sigmoid(x)
		}
	}
	choice := slices.Clone(scores)
	for i, b := range r.Bias {
		choice[i] += b
	}
	r.dropGroups(choice)
	experts = TopK(choice, r.K)
	var sum float64
	for _, e := range experts {
		weights = append(weights, scores[e])
		sum += scores[e]
	}
	for i := range weights {
		if r.Normalize {
			weights[i] /= sum
		}
		weights[i] *= r.Scale
	}
	return experts, weights
}

// dropGroups gives the experts of all but the best groups no chance.
func (r Router) dropGroups(choice []float64) {
	size := len(choice) / r.Groups
	var of []float64
	for group := range slices.Chunk(choice, size) {
		best := slices.SortedFunc(slices.Values(group), func(a, b float64) int { return cmp.Compare(b, a) })
		var sum float64
		for _, x := range best[:r.Best] {
			sum += x
		}
		of = append(of, sum)
	}
	for _, g := range TopK(of, r.Groups)[r.Kept:] {
		for i := range size {
			choice[g*size+i] = math.Inf(-1)
		}
	}
}

// ByExpert sorts slots by the experts that they chose, keeping the order of each
// expert's, and returns where the slots of each expert begin; at the end, their
// number.
func ByExpert(ids []int, experts int) (order, offsets []int) {
	for e := range experts {
		offsets = append(offsets, len(order))
		for slot, id := range ids {
			if id == e {
				order = append(order, slot)
			}
		}
	}
	return order, append(offsets, len(order))
}
