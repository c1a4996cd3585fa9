package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/tuner"
)

// phase is where a step belongs.
type phase string

const (
	decoding   phase = "decode"
	prefilling phase = "prefill"
)

// offsets are the parameters that only say where: steps that differ in them
// alone are equal.
var offsets = []string{"first", "slot", "page_first"}

// measures are the parameters that a choice of variant is remembered by; others
// follow from them or hardly matter.
var measures = []string{"tokens", "rows", "cols", "n", "k", "heads", "kv_heads", "head_dim", "experts"}

// mostTrials bounds the steps of a group that are run: of a deep model the
// first ones are enough to not fit a cache.
const mostTrials = 16

// leastWeight is the share of a step's time below which an operation is not
// worth a search.
const leastWeight = 0.005

// Problems returns what there is to tune, heaviest first, each with its share of
// the time of a decode step and a prefill step, of which either counts half; or,
// where one kernel is tuned alone, of that kernel's. It leaves out what has no choice and what takes next to no time.
func (b *Bench) Problems(ctx context.Context) ([]*tuner.Problem, error) {
	all := b.collect()
	if err := b.weigh(ctx, all); err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(x, y *group) int { return cmp.Compare(y.problem.Weight, x.problem.Weight) })
	b.groups = nil
	var problems []*tuner.Problem
	for _, g := range all {
		if g.problem.Weight < leastWeight && b.options.Kernel == "" {
			continue
		}
		if slices.ContainsFunc(b.groups, func(other *group) bool { return other.is(g.kernel.Name, g.key, g.sizes) }) {
			continue // a choice would serve the heavier as well
		}
		if err := b.candidates(ctx, g); err != nil {
			return nil, fmt.Errorf("%s: %w", g.problem.Name, err)
		}
		if len(g.candidates) < 2 {
			continue
		}
		g.problem.Roof = b.roof(g)
		b.groups = append(b.groups, g)
		problems = append(problems, g.problem)
	}
	return problems, nil
}

// collect groups the equal steps of both programs.
func (b *Bench) collect() (all []*group) {
	for _, in := range []phase{decoding, prefilling} {
		for _, t := range b.trials[in] {
			k := b.options.Library.Kernel(t.Table.Kernel)
			if k == nil || b.options.Kernel != "" && !couldBe(&t, b.options.Kernel) {
				continue
			}
			id := identify(in, &t)
			i := slices.IndexFunc(all, func(g *group) bool { return g.id == id })
			if i < 0 {
				i = len(all)
				all = append(all, &group{
					id: id, table: t.Table, kernel: k, key: t.Key, sizes: sizesOf(&t), phase: in,
					problem: &tuner.Problem{Name: nameOf(&t), Shape: shapeOf(&t)},
				})
				for _, other := range t.Others {
					all[i].ask(other, b.options.Library.Kernel(other.Table.Kernel))
				}
			}
			g := all[i]
			g.problem.Weight++ // counts, for now
			if len(g.trials) < mostTrials {
				g.trials = append(g.trials, t)
			}
		}
	}
	return all
}

// couldBe reports whether a kernel computes a step, or could.
func couldBe(t *plan.Trial, kernel string) bool {
	return t.Table.Kernel == kernel || slices.ContainsFunc(t.Others, func(a plan.Alternative) bool { return a.Table.Kernel == kernel })
}

// ask notes another kernel for the group's steps.
func (g *group) ask(other plan.Alternative, k *ir.Kernel) {
	if other.Apart {
		g.apart = append(g.apart, asked{other, k})
	} else {
		g.others = append(g.others, asked{other, k})
	}
}

// identify returns what equal steps have in common.
func identify(in phase, t *plan.Trial) string {
	id := fmt.Sprintf("%s %s %q %s", in, t.Table.Kernel, t.Key, t.Variant.Name)
	for i, p := range t.Table.Params {
		if !slices.Contains(offsets, p.Name) {
			id += fmt.Sprintf(" %s=%d", p.Name, t.Words[i])
		}
	}
	return id
}

func sizesOf(t *plan.Trial) map[string]uint32 {
	sizes := map[string]uint32{}
	for i, p := range t.Table.Params {
		if slices.Contains(measures, p.Name) {
			sizes[p.Name] = t.Words[i]
		}
	}
	return sizes
}

// nameOf names a step by its kernel and what was asked for.
func nameOf(t *plan.Trial) string {
	words := []string{t.Table.Kernel}
	for i, v := range t.Key {
		if v != "" && v != "none" && t.Table.Axes[i] != "interleave" {
			words = append(words, v)
		}
	}
	return strings.Join(words, " ")
}

func shapeOf(t *plan.Trial) string {
	var sizes []string
	for i, p := range t.Table.Params {
		if slices.Contains(measures, p.Name) {
			sizes = append(sizes, fmt.Sprintf("%s %d", p.Name, t.Words[i]))
		}
	}
	return strings.Join(sizes, ", ")
}

// weigh measures the variants that an untuned engine takes, and turns counts of
// steps into shares of time.
func (b *Bench) weigh(ctx context.Context, all []*group) error {
	total := map[phase]float64{}
	for _, g := range all {
		v := g.trials[0].Variant
		g.candidates = []*candidate{{made: v}}
		g.problem.Default = 0
		if err := b.enter(ctx, g); err != nil {
			return err
		}
		least := time.Duration(0)
		for range 3 { // the first compiles
			t, err := b.sample(ctx, g, 0)
			if err != nil {
				return fmt.Errorf("%s %s: %w", g.problem.Name, g.problem.Shape, err)
			}
			if least == 0 || t < least {
				least = t
			}
		}
		g.estimate = least
		g.problem.Weight *= least.Seconds()
		total[g.phase] += g.problem.Weight
		b.leave()
		g.candidates = nil
	}
	for _, g := range all {
		g.problem.Weight /= total[g.phase] * float64(len(total))
	}
	b.steps = map[phase]time.Duration{}
	for in, seconds := range total {
		b.steps[in] = time.Duration(seconds * 1e9)
	}
	return nil
}

// picking are the bindings by which a step picks what it reads of others: how
// much that is, sizes do not tell.
var picking = []string{"state", "ids", "order", "tiles", "offsets", "chosen", "experts"}

// roof returns how long a step takes at least: what it reads and writes, each
// once, at the device's bandwidth, or its multiply-adds; 0 where that is not
// known.
func (b *Bench) roof(g *group) time.Duration {
	t := &g.trials[0]
	bytes := int64(0)
	for i := range t.Variant.Bindings {
		binding := &t.Variant.Bindings[i]
		if slices.Contains(picking, binding.Name) {
			return 0
		}
		bytes += bytesOf(binding, t.Words)
	}
	memory := float64(bytes) / b.bandwidth
	return time.Duration(max(memory, float64(operations(t))/b.operation) * 1e9)
}

// bytesOf returns what a binding holds; of a uniform buffer some may be unused.
func bytesOf(b *kernel.Binding, words []uint32) int64 {
	if b.Uniform > 0 {
		return b.Bytes(words)
	}
	return op.Need(b, words)
}
