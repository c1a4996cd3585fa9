package kerneltest

import (
	"fmt"
	"math"
)

// Limit is how far results may be from the reference.
type Limit struct {
	NMSE float64 // of all the elements of a variant's cases
	Max  float64 // of the error of one element
}

// Score sums up how far results are from the reference. Each element counts in
// units of its scale, so that large ones don't hide the others.
type Score struct {
	Max           float64 // the largest |got - want|
	errors, power float64
}

// NMSE returns Σ(got-want)² / Σwant².
func (s Score) NMSE() float64 {
	if s.errors == 0 {
		return 0
	}
	return s.errors / s.power
}

// Add returns the score of both.
func (s Score) Add(t Score) Score {
	return Score{max(s.Max, t.Max), s.errors + t.errors, s.power + t.power}
}

// Within returns an error if s is over the limit.
func (s Score) Within(l Limit) error {
	if n := s.NMSE(); !(n <= l.NMSE) {
		return fmt.Errorf("NMSE %.1e is over the limit of %.1e", n, l.NMSE)
	}
	return nil
}

func (s Score) String() string { return fmt.Sprintf("NMSE %.1e, max %.1e", s.NMSE(), s.Max) }

// Check compares what a run left in the buffers with the reference. The error
// names an element that is off by more than the limit, or that the kernel
// wrote and must not.
func (c *Case) Check(got map[string][]uint32, limit Limit) (Score, error) {
	var sum Score
	for _, b := range c.variant.Unit.Kernel.Bindings {
		w := c.wants[b.Name]
		if w == nil {
			continue
		}
		score, err := w.check(got[b.Name], limit)
		sum = sum.Add(score)
		if err != nil {
			return sum, fmt.Errorf("%s: %w", b.Name, err)
		}
	}
	return sum, nil
}

// Wrong says what is wrong with what a run left in the buffers, if anything
// is and the spec knows it.
func (s *Spec) Wrong(c *Case, got map[string][]uint32) error {
	if s.unknown {
		return nil
	}
	_, err := c.Check(got, s.LimitOf(c.variant))
	return err
}

func (w *want) check(words []uint32, limit Limit) (sum Score, err error) {
	for i, x := range w.storage.decode(words)[:len(w.value)] {
		if !w.set[i] {
			if now, was := w.storage.bits(words, i), w.storage.bits(w.before, i); now != was {
				return sum, fmt.Errorf("element %d was %#x and must not change, but is %#x (%g)", i, was, now, x)
			}
			continue
		}
		score := w.score(i, x)
		if !(score.Max <= limit.Max) && err == nil {
			err = fmt.Errorf("element %d is %g, not %g: off by %.1e, the limit is %.1e", i, x, w.value[i], score.Max, limit.Max)
		}
		sum = sum.Add(score)
	}
	return sum, err
}

// score compares x with what element i should be, less what its storage
// rounds off.
func (w *want) score(i int, x float64) Score {
	e, value, scale := math.Abs(x-w.value[i]), w.value[i], w.scale[i]
	switch {
	case x == value:
		e = 0
	case math.IsNaN(e) || w.storage == asU32 || scale == 0:
		e = math.Inf(1)
	default:
		e = max(0, e-w.storage.slack(w.value, i))
	}
	if scale == 0 {
		return Score{Max: e}
	}
	e, value = e/scale, value/scale
	return Score{e, e * e, value * value}
}
