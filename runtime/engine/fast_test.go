package engine

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// TestFast holds products in 8 bits and in f16 against the exact logits of the
// story model, and against the tokens that the exact engine chose after each of
// some tales: rounding must nearly always choose the same. Where the device has no
// such products, Fast changes nothing.
func TestFast(t *testing.T) {
	const name = "tale-2m-q4_0.gguf"
	dir := shared.Path(t, "models", "tale")
	var reference struct {
		LogitsPrompt struct{ IDs []int32 } `json:"logits_prompt"`
		Models       map[string]taleReference
	}
	if err := json.Unmarshal([]byte(readText(t, filepath.Join(dir, "reference.json"))), &reference); err != nil {
		t.Fatal(err)
	}
	dev := discrete{openDevice(t)}
	features := dev.Caps().Features
	bar := 1e-9
	if features.F16 || features.DP4A {
		bar = 5e-4
	}
	e := load(t, dev, filepath.Join(dir, name), Options{Context: 128, Fast: true})
	uses(t, e, features)

	ids := reference.LogitsPrompt.IDs
	got := allLogits(t, e, ids, []int{len(ids) / 2, 1, 1, 1})
	if x := nmse(got, floats(t, filepath.Join(dir, reference.Models[name].Logits["exact"].File))); !(x <= bar) {
		t.Errorf("NMSE %.3g, want at most %g", x, bar)
	} else {
		t.Logf("NMSE %.3g", x)
	}

	same, all := 0, 0
	for _, p := range reference.Models[name].Prompts[:2] {
		ids := append(slices.Clone(p.IDs), p.Exact.IDs...)
		sizes := append([]int{len(p.IDs)}, slices.Repeat([]int{1}, len(p.Exact.IDs))...)
		got := allLogits(t, e, ids, sizes)[(len(p.IDs)-1)*e.Vocabulary():]
		for i, id := range p.Exact.IDs {
			logits := got[i*e.Vocabulary():][:e.Vocabulary()]
			if all++; logits[id] == slices.Max(logits) {
				same++
			}
		}
	}
	if same < all*95/100 {
		t.Errorf("%d of %d tokens are the exact engine's", same, all)
	} else {
		t.Logf("%d of %d tokens are the exact engine's", same, all)
	}
}

// uses checks that rounded products are in a program exactly where the device has
// them.
func uses(t *testing.T, e *Engine, features gpu.Features) {
	t.Helper()
	decode, prefill := e.Programs()
	for _, x := range []struct {
		program *plan.Program
		table   *kernel.Table
		feature string
	}{{decode, generated.GemvFew, gpu.FeatureDP4A}, {prefill, generated.Gemm, gpu.FeatureF16}} {
		found := slices.ContainsFunc(x.program.Trials(), func(s plan.Trial) bool {
			return s.Table == x.table && slices.Contains(s.Variant.Features, x.feature)
		})
		if want := features.Has(x.feature); found != want {
			t.Errorf("%s with %s: %v, want %v", x.table.Kernel, x.feature, found, want)
		}
	}
}
