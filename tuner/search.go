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
	r := s.begin(p)
	r.goOn(ctx, deadline)
	return r.result
}

// run is a search on its way. One that ended for lack of time can go on from
// where it stands.
type run struct {
	*Search
	problem   *Problem
	deadline  time.Time
	result    *Result
	unchecked []int         // candidates that have not run yet
	first     time.Duration // least first sample
	live      []int         // candidates that are still in it
	turns     []int         // candidates that are yet to be sampled in the present round
	samples   [][]time.Duration
	checking  time.Duration   // what checking the last candidate took
	sampling  []time.Duration // what taking a sample of each takes
}

func (s *Search) begin(p *Problem) *run {
	n := len(p.Candidates)
	r := &run{Search: s, problem: p, unchecked: plausible(p, s.Device), samples: make([][]time.Duration, n), sampling: make([]time.Duration, n)}
	r.result = &Result{Best: -1, Trials: make([]Trial, len(p.Candidates))}
	for i, c := range p.Candidates {
		r.result.Trials[i] = Trial{Candidate: c.Name, Outcome: Pruned}
	}
	for _, i := range r.unchecked {
		r.result.Trials[i].Outcome = Skipped
	}
	slices.SortStableFunc(r.unchecked, func(a, b int) int { return notDefault(p, a) - notDefault(p, b) })
	return r
}

// goOn searches until a deadline. Where that is too near for all candidates, it
// compares those that it came to.
func (r *run) goOn(ctx context.Context, deadline time.Time) {
	r.deadline = deadline
	if r.result.Ended = r.check(ctx); r.result.Ended == "" {
		r.result.Ended = r.rounds(ctx)
	}
	if r.result.Ended == Converged && len(r.unchecked) > 0 {
		r.result.Ended = OutOfTime
	}
	r.settle(ctx)
}

// over returns why no more may be measured, or "".
func (r *run) over(ctx context.Context) End {
	switch {
	case ctx.Err() == context.DeadlineExceeded, r.Now().After(r.deadline):
		return OutOfTime
	case ctx.Err() != nil:
		return Cancelled
	}
	return ""
}

// check runs every candidate once, the default first, and takes its first
// sample, which only shows those that are far too slow.
func (r *run) check(ctx context.Context) End {
	for len(r.unchecked) > 0 && !r.short() {
		if end := r.over(ctx); end != "" {
			return end
		}
		i := r.unchecked[0]
		r.unchecked = r.unchecked[1:]
		begin := r.Now()
		err := r.Bench.Check(ctx, r.problem, i)
		checked := r.Now()
		r.checking = checked.Sub(begin)
		if err != nil {
			r.reject(ctx, i, err)
			continue
		}
		first, err := r.Bench.Time(ctx, r.problem, i)
		r.sampling[i] = r.Now().Sub(checked)
		if err != nil {
			r.reject(ctx, i, err)
			continue
		}
		r.result.Measured++
		trial := &r.result.Trials[i]
		trial.Time, trial.Outcome = first, Measured
		if r.first == 0 || first < r.first {
			r.first = first
		}
		if first > hopeless*r.first && i != r.problem.Default {
			trial.Outcome = Dropped
			continue
		}
		r.live = append(r.live, i)
		r.observe()
	}
	return ""
}

// short reports whether the time left is what comparing the candidates takes that
// were checked so far, if there is anything to compare.
func (r *run) short() bool {
	if len(r.live) < 2 {
		return false
	}
	var round time.Duration
	for _, i := range r.live {
		round += r.sampling[i]
	}
	return r.deadline.Sub(r.Now()) < r.checking+dropAfter*round
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

// reject notes why a candidate is out, and reports whether it is: it is not where
// the search was ended.
func (r *run) reject(ctx context.Context, i int, err error) bool {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return false
	}
	r.result.Trials[i].Outcome, r.result.Trials[i].Why = Rejected, err.Error()
	return true
}

// rounds takes a sample of each live candidate, again and again.
func (r *run) rounds(ctx context.Context) End {
	for len(r.live) > 0 && r.round() < mostRounds {
		if len(r.turns) == 0 {
			r.turns = slices.Clone(r.live)
		}
		if end := r.sample(ctx); end != "" {
			return end
		}
		if len(r.live) > 0 && r.round() >= dropAfter {
			r.drop()
			if end := r.decided(); end != "" {
				return end
			}
		}
	}
	return Converged
}

// round returns how many samples there are of each live candidate, at least.
func (r *run) round() int {
	least := mostRounds
	for _, i := range r.live {
		least = min(least, len(r.samples[i]))
	}
	return least
}

// sample takes the samples that are left of a round.
func (r *run) sample(ctx context.Context) End {
	for len(r.turns) > 0 {
		if end := r.over(ctx); end != "" {
			return end
		}
		i := r.turns[0]
		r.turns = r.turns[1:]
		t, err := r.Bench.Time(ctx, r.problem, i)
		if err != nil {
			if r.reject(ctx, i, err) {
				r.live = without(r.live, i)
			}
			continue
		}
		r.result.Measured++
		r.samples[i] = append(r.samples[i], t)
		r.result.Trials[i].Time, r.result.Trials[i].Samples = median(r.samples[i]), len(r.samples[i])
		r.observe()
	}
	return ""
}

func without(list []int, i int) []int {
	return slices.DeleteFunc(list, func(j int) bool { return j == i })
}

// drop leaves the candidates that are clearly slower. The default stays, for
// the gain to be known.
func (r *run) drop() {
	best := r.time(r.fastest(r.live))
	r.live = slices.DeleteFunc(r.live, func(i int) bool {
		slow := float64(r.time(i)) > dropSlower*float64(best) && i != r.problem.Default
		if slow {
			r.result.Trials[i].Outcome = Dropped
		}
		return slow
	})
}

// decided reports whether the search may end after its rounds so far.
func (r *run) decided() End {
	best := r.fastest(r.live)
	switch {
	case r.problem.Roof > 0 && float64(r.time(best)) <= nearRoof*float64(r.problem.Roof):
		return AtRoof
	case r.round() < fewRounds:
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

// fastest returns the candidate with the least time.
func (r *run) fastest(among []int) int {
	return slices.MinFunc(among, func(a, b int) int { return int(r.time(a) - r.time(b)) })
}

// settle names the winner: the fastest that passes the longer test. What was not
// put to it, because ctx ended, is no winner, and neither is what has too few
// samples: first ones say little.
func (r *run) settle(ctx context.Context) {
	if t := r.result.Trials[r.problem.Default]; t.Outcome == Measured {
		r.result.Default = t.Time
	}
	r.result.Best = -1
	standing := slices.DeleteFunc(slices.Clone(r.live), func(i int) bool { return len(r.samples[i]) < dropAfter })
	for len(standing) > 0 {
		best := r.fastest(standing)
		err := r.Bench.Confirm(ctx, r.problem, best)
		if err == nil {
			r.result.Best = best
			return
		}
		r.reject(ctx, best, err)
		standing, r.live, r.turns = without(standing, best), without(r.live, best), without(r.turns, best)
	}
}

func (r *run) observe() {
	if r.Observe != nil {
		if len(r.live) > 0 {
			r.result.Best = r.fastest(r.live)
		}
		r.Observe(r.problem, r.result)
	}
}

func median(samples []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[len(sorted)/2]
}
