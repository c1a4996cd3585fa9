package plan

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/op"
)

// Tiers says which kernels a device gets, for people to read.
type Tiers struct {
	Ship    string `json:"ship"`    // the kernels' family: software or gpu
	Prefill string `json:"prefill"` // attention of many queries, heads of 64
	Decode  string `json:"decode"`  // attention of one query, heads of 64
}

// TiersOf returns what a device with such capabilities gets.
func TiersOf(caps gpu.Caps) Tiers {
	l := op.Describe(caps)
	t := Tiers{Ship: "gpu", Prefill: "stream, no shared memory", Decode: "stream, no shared memory"}
	if l.Software() {
		t.Ship, t.Decode = "software", "keys dealt out, heads packed"
		return t
	}
	for _, tier := range []string{"small", "large"} {
		if l.Has(generated.AttentionTile, generated.AttentionTileKey{Tier: tier, KV: "f32", D: 64, V: 64}) {
			t.Prefill = "tile, " + tier + " shared memory"
		}
	}
	if l.Has(generated.AttentionSplit, generated.AttentionSplitKey{KV: "f32", D: 64, V: 64}) {
		t.Decode = "split over the cache, heads packed"
	}
	return t
}
