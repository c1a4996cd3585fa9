//go:build !bootstrap

package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/roofline"
)

// measureFlags say what is measured.
type measureFlags struct {
	kernels, kernel, point, device string
	sizes                          []string
}

// measure times a kernel's points at given sizes, over made-up data: where tune
// asks what a model gains, it asks what a kernel could do.
func measure(ctx context.Context, c *call) (int, error) {
	var f measureFlags
	c.flags.StringVar(&f.kernels, "kernels", "", "`folder` of kernel sources (*.wk, in subfolders too), of which the kernel has the axes and parameters of the one that comes with wgslgen")
	c.flags.StringVar(&f.kernel, "kernel", "", "`name` of the kernel")
	c.flags.StringVar(&f.point, "point", "", "`axis=value|value,…`; axes left out take all their values")
	c.flags.Func("size", "`parameter=value,…` to measure with; the flag can be given several times", func(text string) error {
		f.sizes = append(f.sizes, text)
		return nil
	})
	c.flags.StringVar(&f.device, "device", "", "part of the GPU's `name` (default: the best; see dreamer devices)")
	if err := c.parse(0); err != nil {
		return 0, err
	}
	tables := tablesOf(f.kernel)
	if len(tables) != 1 || len(f.sizes) == 0 {
		return 0, usageError{errors.New("want one -kernel of the library, and at least one -size")}
	}
	m := &measurement{table: tables[0]}
	for _, text := range f.sizes {
		words, err := parseSize(m.table, text)
		if err != nil {
			return 0, usageError{err}
		}
		m.sizes = append(m.sizes, words)
	}
	if err := m.compile(ctx, openSource(f.kernels), f.point); err != nil {
		return 0, err
	}
	dev, err := native.Open(native.Options{Adapter: f.device})
	if err != nil {
		return 0, err
	}
	defer dev.Close()
	if err := m.open(ctx, dev); err != nil {
		return 0, err
	}
	defer m.close()
	return statusOK, m.run(ctx, c)
}

// measurement is a run of the command.
type measurement struct {
	table   *kernel.Table
	sizes   [][]uint32 // parameter blocks
	points  []*measured
	dev     gpu.Device
	library *op.Library
	rate    float64    // multiply-adds a second
	data    gpu.Buffer // that all bindings share that are only read
	results gpu.Buffer // and that all others do
	params  gpu.Buffer
}

// measured is a point with the time it takes at each size; 0 where it can't run.
type measured struct {
	variant *kernel.Variant
	name    string // of its tuning axes' values
	times   []time.Duration
}

// total is the time of all sizes together.
func (m *measured) total() (sum time.Duration) {
	for _, t := range m.times {
		sum += t
	}
	return sum
}

// parseSize reads a parameter block; what is left out is 0, but strides are the
// columns or rows.
func parseSize(t *kernel.Table, text string) ([]uint32, error) {
	given := map[string]uint32{}
	for _, setting := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(setting, "=")
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil || !slices.ContainsFunc(t.Params, func(p kernel.Param) bool { return p.Name == name && p.Type == "u32" }) {
			return nil, fmt.Errorf("%q is no parameter=value of kernel %s", setting, t.Kernel)
		}
		given[name] = uint32(n)
	}
	words := make([]uint32, len(t.Params))
	for i, p := range t.Params {
		n, ok := given[p.Name]
		switch {
		case ok:
		case p.Name == "x_stride":
			n = given["cols"]
		case p.Name == "y_stride":
			n = given["rows"]
		}
		words[i] = n
	}
	return words, nil
}

// compile compiles the points that agree with a choice of values.
func (m *measurement) compile(ctx context.Context, src source, choice string) error {
	lib, err := src.library()
	if err != nil {
		return err
	}
	k, err := findKernel(lib, m.table.Kernel)
	if err != nil {
		return err
	}
	allowed := map[string][]string{}
	for _, setting := range strings.FieldsFunc(choice, func(r rune) bool { return r == ',' }) {
		axis, values, _ := strings.Cut(setting, "=")
		if k.Axis(axis) == nil {
			return usageError{fmt.Errorf("kernel %s has no axis %s", k.Name, axis)}
		}
		allowed[axis] = strings.Split(values, "|")
	}
	var points []ir.Point
	err = pass.Points(lib, k, func(p ir.Point, _ []pass.Need) bool {
		for axis, values := range allowed {
			if !slices.Contains(values, p[axis].String()) {
				return true
			}
		}
		points = append(points, p)
		return true
	})
	if err != nil {
		return src.locate(err)
	}
	m.points = make([]*measured, len(points))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, p := range points {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			portable, err := emit.Portable(lib, k, p)
			if err != nil {
				return src.locate(err)
			}
			v, err := portable.Variant(m.table)
			if err != nil {
				return err
			}
			var settings []string
			for _, s := range v.Tune {
				settings = append(settings, s.Axis+"="+s.Value)
			}
			m.points[i] = &measured{v, strings.Join(settings, ","), make([]time.Duration, len(m.sizes))}
			return nil
		})
	}
	return group.Wait()
}

