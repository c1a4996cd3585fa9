package engine

import "slices"

// forecast tells which experts of a layer are likely, from those that a token
// chose in the layer before: by how often they were chosen together.
type forecast struct {
	seen     []uint32   // how often each expert before was chosen
	together [][]uint32 // and with it each expert of the layer
}

func newForecast(before, experts int) *forecast {
	f := &forecast{seen: make([]uint32, before)}
	for range before {
		f.together = append(f.together, make([]uint32, experts))
	}
	return f
}

// learn notes what tokens chose, so many experts each, in both layers.
func (f *forecast) learn(before, chosen []uint32, used int) {
	for t := 0; t < len(before); t += used {
		for _, b := range before[t : t+used] {
			f.seen[b]++
			for _, c := range chosen[t : t+used] {
				f.together[b][c]++
			}
		}
	}
}

// likely returns the experts that tokens which chose so in the layer before will
// rather want than not, likeliest first.
func (f *forecast) likely(before []uint32, used int) (experts []int) {
	sums := make([]uint64, len(f.together[0]))
	var seen uint64
	for _, b := range before {
		seen += uint64(f.seen[b])
		for c, n := range f.together[b] {
			sums[c] += uint64(n)
		}
	}
	tokens := uint64(len(before) / used)
	for c, n := range sums {
		if n > 0 && 2*n*tokens >= seen {
			experts = append(experts, c)
		}
	}
	slices.SortStableFunc(experts, func(a, b int) int { return int(int64(sums[b]) - int64(sums[a])) })
	return experts
}
