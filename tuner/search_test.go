package tuner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// compiling is how long a candidate takes before it first runs.
const compiling = 50 * time.Millisecond

// landscape is a simulated device: made-up times, and a clock that they move.
type landscape struct {
	now    time.Time
	times  []time.Duration
	noise  float64 // of a sample: up to so much more or less
	wrong  map[int]bool
	lost   map[int]bool
	subtle map[int]bool // wrong where only the longer test looks
	random *rand.Rand
	count  int
	checks map[string]int // by problem and candidate
}

func (l *landscape) Check(_ context.Context, p *Problem, i int) error {
	l.now = l.now.Add(compiling)
	l.checks[p.Name+" "+p.Candidates[i].Name]++
	switch {
	case l.wrong[i]:
		return errors.New("NMSE 0.3")
	case l.lost[i]:
		return ErrLost
	}
	return nil
}

func (l *landscape) Confirm(_ context.Context, _ *Problem, i int) error {
	if l.subtle[i] {
		return errors.New("rows=67: NMSE 0.1")
	}
	return nil
}

func (l *landscape) Time(_ context.Context, _ *Problem, i int) (time.Duration, error) {
	l.count++
	t := time.Duration(float64(l.times[i]) * (1 + l.noise*(2*l.random.Float64()-1)))
	l.now = l.now.Add(t)
	return t, nil
}

// bowl returns a problem over two axes whose optimum is at (3, 1), and a
// landscape on which each step away from it costs a fifth more.
func bowl(seed uint64) (*Problem, *landscape) {
	p := &Problem{Name: "bowl", Default: 0}
	l := &landscape{now: time.Unix(0, 0), random: rand.New(rand.NewPCG(seed, 1)), wrong: map[int]bool{}, lost: map[int]bool{}, checks: map[string]int{}}
	for r := range 6 {
		for g := range 5 {
			steps := math.Abs(float64(r-3)) + math.Abs(float64(g-1))
			p.Candidates = append(p.Candidates, Candidate{Name: fmt.Sprintf("R=%d,group=%d", r, g), Cost: Cost{Bytes: 1000, Workgroups: 100, Invocations: 64}})
			l.times = append(l.times, time.Duration(float64(time.Millisecond)*math.Pow(1.2, steps)))
		}
	}
	return p, l
}

const bowlBest = 3*5 + 1

func search(l *landscape) *Search {
	return &Search{Bench: l, Device: Device{Bandwidth: 1e9, Operations: 1e9, Fill: 1, Most: 48}, Now: func() time.Time { return l.now }}
}

func (l *landscape) later(d time.Duration) time.Time { return l.now.Add(d) }

// Without noise the optimum is found, within one sample of each of the 30
// candidates three more of all, and two of the 13 that are within half of it.
func TestFindsOptimum(t *testing.T) {
	p, l := bowl(1)
	r := search(l).Run(context.Background(), p, l.later(time.Hour))
	if r.Best != bowlBest || r.Ended != Converged {
		t.Errorf("best %d (%s), ended %s", r.Best, r.Trials[r.Best].Candidate, r.Ended)
	}
	if r.Measured > 30*(1+dropAfter)+13*(fewRounds-dropAfter) {
		t.Errorf("%d samples", r.Measured)
	}
	if r.Measured != l.count {
		t.Errorf("%d samples reported, %d taken", r.Measured, l.count)
	}
	if want := float64(l.times[0]) / float64(l.times[bowlBest]); math.Abs(r.Gain()-want) > 0.01 {
		t.Errorf("gain %.2f, want %.2f", r.Gain(), want)
	}
}

// With noise of ±20 % the winner is at most one step from the optimum, and the
// optimum itself in most runs.
func TestSurvivesNoise(t *testing.T) {
	exact := 0
	const runs = 200
	for seed := range uint64(runs) {
		p, l := bowl(seed)
		l.noise = 0.2
		r := search(l).Run(context.Background(), p, l.later(time.Hour))
		if float64(l.times[r.Best]) > 1.21*float64(l.times[bowlBest]) {
			t.Errorf("seed %d: best is %s, %.2f times the optimum", seed, r.Trials[r.Best].Candidate, float64(l.times[r.Best])/float64(l.times[bowlBest]))
		}
		if r.Best == bowlBest {
			exact++
		}
		if r.Measured > 30*(1+mostRounds) {
			t.Errorf("seed %d: %d samples", seed, r.Measured)
		}
	}
	if exact < runs*9/10 {
		t.Errorf("the optimum was found in %d of %d runs", exact, runs)
	}
}

