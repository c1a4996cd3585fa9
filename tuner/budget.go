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
// what is left of the budget, and calls done after each. It returns the number
// of problems that it came to.
func (s *Search) Plan(ctx context.Context, problems []*Problem, budget Budget, done func(*Problem, *Result)) int {
	order := slices.Clone(problems)
	slices.SortStableFunc(order, func(a, b *Problem) int { return cmp.Compare(b.Weight, a.Weight) })
	end := s.Now().Add(time.Duration(budget))
	left := 0.0
	for _, p := range order {
		left += p.Weight
	}
	for n, p := range order {
		deadline := s.Now().Add(forever)
		if budget != Full {
			// At least half of an even share, lest light problems get nothing.
			rest := end.Sub(s.Now())
			share := max(p.Weight/left, 0.5/float64(len(order)-n))
			deadline = s.Now().Add(time.Duration(share * float64(rest)))
		}
		if ctx.Err() != nil || (budget != Full && !s.Now().Before(end)) {
			return n
		}
		left -= p.Weight
		done(p, s.Run(ctx, p, deadline))
	}
	return len(order)
}

const forever = 1000 * time.Hour
