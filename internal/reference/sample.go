package reference

import "math"

// Sampler draws a token from logits: temperature, then the TopK largest, then
// the fewest of those whose mass is at least TopP (Holtzman et al., 2020).
// Equal logits stay or go together.
type Sampler struct {
	Temperature float64
	TopK        int     // 0: all
	TopP        float64 // 1: all; 0: the first of the largest
}

// Draw returns the token at which the probabilities, added up in the order of
// tokens, pass u in [0, 1). The margin says how far any decision was from
// going otherwise, as a part of the mass: where it is below the precision of a
// computation, another token is as right.
func (s Sampler) Draw(logits []float64, u float64) (token int, margin float64) {
	if s.TopP == 0 {
		return Argmax(logits), 1
	}
	order := TopK(logits, len(logits))
	least := logits[order[len(order)-1]]
	if s.TopK > 0 && s.TopK < len(order) {
		least = logits[order[s.TopK-1]]
	}
	mass := make([]float64, len(logits))
	var kept float64
	for i, x := range logits {
		if x >= least {
			mass[i] = math.Exp((x - logits[order[0]]) / s.Temperature)
			kept += mass[i]
		}
	}
	margin = 1
	if s.TopP < 1 {
		var sum float64
		for at := 0; at < len(order) && sum < s.TopP*kept; {
			margin = min(margin, s.TopP-sum/kept)
			least = logits[order[at]]
			for ; at < len(order) && logits[order[at]] == least; at++ {
				sum += mass[order[at]]
			}
		}
		margin = min(margin, sum/kept-s.TopP)
	}
	var total float64
	for i, x := range logits {
		if x < least {
			mass[i] = 0
		}
		total += mass[i]
	}
	token = -1
	var sum float64
	for i, m := range mass {
		sum += m / total
		if token < 0 && sum > u {
			token = i
		}
		margin = min(margin, math.Abs(sum-u))
	}
	return token, margin
}

// Uniform returns the number in [0, 1) that belongs to a seed and a step: 24
// bits of a PCG hash of both (Jarzynski and Olano, 2020).
func Uniform(seed, step uint32) float64 {
	state := (seed^step*0x9e3779b9)*747796405 + 2891336453
	word := (state>>((state>>28)+4) ^ state) * 277803737
	return float64((word>>22^word)>>8) / (1 << 24)
}
