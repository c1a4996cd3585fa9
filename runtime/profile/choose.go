package profile

import (
	"math"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// Chooser finds a profile's variants.
type Chooser struct {
	choices  map[string][]Choice // by kernel
	portable map[string]*kernel.Portable
	made     map[string]*kernel.Variant
}

// NewChooser returns the chooser of a profile; nil has no choices.
func NewChooser(p *Profile) *Chooser {
	c := &Chooser{choices: map[string][]Choice{}, portable: map[string]*kernel.Portable{}, made: map[string]*kernel.Variant{}}
	if p == nil {
		return c
	}
	for _, choice := range p.Choices {
		c.choices[choice.Kernel] = append(c.choices[choice.Kernel], choice)
	}
	for _, v := range p.Variants {
		c.portable[v.Name] = v
	}
	return c
}

// Variant returns the variant chosen for an operation: that of the choice with
// an equal key whose sizes are nearest to the parameters, if they are near
// enough, and how far apart they are. There may be none.
func (c *Chooser) Variant(t *kernel.Table, key []string, words []uint32) (v *kernel.Variant, least float64) {
	var best *Choice
	least = farthest
	for i := range c.choices[t.Kernel] {
		choice := &c.choices[t.Kernel][i]
		if !slices.Equal(choice.Key, key) {
			continue
		}
		if d := apart(t, choice.Sizes, words); d < least {
			best, least = choice, d
		}
	}
	if best == nil {
		return nil, least
	}
	return c.variant(t, best.Variant), least
}

// farthest is how far sizes may be from those of a choice: four times as much,
// over all of them. Tokens count half: what is best for 64 is about as good for
// 512, and other than what is best for one.
const (
	farthest = 2.01
	ofTokens = 0.5
)

// apart returns the distance of parameters from a choice's sizes: the sum of
// their ratios' logarithms.
func apart(t *kernel.Table, sizes map[string]uint32, words []uint32) (d float64) {
	for i, p := range t.Params {
		if size, ok := sizes[p.Name]; ok && i < len(words) {
			ratio := math.Abs(math.Log2(float64(max(size, 1)) / float64(max(words[i], 1))))
			if p.Name == "tokens" {
				ratio *= ofTokens
			}
			d += ratio
		}
	}
	return d
}

// variant returns the variant of a name: a generated one, or the profile's.
func (c *Chooser) variant(t *kernel.Table, name string) *kernel.Variant {
	if i := slices.IndexFunc(t.Variants, func(v *kernel.Variant) bool { return v.Name == name }); i >= 0 {
		return t.Variants[i]
	}
	if v, ok := c.made[name]; ok {
		return v
	}
	portable := c.portable[name]
	if portable == nil {
		return nil
	}
	v, err := portable.Variant(t)
	if err != nil {
		return nil // the operation keeps its default
	}
	c.made[name] = v
	return v
}
