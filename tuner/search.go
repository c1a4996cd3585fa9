package tuner

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Search is how candidates are compared. Samples are taken in rounds, one of
// each candidate, so that a device that slows down slows all of them; the first
// sample of each is dropped.
type Search struct {
	Bench  Bench
	Device Device
	Now    func() time.Time
	// Observe, if set, is told of every sample.
	Observe func(p *Problem, r *Result)
}

const (
	dropAfter  = 3    // samples
	dropSlower = 1.5  // than the best
	fewRounds  = 5    // before a search may converge
	mostRounds = 15   // of a search
	clearLead  = 0.97 // of the second's time: the best leads clearly
	nearRoof   = 1.1
)

// Run searches a problem until its winner is clear, it is at the roofline, or
// the deadline has passed. What ctx ends keeps its results.
func (s *Search) Run(ctx context.Context, p *Problem, deadline time.Time) *Result {
	r := &run{Search: s, problem: p, deadline: deadline, samples: make([][]time.Duration, len(p.Candidates))}
	r.result = &Result{Best: -1, Trials: make([]Trial, len(p.Candidates))}
	for i, c := range p.Candidates {
		r.result.Trials[i] = Trial{Candidate: c.Name, Outcome: Pruned}
	}
	r.live = plausible(p, s.Device)
	for _, i := range r.live {
		r.result.Trials[i].Outcome = Skipped
	}
	if r.result.Ended = r.check(ctx); r.result.Ended == "" {
		r.result.Ended = r.rounds(ctx)
	}
	r.settle(ctx)
	return r.result
}

// run is a search on its way.
type run struct {
	*Search
	problem  *Problem
	deadline time.Time
	result   *Result
	live     []int // candidates that are still in it
	samples  [][]time.Duration
}

// over returns why no more may be measured, or "".
func (r *run) over(ctx context.Context) End {
	switch {
	case ctx.Err() != nil:
		return Cancelled
	case r.Now().After(r.deadline):
		return OutOfTime
	}
	return ""
}

// check runs every candidate once, the default first, and takes its first
// sample, which only shows those that are far too slow.
func (r *run) check(ctx context.Context) End {
	order := slices.Clone(r.live)
	slices.SortStableFunc(order, func(a, b int) int { return notDefault(r.problem, a) - notDefault(r.problem, b) })
	r.live = nil
	var best time.Duration
	for _, i := range order {
		if end := r.over(ctx); end != "" {
			return end
		}
		if err := r.Bench.Check(ctx, r.problem, i); err != nil {
			r.reject(ctx, i, err)
			continue
		}
		first, err := r.Bench.Time(ctx, r.problem, i)
		if err != nil {
			r.reject(ctx, i, err)
			continue
		}
		r.result.Measured++
		trial := &r.result.Trials[i]
		trial.Time, trial.Outcome = first, Measured
		if best == 0 || first < best {
			best = first
		}
		if first > hopeless*best && i != r.problem.Default {
			trial.Outcome = Dropped
			continue
		}
		r.live = append(r.live, i)
		r.observe()
	}
	return ""
}

// hopeless is how much slower than the best so far a first sample may be: it
// holds what only a first run costs.
const hopeless = 8

func notDefault(p *Problem, i int) int {
	if i == p.Default {
		return 0
	}
	return 1
}

func (r *run) reject(ctx context.Context, i int, err error) {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return // it is the search that ended
	}
	r.result.Trials[i].Outcome, r.result.Trials[i].Why = Rejected, err.Error()
}

// rounds takes a sample of each live candidate, again and again.
func (r *run) rounds(ctx context.Context) End {
	for round := range mostRounds {
		for _, i := range slices.Clone(r.live) {
			if end := r.over(ctx); end != "" {
				return end
			}
			t, err := r.Bench.Time(ctx, r.problem, i)
			if err != nil {
				r.reject(ctx, i, err)
				r.live = slices.DeleteFunc(r.live, func(j int) bool { return j == i })
				continue
			}
			r.result.Measured++
			r.samples[i] = append(r.samples[i], t)
			r.result.Trials[i].Time, r.result.Trials[i].Samples = median(r.samples[i]), len(r.samples[i])
			r.observe()
		}
		if round+1 >= dropAfter {
			r.drop()
		}
		if len(r.live) == 0 {
			return Converged
		}
		if end := r.decided(round + 1); end != "" {
			return end
		}
	}
	return Converged
}

// drop leaves the candidates that are clearly slower. The default stays, for
// the gain to be known.
func (r *run) drop() {
	best := r.time(r.best())
	r.live = slices.DeleteFunc(r.live, func(i int) bool {
		slow := float64(r.time(i)) > dropSlower*float64(best) && i != r.problem.Default
		if slow {
			r.result.Trials[i].Outcome = Dropped
		}
		return slow
	})
}

// decided reports whether the search may end.
func (r *run) decided(rounds int) End {
	best := r.best()
	switch {
	case rounds < dropAfter:
		return ""
	case r.problem.Roof > 0 && float64(r.time(best)) <= nearRoof*float64(r.problem.Roof):
		return AtRoof
	case rounds < fewRounds:
		return ""
	}
	for _, i := range r.live {
		if i != best && float64(r.time(best)) > clearLead*float64(r.time(i)) {
			return ""
		}
	}
	return Converged
}

func (r *run) time(i int) time.Duration { return r.result.Trials[i].Time }

// best returns the fastest live candidate.
func (r *run) best() int {
	return slices.MinFunc(r.live, func(a, b int) int { return int(r.time(a) - r.time(b)) })
}

// settle names the winner: the fastest that passes the longer test. What was not
// put to it, because ctx ended, is no winner, and neither is what has too few
// samples: first ones say little.
func (r *run) settle(ctx context.Context) {
	r.live = slices.DeleteFunc(r.live, func(i int) bool { return len(r.samples[i]) < dropAfter })
	if t := r.result.Trials[r.problem.Default]; t.Outcome == Measured {
		r.result.Default = t.Time
	}
	r.result.Best = -1
	for len(r.live) > 0 {
		best := r.best()
		err := r.Bench.Confirm(ctx, r.problem, best)
		if err == nil {
			r.result.Best = best
			return
		}
		r.reject(ctx, best, err)
		r.live = slices.DeleteFunc(r.live, func(i int) bool { return i == best })
	}
}

func (r *run) observe() {
	if r.Observe != nil {
		if len(r.live) > 0 {
			r.result.Best = r.best()
		}
		r.Observe(r.problem, r.result)
	}
}

func median(samples []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[len(sorted)/2]
}
