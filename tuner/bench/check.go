package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/x448/float16"

	"github.com/wgslgen/wgslgen/internal/kerneltest"
	"github.com/wgslgen/wgslgen/tuner"
)

// mostError is how far a candidate's output may be from the default's, as
// normalised mean square error: sums of floats in another order are some 1e-13
// away.
const mostError = 1e-8

// Check implements tuner.Bench: over the model's own data a candidate must make
// what the default makes.
func (b *Bench) Check(ctx context.Context, p *tuner.Problem, i int) error {
	g, err := b.of(ctx, p)
	if err == nil {
		err = b.check(ctx, g, i)
	}
	return b.lost(ctx, err)
}

func (b *Bench) check(ctx context.Context, g *group, i int) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	outputs := g.memory.outputs
	if len(outputs) > 0 && outputs[0].correct == nil {
		correct, err := b.run(limited, g, g.problem.Default)
		if err != nil {
			return fmt.Errorf("the default: %w", err)
		}
		for j := range outputs {
			outputs[j].correct = correct[j]
		}
	}
	if i == g.problem.Default {
		return nil
	}
	got, err := b.run(limited, g, i)
	if err != nil {
		return err
	}
	for j := range outputs {
		if err := outputs[j].compare(got[j]); err != nil {
			return fmt.Errorf("%s: %w", outputs[j].name, err)
		}
	}
	return nil
}

// run returns what a candidate makes of the first trial.
func (b *Bench) run(ctx context.Context, g *group, i int) ([][]byte, error) {
	c, err := b.commands(g, i)
	if err != nil {
		return nil, err
	}
	if err := b.dev.Submit(g.memory.restore, g.memory.soil, c.commands[:1]); err != nil {
		return nil, err
	}
	got, err := g.memory.read(ctx, b.dev)
	return got, errors.Join(err, b.dev.Err())
}

// compare returns how the output of a run differs from what is correct.
func (o *output) compare(got []byte) error {
	if bytes.Equal(got, o.correct) {
		return nil
	}
	if o.number == words {
		at := 0
		for got[at] == o.correct[at] {
			at++
		}
		at = at / 4 * 4
		return fmt.Errorf("word %d is %d, not %d", at/4, binary.LittleEndian.Uint32(got[at:]), binary.LittleEndian.Uint32(o.correct[at:]))
	}
	size, decode := 4, func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }
	if o.number == halves {
		size, decode = 2, func(b []byte) float64 { return float64(float16.Frombits(binary.LittleEndian.Uint16(b)).Float32()) }
	}
	difference, power := 0.0, 0.0
	for at := 0; at < len(got); at += size {
		have, want, before := got[at:at+size], o.correct[at:at+size], o.before[at:at+size]
		if bytes.Equal(want, before) { // the default leaves it alone
			if !bytes.Equal(have, before) {
				return fmt.Errorf("element %d was written", at/size)
			}
			continue
		}
		x, y := decode(have), decode(want)
		if x == y || math.IsNaN(x) && math.IsNaN(y) {
			power += finite(y * y)
			continue
		}
		difference += (x - y) * (x - y)
		power += y * y
	}
	if nmse := difference / power; !(nmse <= mostError) {
		return fmt.Errorf("NMSE %.1e against the default", nmse)
	}
	return nil
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// Confirm implements tuner.Bench: a winner must pass the tests of its kernel,
// whose references are computed in float64 and whose sizes are odd.
func (b *Bench) Confirm(ctx context.Context, p *tuner.Problem, i int) error {
	g, err := b.of(ctx, p)
	if err != nil {
		return b.lost(ctx, err)
	}
	c := g.candidates[i]
	if c.confirmed {
		return nil
	}
	if err := b.confirm(ctx, c); err != nil {
		return b.lost(ctx, err)
	}
	c.confirmed = true
	return nil
}

func (b *Bench) confirm(ctx context.Context, c *candidate) error {
	spec := kerneltest.SpecOf(c.kernel.Name)
	if spec == nil {
		return fmt.Errorf("kernel %s has no tests", c.kernel.Name)
	}
	v, err := kerneltest.Compile(b.options.Library, c.kernel, c.point)
	if err != nil {
		return err
	}
	cases, err := spec.Cases(v, uint64(time.Now().UnixNano()))
	if err != nil {
		return err
	}
	shader, err := kerneltest.NewShader(b.dev, v)
	if err != nil {
		return err
	}
	defer shader.Release()
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var total kerneltest.Score
	for _, test := range cases {
		for name, layout := range test.Layouts() {
			got, err := shader.Run(limited, test, layout)
			if err != nil {
				return fmt.Errorf("%v%s: %w", test, name, err)
			}
			score, err := test.Check(got, spec.LimitOf(v))
			if err != nil {
				return fmt.Errorf("%v%s: %w", test, name, err)
			}
			total = total.Add(score)
		}
	}
	return total.Within(spec.LimitOf(v))
}
