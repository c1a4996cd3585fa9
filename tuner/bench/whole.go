package bench

import (
	"context"
	"slices"
	"time"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// What whole runs are compared by: prompts of so many tokens, and turns, of which
// the first, which compiles, does not count.
const (
	wholePrompt = 512
	wholeTurns  = 6
	leastTurns  = 3
)

// TuneWhole measures whole prompts and generations with the profile's choices
// and without, in turns, and records both in the profile. Single operations may
// be faster and a whole step slower: of a phase that does not gain, the choices
// are taken back. It ends early when ctx does or the deadline has passed; after
// too few turns it records nothing. The bench runs no more candidates afterwards.
func (b *Bench) TuneWhole(ctx context.Context, p *profile.Profile, deadline time.Time) error {
	b.leave()
	b.engine.Close()
	prompt, tokens := b.wholeRun()
	prompt = min(prompt, wholePrompt)
	choices := *p
	choices.Engine = profile.Engine{} // another model may have been driven otherwise
	o := engine.Options{Profile: &choices}
	tuned, err := engine.Load(ctx, b.dev, b.options.Model, o)
	if err != nil {
		return err
	}
	b.engine = tuned
	o.Profile, o.Untuned = nil, true
	untuned, err := engine.Load(ctx, b.dev, b.options.Model, o)
	if err != nil {
		return err
	}
	defer untuned.Close()
	rates := map[phase][2][]float64{}
	for turn := range wholeTurns {
		if time.Now().After(deadline) {
			break
		}
		for _, in := range []phase{prefilling, decoding} {
			var pair [2]float64
			for i, e := range []*engine.Engine{untuned, tuned} {
				if pair[i], err = rateOf(ctx, e, in, prompt, tokens); err != nil {
					return err
				}
			}
			if turn > 0 {
				all := rates[in]
				for i := range all {
					all[i] = append(all[i], pair[i])
				}
				rates[in] = all
			}
		}
	}
	for _, in := range []phase{prefilling, decoding} {
		if len(rates[in][0]) < leastTurns {
			return nil
		}
		w := profile.Whole{Phase: string(in), Tokens: tokens, Default: middle(rates[in][0]), Tuned: middle(rates[in][1])}
		if in == prefilling {
			w.Tokens = prompt
		}
		if w.Kept = w.Tuned >= w.Default; !w.Kept {
			b.takeBack(p, in)
		}
		p.Whole = append(p.Whole, w)
	}
	return nil
}

// wholeRun returns how long a prompt and a generation are measured.
func (b *Bench) wholeRun() (prompt, tokens int) {
	prompt, tokens = enginePrompt, engineTokens
	if b.software() {
		prompt, tokens = softwarePrompt, softwareTokens
	}
	return min(prompt, b.engine.Context()/2), min(tokens, b.engine.Context()/2)
}

// rateOf returns the tokens a second of one run of a phase.
func rateOf(ctx context.Context, e *engine.Engine, in phase, prompt, tokens int) (float64, error) {
	if in == prefilling {
		s, err := generate(ctx, e, prompt, 1)
		return s.PrefillRate(), err
	}
	s, err := generate(ctx, e, 1, tokens)
	return s.DecodeRate(), err
}

// generate runs a made-up prompt on an engine.
func generate(ctx context.Context, e *engine.Engine, prompt, tokens int) (engine.Stats, error) {
	ids := make([]int32, prompt)
	for i := range ids {
		ids[i] = token(i, e.Vocabulary())
	}
	s := e.NewSession()
	for _, err := range s.Generate(ctx, ids, engine.Generation{Tokens: tokens}) {
		if err != nil {
			return engine.Stats{}, err
		}
	}
	return s.Stats(), nil
}

// takeBack removes the choices that were made for the model's steps of a phase.
func (b *Bench) takeBack(p *profile.Profile, in phase) {
	for _, g := range b.groups {
		if g.phase == in {
			p.Choices = slices.DeleteFunc(p.Choices, func(c profile.Choice) bool { return g.is(c.Kernel, c.Key, c.Sizes) })
		}
	}
	dropUnchosen(p)
}

// dropUnchosen removes the variants that no choice names any more.
func dropUnchosen(p *profile.Profile) {
	p.Variants = slices.DeleteFunc(p.Variants, func(v *kernel.Portable) bool {
		return !slices.ContainsFunc(p.Choices, func(c profile.Choice) bool { return c.Variant == v.Name })
	})
}

func middle(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
