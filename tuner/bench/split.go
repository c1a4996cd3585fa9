package bench

import (
	"context"
	"maps"
	"slices"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// splitAxis is how many keys of the cache a part of a decode step's attention
// takes. Buffers, and the step that merges the parts, depend on it, so that it
// cannot be searched by single steps.
const splitAxis = "span"

// TuneSplits measures generations after a long prompt by other splits of the
// cache, and by another kernel of attention with its own, and chooses the fastest
// in the profile. Where ctx ends it, what was found
// until then stays. The bench runs no more candidates afterwards.
func (b *Bench) TuneSplits(ctx context.Context, p *profile.Profile) error {
	b.makeRoom()
	for _, g := range b.groups {
		if g.phase != decoding || !slices.Contains(g.trials[0].Tied, splitAxis) {
			continue
		}
		if err := b.tuneSplit(ctx, p, g); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) tuneSplit(ctx context.Context, p *profile.Profile, g *group) error {
	candidates, err := b.splits(ctx, p, g)
	if err != nil {
		return err
	}
	others, err := b.kernelsApart(ctx, g)
	if err != nil {
		return err
	}
	profiles := []*profile.Profile{p} // with the present one
	ways := []engine.Options{byChoices(p)}
	for _, c := range append(candidates[1:], others...) {
		with, err := b.replaced(p, g, c)
		if err != nil {
			return err
		}
		profiles, ways = append(profiles, with), append(ways, byChoices(with))
	}
	best, err := b.fastest(ctx, b.decode(longPrompt), ways)
	*p = *profiles[best]
	return err
}

// mostApart bounds the variants of another kernel that whole runs try.
const mostApart = 4

// kernelsApart returns candidates of other kernels for a group, those that differ
// least from what ships, as far as they pass their kernel's tests.
func (b *Bench) kernelsApart(ctx context.Context, g *group) (all []*candidate, err error) {
	for _, a := range g.apart {
		points, _, err := b.points(ctx, a, nil)
		if err != nil {
			return nil, err
		}
		for _, c := range points[:min(len(points), mostApart)] {
			if b.confirm(ctx, c) == nil {
				all = append(all, c)
			}
		}
	}
	return all, nil
}

// splits returns the candidates that differ from what a profile chooses for a
// group by their split alone, that one first, as far as they pass their
// kernel's tests.
func (b *Bench) splits(ctx context.Context, p *profile.Profile, g *group) (all []*candidate, err error) {
	present := g.candidates[g.problem.Default]
	for _, c := range g.candidates {
		if slices.ContainsFunc(p.Choices, func(choice profile.Choice) bool {
			return g.is(choice.Kernel, choice.Key, choice.Sizes) && c.made != nil && choice.Variant == c.made.Name
		}) {
			present = c
		}
	}
	alike := maps.Clone(present.point)
	delete(alike, splitAxis)
	var points []ir.Point
	err = pass.PointsAt(b.options.Library, g.kernel, alike, func(point ir.Point, _ []pass.Need) bool {
		if point[splitAxis] != present.point[splitAxis] {
			points = append(points, point)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	others, err := b.compile(ctx, g.table, g.kernel, points)
	if err != nil {
		return nil, err
	}
	all = []*candidate{present}
	for _, c := range others {
		if b.confirm(ctx, c) == nil {
			all = append(all, c)
		}
	}
	return all, nil
}

// replaced returns the profile with another choice for a group, of which its
// search is told.
func (b *Bench) replaced(p *profile.Profile, g *group, c *candidate) (*profile.Profile, error) {
	with := *p
	with.Variants = slices.Clone(p.Variants)
	with.Choices = slices.DeleteFunc(slices.Clone(p.Choices), func(old profile.Choice) bool { return g.is(old.Kernel, old.Key, old.Sizes) })
	if err := b.choose(&with, g, c); err != nil {
		return nil, err
	}
	dropUnchosen(&with)
	with.Searches = slices.Clone(p.Searches)
	for i := range with.Searches {
		if s := &with.Searches[i]; g.is(s.Kernel, s.Key, s.Sizes) {
			s.Runs = c.made.Name
		}
	}
	return &with, nil
}
