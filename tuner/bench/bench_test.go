package bench

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/runtime/embedded"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/templates"
	"github.com/wgslgen/wgslgen/tuner"
)

// open opens the machine's device with the embedded model, to tune a kernel.
func open(t *testing.T, kernel string) (*Bench, []*tuner.Problem) {
	t.Helper()
	return openOn(t, kernel, func() (gpu.Device, error) { return native.Open(native.Options{}) })
}

func openOn(t *testing.T, kernel string, device func() (gpu.Device, error)) (*Bench, []*tuner.Problem) {
	t.Helper()
	file, err := embedded.Open()
	if err != nil {
		t.Fatal(err)
	}
	return openModel(t, kernel, device, file)
}

func openModel(t *testing.T, kernel string, device func() (gpu.Device, error), file *gguf.File) (*Bench, []*tuner.Problem) {
	t.Helper()
	if _, err := native.Adapters(); errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "" {
		t.Skip("no WebGPU adapter")
	}
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), Options{Open: device, Model: file, Library: lib, Kernel: kernel})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	problems, err := b.Problems(t.Context())
	if err != nil || len(problems) == 0 {
		t.Fatalf("%d problems, %v", len(problems), err)
	}
	return b, problems
}

// A candidate whose shader was altered is rejected and named, though it is
// among the fastest: by the model's data, or, where it is right for these, by
// the kernel's own tests.
func TestRejectsWrongCandidate(t *testing.T) {
	b, problems := open(t, "rms_norm")
	p := problems[0]
	p.Candidates = p.Candidates[:min(len(p.Candidates), 4)]
	g := b.groups[0]
	wrong := (p.Default + 1) % len(p.Candidates)
	broken := *g.candidates[wrong].portable
	broken.WGSL = strings.Replace(broken.WGSL, "inverseSqrt(", "1.01 * inverseSqrt(", 1)
	if broken.WGSL == g.candidates[wrong].portable.WGSL {
		t.Fatalf("nothing to alter in\n%s", broken.WGSL)
	}
	g.candidates[wrong] = &candidate{table: g.table, kernel: g.kernel, point: g.candidates[wrong].point, portable: &broken}
	broken.Name += "_broken"
	if broken.Tune = nil; shipped(g.table, &broken) != nil {
		t.Fatal("the altered variant is a generated one")
	}
	search := tuner.Search{Bench: b, Device: b.Device(), Now: time.Now}
	r := search.Run(t.Context(), p, time.Now().Add(time.Minute))
	if trial := r.Trials[wrong]; trial.Outcome != tuner.Rejected || !strings.Contains(trial.Why, "NMSE") {
		t.Errorf("the altered candidate: %+v", trial)
	}
	if r.Best < 0 || r.Best == wrong || r.Trials[p.Default].Outcome != tuner.Measured {
		t.Errorf("best %d, default %+v", r.Best, r.Trials[p.Default])
	}
}

// After a tuning the model generates what it did before.
func TestLeavesMemory(t *testing.T) {
	b, problems := open(t, "")
	for _, p := range problems {
		t.Logf("%5.1f%% %s: %s, %d candidates, roof %v", 100*p.Weight, p.Name, p.Shape, len(p.Candidates), p.Roof)
		if err := b.Check(context.Background(), p, p.Default); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}