// The fastest candidates are wrong, or lose the device: they never win.
func TestRejectsWrongCandidates(t *testing.T) {
	p, l := bowl(1)
	l.wrong[bowlBest], l.lost[bowlBest+5] = true, true
	r := search(l).Run(context.Background(), p, l.later(time.Hour))
	for i, why := range map[int]string{bowlBest: "NMSE 0.3", bowlBest + 5: ErrLost.Error()} {
		if trial := r.Trials[i]; trial.Outcome != Rejected || trial.Why != why {
			t.Errorf("candidate %d: %+v", i, trial)
		}
	}
	if l.wrong[r.Best] || l.lost[r.Best] || l.times[r.Best] != time.Duration(1.2*float64(time.Millisecond)) {
		t.Errorf("best is %s", r.Trials[r.Best].Candidate)
	}
}

// A winner that fails the longer test leaves the place to the second.
func TestConfirmsWinner(t *testing.T) {
	p, l := bowl(1)
	l.subtle = map[int]bool{bowlBest: true}
	r := search(l).Run(context.Background(), p, l.later(time.Hour))
	if trial := r.Trials[bowlBest]; trial.Outcome != Rejected || trial.Why != "rows=67: NMSE 0.1" {
		t.Errorf("%+v", trial)
	}
	if l.times[r.Best] != time.Duration(1.2*float64(time.Millisecond)) {
		t.Errorf("best is %s", r.Trials[r.Best].Candidate)
	}
}

func TestEndsAtRoofline(t *testing.T) {
	p, l := bowl(1)
	p.Roof = l.times[bowlBest] * 95 / 100
	r := search(l).Run(context.Background(), p, l.later(time.Hour))
	if r.Ended != AtRoof || r.Best != bowlBest || r.Measured > 30*(1+dropAfter) {
		t.Errorf("ended %s after %d samples, best %d", r.Ended, r.Measured, r.Best)
	}
}

// No budget is exceeded, but by the candidate that is on its way; and none is left
// while a search is not finished.
func TestEndsWithinBudget(t *testing.T) {
	for budget := 100 * time.Millisecond; budget < time.Minute; budget += budget / 3 {
		var problems []*Problem
		p, l := bowl(1)
		l.noise = 0.2
		for i := range 10 {
			q := *p
			q.Weight, q.Name = float64(10-i), fmt.Sprint("bowl ", i)
			problems = append(problems, &q)
		}
		begin := l.now
		ends := map[string]End{}
		came := search(l).Plan(context.Background(), problems, Budget(budget), func(p *Problem, r *Result) { ends[p.Name] = r.Ended })
		took := l.now.Sub(begin)
		if took > budget+compiling+5*time.Millisecond {
			t.Errorf("a budget of %v took %v", budget, took)
		}
		finished := 0
		for _, end := range ends {
			if end == Converged {
				finished++
			}
		}
		if finished < len(problems) && took < budget {
			t.Errorf("a budget of %v finished %d of %d searches in %v", budget, finished, len(problems), took)
		}
		if came != len(ends) {
			t.Errorf("a budget of %v came to %d searches, not %d", budget, len(ends), came)
		}
		for name, n := range l.checks {
			if n != 1 {
				t.Errorf("a budget of %v checked %s %d times", budget, name, n)
			}
		}
	}
}

