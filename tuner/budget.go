package tuner

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Budget is how long a tuning may take.
type Budget time.Duration

// Full is a budget without end.
const Full Budget = 0

// Plan runs problems in the order of their weights, each within its share of
// what is left of the budget: by its weight among those that are not finished. It
// calls done after each. Where all are through, those that had too little time go
// on, heaviest first, and done is called again. Plan returns the number of
// problems that it came to.
func (s *Search) Plan(ctx context.Context, problems []*Problem, budget Budget, done func(*Problem, *Result)) int {
	order := slices.Clone(problems)
	slices.SortStableFunc(order, func(a, b *Problem) int { return cmp.Compare(b.Weight, a.Weight) })
	end := s.Now().Add(forever)
	if budget != Full {
		end = s.Now().Add(time.Duration(budget))
	}
	over := func() bool { return ctx.Err() != nil || !s.Now().Before(end) }
	left, n := 0.0, float64(len(order)) // weight and number of what is not finished
	for _, p := range order {
		left += p.Weight
	}
	var unfinished []*run
	for came, p := range order {
		if over() {
			return came
		}
		// At least half of an even share, lest light problems get nothing.
		share := max(p.Weight/left, 0.5/n)
		r := s.begin(p)
		r.goOn(ctx, s.Now().Add(time.Duration(share*float64(end.Sub(s.Now())))))
		done(p, r.result)
		if r.result.Ended == OutOfTime {
			unfinished = append(unfinished, r)
			continue
		}
		left, n = left-p.Weight, n-1
	}
	for _, r := range unfinished {
		if over() {
			break
		}
		r.goOn(ctx, end)
		done(r.problem, r.result)
	}
	return len(order)
}

// forever is longer than any tuning.
const forever = 1000 * time.Hour
