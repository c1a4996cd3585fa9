package engine

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// Whichever kernels of attention a profile chooses, the logits are those of the
// reference, for prompts and token by token.
func TestChosenAttention(t *testing.T) {
	o := readOracle(t, shared.Path(t, "oracle", "llama"))
	want := o.logits(t, "Q8_0")
	dev := openDevice(t)
	const dim = 64
	tile := generated.AttentionTileKey{KV: "f32", D: dim, V: dim}
	split := generated.AttentionSplitKey{KV: "f32", D: dim, V: dim}
	stream := func(lanes string) op.Key {
		return generated.AttentionStreamKey{KV: "f32", D: kernel.Is(dim), Lanes: lanes}
	}
	type choice struct {
		table *kernel.Table
		key   op.Key
	}
	for _, test := range []struct {
		name    string
		dev     gpu.Device
		choices []choice
	}{
		{"software, by the kernels with shared memory", dev, []choice{{generated.AttentionTile, tile}, {generated.AttentionSplit, split}}},
		{"software, by the kernel without", dev, []choice{{generated.AttentionStream, stream("queries")}, {generated.AttentionStream, stream("parts")}}},
		{"GPU, by the kernel without", discrete{dev}, []choice{{generated.AttentionStream, stream("queries")}, {generated.AttentionStream, stream("parts")}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &profile.Profile{}
			var chosen []string
			for _, c := range test.choices {
				v, err := op.NewLibrary(test.dev).Find(c.table, c.key, nil)
				if err != nil {
					t.Fatal(err)
				}
				chosen = append(chosen, v.Name)
				p.Choices = append(p.Choices, profile.Choice{Kernel: c.table.Kernel, Key: c.key.Values(), Variant: v.Name})
			}
			e := load(t, test.dev, filepath.Join(o.dir, "model-Q8_0.gguf"), Options{Profile: p})
			decode, prefill := e.Programs()
			for i, program := range []*plan.Program{prefill, decode} {
				if !slices.ContainsFunc(program.Variants(), func(v *kernel.Variant) bool { return v.Name == chosen[i] }) {
					t.Errorf("%s is not taken", chosen[i])
				}
			}
			for _, sizes := range [][]int{nil, {17, 1}} {
				if x := nmse(allLogits(t, e, o.tokens, sizes), want); !(x <= 1e-9) {
					t.Errorf("chunks of %v: NMSE %.3g, want at most 1e-9", sizes, x)
				}
			}
		})
	}
}
