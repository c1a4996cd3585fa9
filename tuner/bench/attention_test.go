package bench

import (
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/tuner"
)

// The kernels of attention for many queries, and how much shared memory they
// take, are candidates of one search.
func TestTunesAttention(t *testing.T) {
	r := openReference(t, "llama", "Q8_0")
	b, problems := openModel(t, "attention_tile", func() (gpu.Device, error) { return native.Open(native.Options{}) }, r.file)
	if !b.software() {
		t.Skip("needs a device that takes the kernel without shared memory by itself")
	}
	if len(problems) != 1 || b.groups[0].kernel.Name != "attention_stream" {
		t.Fatalf("%d problems, the first %s", len(problems), problems[0].Name)
	}
	p := problems[0]
	for _, want := range []map[string]string{
		{"kernel": "attention_stream", "T": "1"}, {"kernel": "attention_tile", "tier": "large"}, {"kernel": "attention_tile", "tier": "small"},
	} {
		if !slices.ContainsFunc(p.Candidates, func(c tuner.Candidate) bool { return has(c, want) }) {
			t.Errorf("no candidate with %v of %d", want, len(p.Candidates))
		}
	}
	tile := slices.IndexFunc(p.Candidates, func(c tuner.Candidate) bool { return has(c, map[string]string{"tier": "small", "BQ": "16"}) })
	if tile < 0 {
		t.Fatal("no candidate with little shared memory")
	}
	r.checkSearch(t, b, b.groups[0], tile, "exp(m - best)", "1.01 * exp(m - best)")
}

// has reports whether a candidate has values of some axes.
func has(c tuner.Candidate, axes map[string]string) bool {
	for axis, value := range axes {
		if c.Axes[axis] != value {
			return false
		}
	}
	return true
}
