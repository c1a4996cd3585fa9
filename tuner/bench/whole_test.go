package bench

import (
	"testing"

	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/tuner"
)

// Choices that make whole generations slower are taken back, and those of the
// other phase are not for it.
func TestTuneWholeTakesBack(t *testing.T) {
	b, problems := open(t, "gemv")
	if !b.software() {
		t.Skip("needs a device on which one row an invocation is known to be slow")
	}
	p := b.NewProfile()
	for i, g := range b.groups {
		slow := -1
		for j, c := range g.candidates {
			if c.point["R"].String() == "1" && c.point["uniform_x"].String() == "0" {
				slow = j
			}
		}
		if slow < 0 {
			t.Fatalf("%s has no candidate that reads the activations anew for each row", g.problem.Name)
		}
		r := &tuner.Result{Best: slow, Ended: tuner.Converged, Trials: make([]tuner.Trial, len(g.candidates))}
		if err := b.Record(p, problems[i], r); err != nil {
			t.Fatal(err)
		}
	}
	other := profile.Choice{Kernel: "gemm", Variant: "one that is not there"}
	p.Choices = append(p.Choices, other)
	if err := b.TuneWhole(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", p.Whole)
	if len(p.Whole) != 2 || p.Whole[1].Kept || p.Whole[1].Tuned > 0.9*p.Whole[1].Default {
		t.Errorf("whole runs: %+v", p.Whole)
	}
	if len(p.Choices) != 1 || p.Choices[0].Variant != other.Variant || len(p.Variants) != 0 {
		t.Errorf("left are the choices %+v and %d variants", p.Choices, len(p.Variants))
	}
}