// A search that had too little time goes on when the others are through: it checks
// what it had not come to, and measures no more than it would have without a stop,
// but for the rounds by which it found a winner before.
func TestUnfinishedGoOn(t *testing.T) {
	p, l := bowl(1)
	whole := search(l).Run(context.Background(), p, l.later(time.Hour))
	went := 0
	for budget := 1800 * time.Millisecond; budget < 4*time.Second; budget += 37 * time.Millisecond { // stops it at many places
		p, l := bowl(1)
		heavy, light := *p, *p
		heavy.Name, heavy.Weight = "heavy", 1.5
		light.Name, light.Weight, light.Candidates = "light", 1, p.Candidates[:2]
		begin := l.now
		var order []string
		last := map[string]*Result{}
		search(l).Plan(context.Background(), []*Problem{&light, &heavy}, Budget(budget), func(p *Problem, r *Result) {
			order, last[p.Name] = append(order, fmt.Sprint(p.Name, " ", r.Ended)), r
		})
		if took := l.now.Sub(begin); took > budget+compiling+5*time.Millisecond {
			t.Errorf("a budget of %v took %v", budget, took)
		}
		for name, n := range l.checks {
			if n != 1 {
				t.Errorf("%v: %s was checked %d times", budget, name, n)
			}
		}
		r := last["heavy"]
		switch fmt.Sprint(order) {
		case "[heavy budget light converged heavy budget]":
			if budget > 2500*time.Millisecond || r.Best < 0 {
				t.Errorf("%v: %v, best %d", budget, order, r.Best)
			}
			continue
		case "[heavy budget light converged heavy converged]":
			went++
		case "[heavy converged light converged]":
		default:
			t.Errorf("%v: %v", budget, order)
		}
		if r.Best != bowlBest || r.Measured > whole.Measured+2*dropAfter*len(p.Candidates) {
			t.Errorf("%v: best %d, %d samples, without a stop %d", budget, r.Best, r.Measured, whole.Measured)
		}
	}
	if went == 0 {
		t.Error("no search went on")
	}
}

// Where time is too short for all candidates, those that a search came to are
// compared, the default and the likeliest first: there is a winner that was
// sampled often enough.
func TestTooLittleTimeForAll(t *testing.T) {
	for _, share := range []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second} {
		p, l := bowl(1)
		begin := l.now
		r := search(l).Run(context.Background(), p, l.later(share))
		if took := l.now.Sub(begin); took > share+5*time.Millisecond {
			t.Errorf("%v took %v", share, took)
		}
		if r.Ended != OutOfTime || r.Best < 0 || r.Trials[r.Best].Samples < dropAfter || r.Default == 0 {
			t.Errorf("in %v: ended %s, best %d, default %v", share, r.Ended, r.Best, r.Default)
		}
		for i, trial := range r.Trials {
			if trial.Outcome == Measured && r.Best >= 0 && trial.Time < r.Trials[r.Best].Time {
				t.Errorf("in %v: %s is faster than the winner %s", share, p.Candidates[i].Name, p.Candidates[r.Best].Name)
			}
		}
	}
}

// Heavy problems come first, and a full budget comes to all.
func TestOrder(t *testing.T) {
	p, l := bowl(1)
	light, heavy := *p, *p
	light.Name, light.Weight, heavy.Name, heavy.Weight = "light", 1, "heavy", 9
	var order []string
	n := search(l).Plan(context.Background(), []*Problem{&light, &heavy}, Full, func(p *Problem, r *Result) {
		order = append(order, p.Name)
		if r.Best != bowlBest {
			t.Errorf("%s: best %d", p.Name, r.Best)
		}
	})
	if n != 2 || fmt.Sprint(order) != "[heavy light]" {
		t.Errorf("%d: %v", n, order)
	}
}

// What is interrupted keeps its results; it has a winner once all were compared
// some times.
func TestInterruptKeepsResults(t *testing.T) {
	for _, test := range []struct {
		samples int
		winner  bool
	}{{40, false}, {105, true}} {
		p, l := bowl(1)
		ctx, cancel := context.WithCancel(context.Background())
		s := search(l)
		s.Observe = func(_ *Problem, r *Result) {
			if r.Measured == test.samples {
				cancel()
			}
		}
		r := s.Run(ctx, p, l.later(time.Hour))
		if r.Ended != Cancelled || r.Best >= 0 != test.winner || r.Measured != test.samples {
			t.Errorf("ended %s after %d samples, best %d", r.Ended, r.Measured, r.Best)
		}
	}
}

// What the cost model expects to be far slower is not run, but for the default.
func TestPrunes(t *testing.T) {
	p, l := bowl(1)
	for i := range p.Candidates {
		if i%5 == 4 {
			p.Candidates[i].Cost.Bytes *= 100
		}
	}
	p.Default = 4
	r := search(l).Run(context.Background(), p, l.later(time.Hour))
	for i, trial := range r.Trials {
		if pruned := trial.Outcome == Pruned; pruned != (i%5 == 4 && i != p.Default) {
			t.Errorf("%s: %s", trial.Candidate, trial.Outcome)
		}
	}
}
