package bench

import (
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/templates"
	"github.com/wgslgen/wgslgen/tuner"
)

// What was interrupted is searched again and then takes its own place, once it
// finds something; what is finished is not. The chosen variant travels unless it is a generated one, and
// no longer than it is chosen.
func TestRecordResumes(t *testing.T) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	b := &Bench{options: Options{Library: lib}, compiled: map[string]*candidate{}}
	g := &group{
		table: generated.Argmax, kernel: lib.Kernel("argmax"), key: make([]string, len(generated.Argmax.Axes)),
		sizes: map[string]uint32{"n": 1000}, problem: &tuner.Problem{Name: "argmax", Default: 0},
	}
	b.groups = []*group{g}
	var points []ir.Point
	if err := pass.Points(lib, g.kernel, func(p ir.Point, _ []pass.Need) bool { points = append(points, p); return true }); err != nil {
		t.Fatal(err)
	}
	if g.candidates, err = b.compile(t.Context(), g.table, g.kernel, points); err != nil {
		t.Fatal(err)
	}
	generatedAt, foreign := -1, -1
	for i, c := range g.candidates {
		g.problem.Candidates = append(g.problem.Candidates, tuner.Candidate{Name: c.portable.Name})
		if shipped(g.table, c.portable) != nil {
			generatedAt = i
		} else {
			foreign = i
		}
	}
	if generatedAt < 0 || foreign < 0 {
		t.Fatalf("argmax ships all of its %d points, or none", len(points))
	}
	result := func(best int, ended tuner.End) *tuner.Result {
		r := &tuner.Result{Best: best, Default: 2 * time.Millisecond, Ended: ended, Trials: make([]tuner.Trial, len(points))}
		if best >= 0 {
			r.Trials[best] = tuner.Trial{Time: time.Millisecond, Outcome: tuner.Measured}
		}
		return r
	}
	p := &profile.Profile{}
	for _, step := range []struct {
		best     int
		ended    tuner.End
		done     bool
		variants int
	}{
		{foreign, tuner.Cancelled, false, 1},
		{foreign, tuner.OutOfTime, false, 1},
		{-1, tuner.OutOfTime, false, 1},
		{-1, tuner.Cancelled, false, 1},
		{generatedAt, tuner.Converged, true, 0},
		{foreign, tuner.AtRoof, true, 1},
	} {
		if err := b.Record(p, g.problem, result(step.best, step.ended)); err != nil {
			t.Fatal(err)
		}
		if b.Done(p, g.problem) != step.done || len(p.Searches) != 1 || len(p.Choices) != 1 || len(p.Variants) != step.variants {
			t.Errorf("after %s: done %v, %d searches, %d choices, %d variants", step.ended, b.Done(p, g.problem), len(p.Searches), len(p.Choices), len(p.Variants))
		}
		if v, _ := profile.NewChooser(p).Variant(g.table, g.key, sizesAsWords(g)); v == nil || v.Name != p.Choices[0].Variant {
			t.Errorf("after %s the engine would take %v", step.ended, v)
		}
	}
}

// sizesAsWords returns a parameter block of the group's sizes.
func sizesAsWords(g *group) []uint32 {
	words := make([]uint32, len(g.table.Params))
	for i, p := range g.table.Params {
		words[i] = g.sizes[p.Name]
	}
	return words
}
