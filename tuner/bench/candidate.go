package bench

import (
	"context"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/tuner"
)

// candidate is a kernel at a point. Problems share candidates, and thereby
// pipelines.
type candidate struct {
	table     *kernel.Table
	kernel    *ir.Kernel
	point     ir.Point
	portable  *kernel.Portable
	made      *kernel.Variant
	confirmed bool // it passed its kernel's tests
}

// variant returns the candidate as one of a table's: the generated one where
// there is one, since the engine will take that.
func (c *candidate) variant() (v *kernel.Variant, err error) {
	if c.made == nil {
		c.made = shipped(c.table, c.portable)
	}
	if c.made == nil {
		c.made, err = c.portable.Variant(c.table)
	}
	return c.made, err
}

// shipped returns the generated variant at a point, or nil.
func shipped(t *kernel.Table, p *kernel.Portable) *kernel.Variant {
	for _, v := range t.Variants {
		if slices.Equal(v.Key, p.Key) && slices.Equal(v.Tune, p.Tune) {
			return v
		}
	}
	return nil
}

// candidates finds all ways to compute a group's steps: the points of the kernel,
// and of others that could take its place, which agree with what was asked for and
// with what else depends on, and that the device and the program's memory take.
func (b *Bench) candidates(ctx context.Context, g *group) error {
	first := &g.trials[0]
	own := asked{plan.Alternative{Table: g.table, Key: g.key, Variant: first.Variant}, g.kernel}
	for _, a := range append([]asked{own}, g.others...) {
		var tied []string
		if a.kernel == g.kernel {
			tied = first.Tied
		}
		all, axes, err := b.points(ctx, a, tied)
		if err != nil {
			return err
		}
		for _, c := range all {
			if err := g.add(c, axes, len(g.others) > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// points returns the candidates of a kernel, with the axes that they differ in.
func (b *Bench) points(ctx context.Context, a asked, tied []string) (all []*candidate, axes []string, err error) {
	var points []ir.Point
	err = pass.PointsAt(b.options.Library, a.kernel, a.given(b.options.Library, tied), func(p ir.Point, _ []pass.Need) bool {
		points = append(points, p)
		return true
	})
	if err != nil || len(points) == 0 {
		return nil, nil, err
	}
	all, err = b.compile(ctx, a.Table, a.kernel, b.nearest(points, a.Variant))
	return all, varying(points), err
}

// add adds a candidate that the device and the program's memory take.
func (g *group) add(c *candidate, varied []string, ofSeveral bool) error {
	v, err := c.variant()
	if err != nil {
		return err
	}
	first := &g.trials[0]
	isDefault := c.table == g.table && slices.Equal(v.Key, first.Variant.Key) && slices.Equal(v.Tune, first.Variant.Tune)
	if !isDefault && first.Refuses(v) != nil {
		return nil
	}
	if isDefault {
		g.problem.Default = len(g.candidates)
		c.confirmed = true // by the project's own tests
	}
	axes := map[string]string{}
	var names []string
	set := func(axis, value string) {
		axes[axis] = value
		names = append(names, axis+"="+value)
	}
	if ofSeveral {
		set("kernel", c.kernel.Name)
	}
	for _, axis := range varied {
		set(axis, c.point[axis].String())
	}
	g.candidates = append(g.candidates, c)
	g.problem.Candidates = append(g.problem.Candidates, tuner.Candidate{
		Name: strings.Join(names, ","), Axes: axes, Cost: costOf(first, v),
	})
	return nil
}

// nearest returns the points that are worth compiling: all, or, where there are
// many more than may run, those that differ least from the default.
func (b *Bench) nearest(points []ir.Point, v *kernel.Variant) []ir.Point {
	unlike := func(p ir.Point) (n int) {
		for _, s := range v.Tune {
			if p[s.Axis].String() != s.Value {
				n++
			}
		}
		return n
	}
	near := slices.Clone(points)
	slices.SortStableFunc(near, func(p, q ir.Point) int { return unlike(p) - unlike(q) })
	return near[:min(len(near), 3*b.Device().Most)]
}

// given returns the values of axes that are not searched.
func (a asked) given(lib *ir.Library, tied []string) ir.Point {
	given := ir.Point{}
	fix := func(axis, value string) {
		for _, v := range pass.Values(lib, a.kernel.Axis(axis)) {
			if v.String() == value {
				given[axis] = v
			}
		}
	}
	for i, axis := range a.Table.Axes {
		if a.Key[i] != "" {
			fix(axis, a.Key[i])
		}
	}
	for _, s := range a.Variant.Tune {
		if slices.Contains(tied, s.Axis) {
			fix(s.Axis, s.Value)
		}
	}
	return given
}

// varying returns the axes of which the points have several values, sorted.
func varying(points []ir.Point) (axes []string) {
	for _, axis := range slices.Sorted(maps.Keys(points[0])) {
		if slices.ContainsFunc(points, func(p ir.Point) bool { return p[axis] != points[0][axis] }) {
			axes = append(axes, axis)
		}
	}
	return axes
}

// compile compiles a kernel at points, each once.
func (b *Bench) compile(ctx context.Context, t *kernel.Table, k *ir.Kernel, points []ir.Point) ([]*candidate, error) {
	all := make([]*candidate, len(points))
	var mutex sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, point := range points {
		name := pass.PointName(k, point)
		mutex.Lock()
		all[i] = b.compiled[name]
		mutex.Unlock()
		if all[i] != nil {
			continue
		}
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			portable, err := emit.Portable(b.options.Library, k, point)
			if err != nil {
				return err
			}
			all[i] = &candidate{table: t, kernel: k, point: point, portable: portable}
			mutex.Lock()
			defer mutex.Unlock()
			b.compiled[name] = all[i]
			return nil
		})
	}
	return all, group.Wait()
}

// cacheShare is what memory costs that is read again, and so from a cache.
const cacheShare = 8

// costOf guesses what a variant costs at a step's size: every workgroup along y
// and z reads the weights anew, or those of an expert, and every one along x the
// activations.
func costOf(t *plan.Trial, v *kernel.Variant) tuner.Cost {
	grid := t.Grid(v)
	c := tuner.Cost{Workgroups: int64(grid[0] * grid[1] * grid[2]), Invocations: int64(v.Workgroup)}
	for i := range v.Bindings {
		b := &v.Bindings[i]
		n := op.Need(b, t.Words)
		again := int64(grid[0])
		if b.Plane != nil {
			again = int64(grid[1]*grid[2]) / max(word(t, "experts", 1), 1)
		}
		if b.Write {
			again = 1
		}
		c.Bytes += n + n*max(again-1, 0)/cacheShare
	}
	c.Operations = operations(t)
	c.Barriers = barriers(v.WGSL(), t)
	return c
}

// operations returns the multiply-adds of a step that is a product, else 0.
func operations(t *plan.Trial) int64 {
	n := word(t, "rows", 0) * word(t, "cols", 0)
	for _, times := range []string{"tokens", "k", "slots"} { // a token's experts are k, or slots
		n *= max(word(t, times, 1), 1)
	}
	return n
}

// word returns a parameter of a step, or another value where there is none.
func word(t *plan.Trial, name string, otherwise int64) int64 {
	for i, p := range t.Table.Params {
		if p.Name == name {
			return int64(t.Words[i])
		}
	}
	return otherwise
}

var control = regexp.MustCompile(`\bfor \(|\bloop \{|workgroupBarrier\(\)|[{}]`)

// barriersOfLoop is how often a loop is taken to turn for each column.
const barriersOfLoop = 1.0 / 32

// barriers guesses how often a workgroup waits: each barrier of a loop as often
// as there are steps along the columns.
func barriers(wgsl string, t *plan.Trial) int64 {
	turns := max(int64(float64(word(t, "cols", 256))*barriersOfLoop), 1)
	var loops []bool // of the open braces
	n, loop := int64(0), false
	for _, token := range control.FindAllString(wgsl, -1) {
		switch token {
		case "{":
			loops, loop = append(loops, loop), false
		case "}":
			if len(loops) > 0 {
				loops = loops[:len(loops)-1]
			}
		case "workgroupBarrier()":
			if slices.Contains(loops, true) {
				n += turns
			} else {
				n++
			}
		case "loop {":
			loops = append(loops, true)
		default:
			loop = true
		}
	}
	return n
}
