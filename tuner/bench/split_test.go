package bench

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/templates"
	"github.com/wgslgen/wgslgen/tuner"
)

// Splits of the cache that whole runs try are proven variants that differ by
// that alone, and the engine would take the one that a profile chooses.
func TestSplits(t *testing.T) {
	dev, err := native.Open(native.Options{})
	if errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "" {
		t.Skip("no WebGPU adapter")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	b := &Bench{options: Options{Library: lib}, dev: dev, compiled: map[string]*candidate{}}
	g := splitGroup(t, b)
	b.groups = []*group{g}
	p := b.NewProfile()
	candidates, err := b.splits(t.Context(), p, g)
	if err != nil || len(candidates) < 2 {
		t.Fatalf("%d candidates, %v", len(candidates), err)
	}
	for _, c := range candidates {
		with, err := b.replaced(p, g, c)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := profile.NewChooser(with).Variant(g.table, g.key, sizesAsWords(g))
		if v == nil || v.Name != c.made.Name || len(with.Choices) != 1 || len(p.Choices) != 0 {
			t.Errorf("split %v: the engine would take %v", c.point[splitAxis], v)
		}
		for axis, value := range c.point {
			if alike := value == candidates[0].point[axis]; alike == (axis == splitAxis) && c != candidates[0] {
				t.Errorf("split %v: axis %s is %v, of the present one %v", c.point[splitAxis], axis, value, candidates[0].point[axis])
			}
		}
	}
}

// Whole runs also try another kernel, of which each candidate is proven, and the
// search is told what they chose.
func TestKernelsApart(t *testing.T) {
	dev, err := native.Open(native.Options{})
	if errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "" {
		t.Skip("no WebGPU adapter")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	b := &Bench{options: Options{Library: lib}, dev: dev, compiled: map[string]*candidate{}}
	g := splitGroup(t, b)
	key := generated.AttentionStreamKey{KV: "f32", D: kernel.Is(64), Lanes: "parts"}
	v, err := op.Describe(dev.Caps()).Find(generated.AttentionStream, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	g.ask(plan.Alternative{Table: generated.AttentionStream, Key: key.Values(), Variant: v, Apart: true}, lib.Kernel("attention_stream"))
	b.groups = []*group{g}
	candidates, err := b.kernelsApart(t.Context(), g)
	if err != nil || len(candidates) < 2 {
		t.Fatalf("%d candidates, %v", len(candidates), err)
	}
	if first, err := candidates[0].variant(); first != v {
		t.Errorf("the first is %v, want what ships (%v)", first, err)
	}
	p := b.NewProfile()
	p.Searches = []profile.Search{{Kernel: g.kernel.Name, Key: g.key, Sizes: g.sizes}}
	p.Choices = []profile.Choice{{Kernel: g.kernel.Name, Key: g.key, Sizes: g.sizes, Variant: g.table.Variants[0].Name}}
	for _, c := range candidates {
		with, err := b.replaced(p, g, c)
		if err != nil {
			t.Fatal(err)
		}
		if len(with.Choices) != 1 || with.Choices[0].Kernel != "attention_stream" || !slices.Equal(with.Choices[0].Key, key.Values()) {
			t.Errorf("%s: choices %+v", c.made.Name, with.Choices)
		}
		if with.Searches[0].Runs != c.made.Name || p.Searches[0].Runs != "" {
			t.Errorf("%s: the search says %q, before %q", c.made.Name, with.Searches[0].Runs, p.Searches[0].Runs)
		}
	}
}

// splitGroup returns a decode step's attention, with what ships as its only
// candidate.
func splitGroup(t *testing.T, b *Bench) *group {
	t.Helper()
	table := generated.AttentionSplit
	i := slices.IndexFunc(table.Variants, func(v *kernel.Variant) bool {
		return v.Key[slices.Index(table.Axes, "D")] == "64" && len(v.Features) == 0
	})
	v := table.Variants[i]
	g := &group{
		table: table, kernel: b.options.Library.Kernel("attention_split"), key: v.Key, phase: decoding,
		sizes: map[string]uint32{"heads": 8}, problem: &tuner.Problem{Name: "attention_split", Default: 0},
	}
	given := ir.Point{}
	for _, axis := range g.kernel.Axes {
		for _, value := range pass.Values(b.options.Library, axis) {
			if j := slices.Index(table.Axes, axis.Name); j >= 0 && value.String() == v.Key[j] {
				given[axis.Name] = value
			}
			for _, s := range v.Tune {
				if s.Axis == axis.Name && s.Value == value.String() {
					given[axis.Name] = value
				}
			}
		}
	}
	var err error
	if g.candidates, err = b.compile(t.Context(), g.table, g.kernel, []ir.Point{given}); err != nil {
		t.Fatal(err)
	}
	return g
}
