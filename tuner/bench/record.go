package bench

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/tuner"
)

// NewProfile returns an empty profile of the device.
func (b *Bench) NewProfile() *profile.Profile {
	return &profile.Profile{Schema: profile.Schema, Device: b.Caps(), Kernels: emit.Checksum(b.options.Library), Made: time.Now().UTC().Truncate(time.Second)}
}

// Done reports whether a profile has a finished search of a problem.
func (b *Bench) Done(p *profile.Profile, problem *tuner.Problem) bool {
	ended := tuner.End(b.Find(p, problem).Ended)
	return ended == tuner.Converged || ended == tuner.AtRoof
}

// Find returns a profile's search of a problem; an empty one if there is none.
func (b *Bench) Find(p *profile.Profile, problem *tuner.Problem) (s profile.Search) {
	g := b.groupOf(problem)
	if i := slices.IndexFunc(p.Searches, func(s profile.Search) bool { return g.is(s.Kernel, s.Key, s.Sizes) }); i >= 0 {
		s = p.Searches[i]
	}
	return s
}

// Record puts a search's results into a profile, in the place of older ones. A
// search that ended before it found anything leaves what an older one did.
func (b *Bench) Record(p *profile.Profile, problem *tuner.Problem, r *tuner.Result) error {
	if cutOff := r.Ended == tuner.Cancelled || r.Ended == tuner.OutOfTime; cutOff && r.Best < 0 && b.Find(p, problem).Best != "" {
		return nil
	}
	g := b.groupOf(problem)
	trials, err := json.Marshal(r.Trials)
	if err != nil {
		return err
	}
	s := profile.Search{
		Operation: problem.Name, Shape: problem.Shape, Weight: problem.Weight, Kernel: g.kernel.Name, Key: g.key, Sizes: g.sizes,
		Roof: problem.Roof, Default: r.Default, Ended: string(r.Ended), Trials: trials,
	}
	if r.Best >= 0 {
		s.Best, s.Time = problem.Candidates[r.Best].Name, r.Trials[r.Best].Time
	}
	p.Searches = slices.DeleteFunc(p.Searches, func(old profile.Search) bool { return g.is(old.Kernel, old.Key, old.Sizes) })
	p.Searches = append(p.Searches, s)
	p.Choices = slices.DeleteFunc(p.Choices, func(old profile.Choice) bool { return g.is(old.Kernel, old.Key, old.Sizes) })
	if r.Best >= 0 {
		if err := b.choose(p, g, g.candidates[r.Best]); err != nil {
			return err
		}
	}
	dropUnchosen(p)
	return nil
}

// choose adds a choice, and its variant where that is not a generated one.
func (b *Bench) choose(p *profile.Profile, g *group, c *candidate) error {
	v, err := c.variant()
	if err != nil {
		return err
	}
	point := map[string]string{}
	for axis, value := range c.point {
		point[axis] = value.String()
	}
	p.Choices = append(p.Choices, profile.Choice{Kernel: c.kernel.Name, Key: g.keyOf(c), Sizes: g.sizes, Variant: v.Name, Point: point})
	if !slices.Contains(c.table.Variants, v) && !slices.ContainsFunc(p.Variants, func(old *kernel.Portable) bool { return old.Name == v.Name }) {
		p.Variants = append(p.Variants, c.portable)
	}
	return nil
}

func (b *Bench) groupOf(p *tuner.Problem) *group {
	return b.groups[slices.IndexFunc(b.groups, func(g *group) bool { return g.problem == p })]
}

// keyOf returns what a program asks of a candidate's kernel.
func (g *group) keyOf(c *candidate) []string {
	for _, a := range slices.Concat(g.others, g.apart) {
		if a.kernel == c.kernel {
			return a.Key
		}
	}
	return g.key
}

// is reports whether the group's steps are those of a kernel, key and sizes.
func (g *group) is(kernel string, key []string, sizes map[string]uint32) bool {
	if !maps.Equal(g.sizes, sizes) {
		return false
	}
	other := slices.ContainsFunc(slices.Concat(g.others, g.apart), func(a asked) bool {
		return a.kernel.Name == kernel && slices.Equal(a.Key, key)
	})
	return other || g.kernel.Name == kernel && slices.Equal(g.key, key)
}
