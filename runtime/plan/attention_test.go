package plan

import (
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// attentionHeads are heads that all kernels of attention are made for.
var attentionHeads = Heads{Q: 8, KV: 2, Dim: 64}

// attentionOf records attention as a library has it, and returns its step.
func attentionOf(t *testing.T, l *op.Library, tokens int) step {
	t.Helper()
	var p memory.Plan
	cache, err := NewCache(&p, "cache", "f32", attentionHeads, 1024, 1<<27)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(l, NewShared(&p, tokens, 1), Limits{Binding: 1 << 27, Work: 1 << 40}, tokens)
	r.Attention(r.tensor("queries", tokens, attentionHeads.Q*attentionHeads.Dim), attentionHeads, cache, AttentionOptions{Scale: 1})
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.steps[0]
}

// kernelsOfAttention are what a profile may choose of: by the phase, a table with
// what a program asks of it.
func kernelsOfAttention(tokens int) map[*kernel.Table]op.Key {
	d := attentionHeads.Dim
	if tokens == 1 {
		return map[*kernel.Table]op.Key{
			generated.AttentionSplit:  generated.AttentionSplitKey{KV: "f32", D: d, V: d},
			generated.AttentionStream: generated.AttentionStreamKey{KV: "f32", D: kernel.Is(d), Lanes: "parts"},
			generated.AttentionLanes:  generated.AttentionLanesKey{KV: "f32", D: d, G: 4},
		}
	}
	return map[*kernel.Table]op.Key{
		generated.AttentionTile:   generated.AttentionTileKey{KV: "f32", D: d, V: d},
		generated.AttentionStream: generated.AttentionStreamKey{KV: "f32", D: kernel.Is(d), Lanes: "queries"},
	}
}

// TestForcedAttention forces every shipped kernel of attention, by a profile, on
// devices of all kinds. A device that can't run it, or is not of the kind that it
// is for, gets what it gets without the profile.
func TestForcedAttention(t *testing.T) {
	device := func(kind gpu.Kind, change func(*gpu.Caps)) gpu.Caps {
		c := gpu.Caps{Kind: kind, Limits: gpu.DefaultLimits()}
		change(&c)
		return c
	}
	taken, refused := map[string]int{}, 0
	for name, caps := range map[string]gpu.Caps{
		"least":        device(gpu.KindIntegrated, func(*gpu.Caps) {}),
		"small groups": device(gpu.KindIntegrated, func(c *gpu.Caps) { c.Limits.MaxInvocations, c.Limits.MaxWorkgroupStorage = 32, 1024 }),
		"software":     device(gpu.KindSoftware, func(*gpu.Caps) {}),
		"everything": device(gpu.KindDiscrete, func(c *gpu.Caps) {
			c.Features = gpu.Features{F16: true, Subgroups: true, SubgroupMin: 32, SubgroupMax: 64, DP4A: true}
			c.Limits.MaxWorkgroupStorage, c.Limits.MaxInvocations = 64<<10, 1024
		}),
	} {
		plain, forced := op.Describe(caps), op.Describe(caps)
		for _, tokens := range []int{1, 40} {
			untuned := attentionOf(t, plain, tokens)
			for table, key := range kernelsOfAttention(tokens) {
				for _, v := range table.Variants {
					if !matching(v.Key, key.Values()) {
						continue
					}
					sizes := map[string]uint32{"tokens": uint32(tokens), "heads": 8, "kv_heads": 2, "head_dim": 64}
					forced.Use(&profile.Profile{Choices: []profile.Choice{{Kernel: table.Kernel, Key: key.Values(), Sizes: sizes, Variant: v.Name}}})
					s := attentionOf(t, forced, tokens)
					want := v
					if plain.Refuses(v, s.words) != "" || table == generated.AttentionLanes && !plain.Software() {
						refused++
						want = untuned.variant
					} else {
						taken[table.Kernel]++
					}
					if s.variant != want {
						t.Errorf("%s, %d tokens, with %s chosen: takes %s, want %s", name, tokens, v.Name, s.variant.Name, want.Name)
					}
				}
			}
		}
	}
	if len(taken) < 3 || refused == 0 {
		t.Errorf("variants taken %v, %d refused", taken, refused)
	}
}

func matching(have, want []string) bool {
	for i, w := range want {
		if w != "" && w != have[i] {
			return false
		}
	}
	return true
}

// The nearest choice decides between kernels, and each step knows the others.
func TestAttentionTakesTheNearestChoice(t *testing.T) {
	l := op.Describe(gpu.Caps{Kind: gpu.KindDiscrete, Limits: gpu.DefaultLimits()})
	for _, tokens := range []int{1, 40} {
		var choices []profile.Choice
		for table, key := range kernelsOfAttention(tokens) {
			if table == generated.AttentionLanes {
				continue // is for software devices
			}
			heads := uint32(8)
			if table == generated.AttentionStream {
				heads = 16
			}
			v, err := l.Find(table, key, nil)
			if err != nil {
				t.Fatal(err)
			}
			choices = append(choices, profile.Choice{
				Kernel: table.Kernel, Key: key.Values(), Sizes: map[string]uint32{"tokens": uint32(tokens), "heads": heads, "kv_heads": 2}, Variant: v.Name,
			})
		}
		near := op.Describe(gpu.Caps{Kind: gpu.KindDiscrete, Limits: gpu.DefaultLimits()})
		near.Use(&profile.Profile{Choices: choices})
		s := attentionOf(t, near, tokens)
		if s.table == generated.AttentionStream {
			t.Errorf("%d tokens: %s, whose choice is for twice as many heads", tokens, s.variant.Name)
		}
		near.Use(&profile.Profile{Choices: slices.DeleteFunc(choices, func(c profile.Choice) bool { return c.Kernel != "attention_stream" })})
		s = attentionOf(t, near, tokens)
		if s.table != generated.AttentionStream {
			t.Errorf("%d tokens: %s, though another kernel was chosen", tokens, s.variant.Name)
		}
		if len(s.others) != 1 || s.others[0].Table == s.table || s.others[0].Apart != (tokens == 1) {
			t.Errorf("%d tokens: alternatives %+v", tokens, s.others)
		}
	}
}
