package bench

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// A device that slows down all the time does not decide which run is faster,
// and what the first turn costs more does not count.
func TestRaceTakesTurns(t *testing.T) {
	speed, turn := 1.0, 0
	at := func(rate float64) run {
		return func(context.Context) (float64, error) {
			speed *= 0.9
			if turn++; turn <= 2 {
				return 1e-3 * rate, nil
			}
			return rate * speed, nil
		}
	}
	rates, err := race(t.Context(), at(100), at(120))
	if err != nil || turn != 2*(1+mostTurns) {
		t.Fatalf("%d runs, %v", turn, err)
	}
	if ratio := rates[1] / rates[0]; ratio < 1.07 || ratio > 1.09 { // 1.2, and the second run of a turn a tenth slower
		t.Errorf("rates %v, ratio %.3f", rates, ratio)
	}
}

// Of a race that ctx ends only complete turns count, enough of them, and none
// where it was not the time that ended it.
func TestRaceIsCutOff(t *testing.T) {
	failure := errors.New("the device is lost")
	for _, test := range []struct {
		name    string
		runs    int // before the end
		err     error
		decided bool
	}{
		{"in the first turn", 1, context.DeadlineExceeded, false},
		{"in a turn too early", 2*(1+leastTurns) - 1, context.DeadlineExceeded, false},
		{"after enough turns", 2*(1+leastTurns) + 1, context.DeadlineExceeded, true},
		{"by hand", 2*(1+leastTurns) + 1, context.Canceled, false},
		{"by a failure", 2*(1+leastTurns) + 1, failure, false},
	} {
		ctx := &ending{Context: t.Context()}
		n := 0
		at := func(rate float64) run {
			return func(context.Context) (float64, error) {
				if n++; n > test.runs {
					if test.err != failure {
						ctx.err = test.err
					}
					return 0, test.err
				}
				return rate, nil
			}
		}
		rates, err := race(ctx, at(3), at(4))
		if decided := err == nil; decided != test.decided || decided && (rates[0] != 3 || rates[1] != 4) {
			t.Errorf("ended %s: rates %v, %v", test.name, rates, err)
		}
		if !test.decided && !errors.Is(err, test.err) {
			t.Errorf("ended %s: %v", test.name, err)
		}
	}
}

// ending is a context that ends when it is told.
type ending struct {
	context.Context
	err error
}

func (e *ending) Err() error { return e.err }

// watched is a device whose memory in use is watched.
type watched struct {
	gpu.Device
	most int64
}

func (w *watched) NewBuffer(label string, size int64, usage gpu.Usage) (gpu.Buffer, error) {
	b, err := w.Device.NewBuffer(label, size, usage)
	now, _ := w.MemoryUse()
	w.most = max(w.most, now)
	return b, err
}

// Whole runs that there is no time for leave the profile as it was, and those for
// which the memory does not hold two models have one at a time.
func TestLittleForWholeRuns(t *testing.T) {
	var dev *watched
	b, _ := openOn(t, "rms_norm", func() (gpu.Device, error) {
		native, err := native.Open(native.Options{})
		dev = &watched{Device: native}
		return dev, err
	})
	if b.WholeTime() <= 0 {
		t.Errorf("whole runs would take %v", b.WholeTime())
	}
	p := b.NewProfile()
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, err := range []error{b.TuneWhole(ctx, p), b.TuneSplits(ctx, p), b.TuneEngine(ctx, p)} {
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	if len(p.Whole) > 0 || len(p.Choices) > 0 || p.Engine != (profile.Engine{}) {
		t.Errorf("the profile holds %+v, %+v, %+v", p.Whole, p.Choices, p.Engine)
	}
	use := func(ways ...engine.Options) int64 {
		dev.most = 0
		rates, err := b.compare(t.Context(), []task{{decoding, 1, 3}}, ways...)
		if err != nil || len(rates) != len(ways) {
			t.Fatalf("rates %v, %v", rates, err)
		}
		return dev.most
	}
	untuned := engine.Options{Untuned: true}
	alone, both := use(untuned), use(untuned, untuned)
	b.options.Memory = b.footprint * 3 / 2
	if by := use(untuned, untuned); both != 2*alone || by != alone {
		t.Errorf("a model takes %d bytes, two take %d, and %d where there is room for one", alone, both, by)
	}
}