// open measures the device, and leaves out what it refuses.
func (m *measurement) open(ctx context.Context, dev gpu.Device) (err error) {
	m.dev, m.library = dev, op.NewLibrary(dev)
	if m.rate, err = roofline.Operations(ctx, dev); err != nil {
		return err
	}
	var variants []*kernel.Variant
	read, written := int64(0), int64(0)
	m.points = slices.DeleteFunc(m.points, func(p *measured) bool { return m.library.Refuses(p.variant, m.sizes[0]) != "" })
	for _, p := range m.points {
		variants = append(variants, p.variant)
		for i := range p.variant.Bindings {
			for _, words := range m.sizes {
				if b := &p.variant.Bindings[i]; b.Write {
					written = max(written, op.Need(b, words))
				} else {
					read = max(read, op.Need(b, words))
				}
			}
		}
	}
	if m.data, err = dev.NewBuffer("data", read, gpu.Storage|gpu.Uniform); err != nil {
		return err
	}
	if m.results, err = dev.NewBuffer("results", written, gpu.Storage); err != nil {
		return err
	}
	if m.params, err = dev.NewBuffer("params", int64(kernel.ParamBytes(len(m.table.Params))), gpu.Uniform); err != nil {
		return err
	}
	if err := dev.Write(m.data, 0, numbers(read)); err != nil {
		return err
	}
	return m.library.Compile(ctx, variants, nil)
}

// numbers returns bytes that are small numbers, read as halves or as floats, and
// different ones, as what a device draws, and so its clock, depends on them.
func numbers(n int64) []byte {
	random := rand.New(rand.NewPCG(1, 1))
	out := make([]byte, 0, n+2)
	for int64(len(out)) < n {
		out = binary.LittleEndian.AppendUint16(out, 0x3800|uint16(random.Uint32()&0x3ff))
	}
	return out[:n]
}

func (m *measurement) close() {
	for _, b := range []gpu.Buffer{m.data, m.results, m.params} {
		b.Release()
	}
}

// run measures all points, size by size, and prints a table for each key.
func (m *measurement) run(ctx context.Context, c *call) error {
	fmt.Fprintf(c.out, "%s: %.3g T multiply-adds/s\n", m.dev.Caps().Name, m.rate/1e12)
	for i, words := range m.sizes {
		block := make([]byte, kernel.ParamBytes(len(words)))
		for j, w := range words {
			binary.LittleEndian.PutUint32(block[4*j:], w)
		}
		if err := m.dev.Write(m.params, 0, block); err != nil {
			return err
		}
		for _, p := range m.points {
			if m.library.Refuses(p.variant, words) != "" {
				continue
			}
			var err error
			if p.times[i], err = m.time(ctx, p.variant, words); err != nil {
				return fmt.Errorf("%s: %w", p.variant.Name, err)
			}
		}
	}
	slices.SortStableFunc(m.points, func(p, q *measured) int {
		return cmp.Or(slices.Compare(p.variant.Key, q.variant.Key), cmp.Compare(p.total(), q.total()))
	})
	t := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for i, p := range m.points {
		if i == 0 || !slices.Equal(p.variant.Key, m.points[i-1].variant.Key) {
			fmt.Fprintf(t, "\n%s %s\ttotal\t", m.table.Kernel, strings.Join(p.variant.Key, " "))
			for _, words := range m.sizes {
				fmt.Fprintf(t, "%s\t", m.describe(words))
			}
			fmt.Fprintln(t)
		}
		fmt.Fprintf(t, "%s\t%s\t", p.name, short(p.total()))
		for j, took := range p.times {
			fmt.Fprintf(t, "%s%s\t", short(took), m.share(p.variant, m.sizes[j], took))
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
	if !isProduct || !hasCols || took == 0 {
		return ""
	}
	n := float64(rows) * float64(cols)
	if tokens, ok := m.word(words, "tokens"); ok {
		n *= float64(tokens)
	}
	if slices.Contains(v.Key, "gated") {
		n *= 2
	}
	return fmt.Sprintf(" %.0f%%", 100*n/took.Seconds()/m.rate)
}

// How long a measurement takes at least, and how many of them are taken; the
// fastest counts.
const (
	measureTime = 2 * time.Millisecond
	measureRuns = 3
)

// time returns how long a dispatch takes.
func (m *measurement) time(ctx context.Context, v *kernel.Variant, words []uint32) (time.Duration, error) {
	ranges := make([]gpu.BufferRange, len(v.Bindings))
	for i := range v.Bindings {
		ranges[i] = gpu.BufferRange{Buffer: m.data, Size: op.Need(&v.Bindings[i], words)}
		if v.Bindings[i].Write {
			ranges[i].Buffer = m.results
		}
	}
	command, release, err := m.library.Bind(v, ranges, gpu.BufferRange{Buffer: m.params, Size: m.params.Size()}, words)
	if err != nil {
		return 0, err
	}
	defer release()
	if command.Grid, err = m.library.Grid(v, words); err != nil {
		return 0, err
	}
	best, n := time.Duration(0), 1
	for run := 0; run < measureRuns; {
		took, err := m.play(ctx, slices.Repeat(gpu.CommandList{command}, n))
		if err != nil {
			return 0, err
		}
		each := max(took/time.Duration(n), 1)
		if most := int(measureTime/each) + 1; n < most && run == 0 && n == 1 {
			n = most
			continue
		}
		if best == 0 || each < best {
			best = each
		}
		run++
	}
	return best, nil
}

// play returns how long the device works on a list, by its own clock where it
// has one.
func (m *measurement) play(ctx context.Context, list gpu.CommandList) (time.Duration, error) {
	if timer, ok := m.dev.(gpu.Timer); ok && m.dev.Caps().Features.Timestamps {
		times, err := timer.Time(ctx, list)
		if err != nil {
			return 0, err
		}
		return times[0], nil
	}
	begin := time.Now()
	if err := m.dev.Submit(list); err != nil {
		return 0, err
	}
	if err := m.dev.Wait(ctx); err != nil {
		return 0, err
	}
	return time.Since(begin), m.dev.Err()
}
