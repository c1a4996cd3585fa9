package op_test

import (
	"fmt"
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// values is a key of any kernel.
type values []string

func (v values) Values() []string { return v }

// devices are made up: from what WebGPU promises, and less, to much more.
func devices() map[string]gpu.Caps {
	least := gpu.Caps{Name: "least", Kind: gpu.KindIntegrated, Limits: gpu.DefaultLimits()}
	all := map[string]gpu.Caps{"least": least}
	with := func(name string, change func(*gpu.Caps)) {
		c := least
		change(&c)
		all[name] = c
	}
	with("compatibility mode", func(c *gpu.Caps) {
		c.Limits.MaxInvocations, c.Limits.MaxStorageBuffers, c.Limits.MaxUniformBinding = 128, 4, 16<<10
	})
	with("small groups", func(c *gpu.Caps) { c.Limits.MaxInvocations, c.Limits.MaxWorkgroupStorage = 32, 1024 })
	with("software", func(c *gpu.Caps) { c.Kind = gpu.KindSoftware })
	with("narrow subgroups", func(c *gpu.Caps) {
		c.Features = gpu.Features{F16: true, Subgroups: true, SubgroupMin: 4, SubgroupMax: 8}
	})
	with("everything", func(c *gpu.Caps) {
		c.Kind, c.Features = gpu.KindDiscrete, gpu.Features{F16: true, Subgroups: true, SubgroupMin: 32, SubgroupMax: 64, DP4A: true}
		c.Limits.MaxWorkgroupStorage, c.Limits.MaxInvocations, c.Limits.MaxStorageBuffers = 64<<10, 1024, 16
	})
	return all
}

// TestForcedProfile forces every shipped variant, by a profile, on devices of
// all kinds. What a device can't run it never gets: it falls back to what it
// gets without the profile.
func TestForcedProfile(t *testing.T) {
	for name, caps := range devices() {
		plain, forced := op.Describe(caps), op.Describe(caps)
		taken, refused := 0, 0
		for _, table := range generated.Tables {
			for _, v := range table.Variants {
				for _, size := range []uint32{64, 40000} {
					words, sizes := make([]uint32, len(table.Params)), map[string]uint32{}
					for i, p := range table.Params {
						words[i], sizes[p.Name] = size, size
					}
					forced.Use(&profile.Profile{Choices: []profile.Choice{{Kernel: table.Kernel, Key: v.Key, Sizes: sizes, Variant: v.Name}}})
					got, err := forced.Find(table, values(v.Key), words)
					if plain.Refuses(v, words) == "" {
						taken++
						if got != v {
							t.Errorf("%s: %s is not taken: %v, %v", name, v.Name, got, err)
						}
						continue
					}
					refused++
					want, wantErr := plain.Find(table, values(v.Key), words)
					if got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
						t.Errorf("%s: for %s: %v, %v; without the profile %v, %v", name, v.Name, got, err, want, wantErr)
					}
				}
			}
		}
		if taken == 0 || refused == 0 {
			t.Errorf("%s: %d variants taken, %d refused", name, taken, refused)
		}
	}
}

// TestForcedVariant forces a variant that travels in a profile and asks more
// than any device has.
func TestForcedVariant(t *testing.T) {
	number := func(n uint64) kernel.Expr { return kernel.Expr{Number: n} }
	table := generated.Argmax
	huge := &kernel.Portable{
		Kernel: table.Kernel, Name: "huge", Entry: "argmax", Key: table.Variants[0].Key, WGSL: "…", Workgroup: 4096,
		SharedBytes: 1 << 20, Features: []string{"telepathy"}, Grid: [3]kernel.Expr{number(1), number(1), number(1)},
	}
	p := &profile.Profile{
		Choices:  []profile.Choice{{Kernel: table.Kernel, Key: make([]string, len(table.Axes)), Variant: "huge"}},
		Variants: []*kernel.Portable{huge},
	}
	for name, caps := range devices() {
		plain, forced := op.Describe(caps), op.Describe(caps)
		forced.Use(p)
		key, words := make(values, len(table.Axes)), make([]uint32, len(table.Params))
		want, wantErr := plain.Find(table, key, words)
		if got, err := forced.Find(table, key, words); got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%s: %v, %v; without the profile %v, %v", name, got, err, want, wantErr)
		}
	}
}
