//go:build !bootstrap

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/tuner/measure"
)

func measurePoints(ctx context.Context, c *call) (int, error) {
	kernels := c.kernelsFlag()
	name := c.flags.String("kernel", "", "`name` of the kernel")
	point := c.flags.String("point", "", "`axis=value|value,…`; axes left out take all their values")
	device := c.flags.String("device", "", "part of the GPU's `name` (default: the best; see dreamer devices)")
	var texts []string
	c.flags.Func("size", "`parameter=value,…` to measure at; can be given several times", func(text string) error {
		texts = append(texts, text)
		return nil
	})
	if err := c.parse(0); err != nil {
		return 0, err
	}
	if *name == "" || len(texts) == 0 {
		return 0, usageError{errors.New("want a -kernel and at least one -size")}
	}
	src := openSource(*kernels)
	lib, err := src.library()
	if err != nil {
		return 0, err
	}
	k, err := findKernel(lib, *name)
	if err != nil {
		return 0, err
	}
	m := &measurement{table: measure.Table(k)}
	for _, text := range texts {
		words, err := measure.Size(m.table, text)
		if err != nil {
			return 0, usageError{err}
		}
		m.sizes = append(m.sizes, words)
	}
	variants, err := measure.Variants(ctx, lib, k, *point)
	if err != nil {
		return 0, src.locate(err)
	}
	dev, err := native.Open(native.Options{Adapter: *device})
	if err != nil {
		return 0, err
	}
	defer dev.Close()
	if m.bench, err = measure.NewBench(ctx, dev, variants, m.sizes); err != nil {
		return 0, err
	}
	defer m.bench.Close()
	fmt.Fprintf(c.out, "%s: %.3g T multiply-adds/s\n", dev.Caps().Name, m.bench.Rate/1e12)
	for len(variants) > 0 { // those of a key
		n := slices.IndexFunc(variants, func(v *kernel.Variant) bool { return !slices.Equal(v.Key, variants[0].Key) })
		if n < 0 {
			n = len(variants)
		}
		if err := m.key(ctx, c.out, variants[:n]); err != nil {
			return 0, err
		}
		variants = variants[n:]
	}
	return statusOK, nil
}

// measurement is a run of the command.
type measurement struct {
	table *kernel.Table
	sizes [][]uint32 // parameter blocks
	bench *measure.Bench
}

// measured is a variant with the time it takes at each size.
type measured struct {
	*kernel.Variant
	times []time.Duration
	total time.Duration
}

// key measures the variants of a key that the device takes, and prints them, the
// fastest first.
func (m *measurement) key(ctx context.Context, w io.Writer, variants []*kernel.Variant) error {
	var all []measured
	for _, v := range variants {
		if slices.ContainsFunc(m.sizes, func(words []uint32) bool { return m.bench.Refuses(v, words) != "" }) {
			continue
		}
		one := measured{Variant: v}
		for _, words := range m.sizes {
			took, err := m.bench.Time(ctx, v, words)
			if err != nil {
				return fmt.Errorf("%s: %w", v.Name, err)
			}
			one.times, one.total = append(one.times, took), one.total+took
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b measured) int { return cmp.Compare(a.total, b.total) })
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\n%s %s\ttotal\t", m.table.Kernel, strings.Join(variants[0].Key, " "))
	for _, words := range m.sizes {
		fmt.Fprintf(t, "%s\t", m.describe(words))
	}
	fmt.Fprintln(t)
	for _, one := range all {
		var settings []string
		for _, s := range one.Tune {
			settings = append(settings, s.Axis+"="+s.Value)
		}
		fmt.Fprintf(t, "%s\t%s\t", strings.Join(settings, ","), short(one.total))
		for i, took := range one.times {
			fmt.Fprintf(t, "%s%s\t", short(took), m.share(one.Variant, m.sizes[i], took))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// describe names a size by its dimensions.
func (m *measurement) describe(words []uint32) string {
	var text []string
	for _, name := range []string{"tokens", "rows", "cols"} {
		if n, ok := m.word(words, name); ok {
			text = append(text, strconv.Itoa(int(n)))
		}
	}
	return strings.Join(text, "×")
}

func (m *measurement) word(words []uint32, name string) (uint32, bool) {
	for i, p := range m.table.Params {
		if p.Name == name {
			return words[i], true
		}
	}
	return 0, false
}

// share says how much of the device's multiply-adds a product makes; nothing of
// what is none.
func (m *measurement) share(v *kernel.Variant, words []uint32, took time.Duration) string {
	rows, isProduct := m.word(words, "rows")
	cols, hasCols := m.word(words, "cols")
	if !isProduct || !hasCols {
		return ""
	}
	n := float64(rows) * float64(cols)
	if tokens, ok := m.word(words, "tokens"); ok {
		n *= float64(tokens)
	}
	if slices.Contains(v.Key, "gated") {
		n *= 2
	}
	return fmt.Sprintf(" %.0f%%", 100*n/took.Seconds()/m.bench.Rate)
}
