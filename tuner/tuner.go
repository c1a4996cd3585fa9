// Package tuner finds the fastest variant of each operation on a device: it knows what a search is, and nothing of GPUs or
// kernels, which tuner/bench brings.
package tuner

import (
	"context"
	"errors"
	"time"
)

// Problem is an operation at a shape, with all the ways to compute it.
type Problem struct {
	Name       string  // of the operation, for people: gemv q4_0
	Shape      string  // for people: 2048×768
	Weight     float64 // how much of a model's time it takes: what is searched first, and longest
	Candidates []Candidate
	Default    int // the candidate that an untuned engine takes
	Roof       time.Duration
}

// Candidate is one way to solve a problem.
type Candidate struct {
	Name string
	Axes map[string]string // its values of the axes that the search is over
	Cost Cost
}

// Bench runs candidates.
type Bench interface {
	// Check compiles a candidate, runs it and compares the output with the
	// reference. ErrLost says that the device had to be opened anew.
	Check(ctx context.Context, p *Problem, candidate int) error
	// Time measures a candidate that was checked.
	Time(ctx context.Context, p *Problem, candidate int) (time.Duration, error)
	// Confirm puts a winner to a longer test than Check.
	Confirm(ctx context.Context, p *Problem, candidate int) error
}

// ErrLost says that a candidate hung or lost the device.
var ErrLost = errors.New("the candidate hung or lost the device")

// Outcome is what became of a candidate.
type Outcome string

// The outcomes of candidates.
const (
	Pruned   Outcome = "pruned"   // the cost model expects it to be far slower than the best: not run
	Rejected Outcome = "rejected" // its output is wrong, or it fails
	Dropped  Outcome = "dropped"  // clearly slower after a few samples
	Measured Outcome = "measured"
	Skipped  Outcome = "skipped" // the budget was spent before
)

// Trial is a candidate's results.
type Trial struct {
	Candidate string        `json:"candidate"`
	Outcome   Outcome       `json:"outcome"`
	Why       string        `json:"why,omitempty"` // it was rejected
	Time      time.Duration `json:"time,omitempty"`
	Samples   int           `json:"samples,omitempty"`
}

// Result is what a search found.
type Result struct {
	Trials   []Trial       `json:"trials"` // of each candidate, in the problem's order
	Best     int           `json:"best"`   // index of the fastest; -1 if none ran
	Default  time.Duration `json:"default"`
	Ended    End           `json:"ended"`
	Measured int           `json:"measured"` // samples taken
}

// End says why a search ended.
type End string

// The ends of searches.
const (
	Converged End = "converged"
	AtRoof    End = "roofline" // the best is as fast as the device allows
	OutOfTime End = "budget"
	Cancelled End = "interrupted"
)

// Gain returns how much faster the best is than the default.
func (r *Result) Gain() float64 {
	if r.Best < 0 || r.Default == 0 {
		return 1
	}
	return float64(r.Default) / float64(r.Trials[r.Best].Time)
}
