package bench

import (
	"context"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// wholePrompt is the tokens of a prompt that is measured with and without choices.
const wholePrompt = 512

// TuneWhole measures whole prompts and generations untuned and with the profile's
// choices, and records both in the profile. Single operations may be faster and a
// whole step slower: of a phase that does not gain, the choices are taken back.
// What ctx ends is not recorded. The bench runs no more candidates afterwards.
func (b *Bench) TuneWhole(ctx context.Context, p *profile.Profile) error {
	b.makeRoom()
	tasks := []task{b.prefill(wholePrompt), b.decode(1)}
	rates, err := b.compare(ctx, tasks, engine.Options{Untuned: true}, byChoices(p))
	if err != nil {
		return err
	}
	for i, t := range tasks {
		w := profile.Whole{Phase: string(t.phase), Tokens: max(t.prompt, t.tokens), Default: rates[i], Tuned: rates[len(tasks)+i]}
		if w.Kept = w.Tuned >= w.Default; !w.Kept {
			b.takeBack(p, t.phase)
		}
		p.Whole = append(p.Whole, w)
	}
	return nil
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
