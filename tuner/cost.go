package tuner

import (
	"slices"
	"time"
)

// Cost is what is known of a candidate before it runs.
type Cost struct {
	Bytes       int64 // moved from and to memory, with what is read again
	Operations  int64 // multiply-adds
	Workgroups  int64
	Invocations int64 // of a workgroup
	Barriers    int64 // that a workgroup waits at
}

// Device is what the cost model must know of a device, as measured.
type Device struct {
	Bandwidth  float64 // bytes a second
	Operations float64 // multiply-adds a second
	Barrier    time.Duration
	Fill       int64 // invocations that keep it busy
	Most       int   // candidates of a problem that are run, likeliest first
}

// estimate returns about how long a candidate takes: memory or arithmetic,
// whichever is longer, on the part of the device that it keeps busy, and its
// barriers. It is good for ranking only.
func (c Cost) estimate(d Device) time.Duration {
	busy := min(1, float64(c.Workgroups*c.Invocations)/float64(max(d.Fill, 1)))
	work := max(float64(c.Bytes)/d.Bandwidth, float64(c.Operations)/d.Operations) / max(busy, 1e-6)
	return time.Duration(work*1e9) + time.Duration(c.Workgroups*c.Barriers)*d.Barrier
}

// Of the candidates, those are run whose estimate is within mostSlower of the
// least, and of these the first so many as the device says.
const mostSlower = 6

// perAxis says how much the default's neighbours come before others: an axis
// with another value counts as a twentieth more time.
const perAxis = 20

// unlike returns in how many axes a candidate differs from the default.
func unlike(p *Problem, i int) (n int) {
	for axis, v := range p.Candidates[i].Axes {
		if p.Candidates[p.Default].Axes[axis] != v {
			n++
		}
	}
	return n
}

// plausible returns the candidates worth running, likeliest first, and among
// them the default.
func plausible(p *Problem, d Device) []int {
	order := make([]int, len(p.Candidates))
	estimates := make([]time.Duration, len(p.Candidates))
	for i, c := range p.Candidates {
		order[i], estimates[i] = i, c.Cost.estimate(d)
		estimates[i] += estimates[i] * time.Duration(unlike(p, i)) / perAxis
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(estimates[a] - estimates[b]) })
	var kept []int
	for _, i := range order {
		if len(kept) < d.Most && estimates[i] <= mostSlower*estimates[order[0]] {
			kept = append(kept, i)
		}
	}
	if !slices.Contains(kept, p.Default) {
		kept = append(kept, p.Default)
	}
	return kept
}
