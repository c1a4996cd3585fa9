package bench

import (
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// discrete is a device that claims to be a discrete GPU, so that its decode
// steps split the cache.
type discrete struct{ gpu.Device }

func (d discrete) Caps() gpu.Caps {
	caps := d.Device.Caps()
	caps.Kind = gpu.KindDiscrete
	return caps
}

// Splits that a search may not try, since buffers depend on them, are there for
// whole runs to try, and the engine takes the one that a profile chooses.
func TestSplits(t *testing.T) {
	b, _ := openOn(t, "attention_split", func() (gpu.Device, error) {
		dev, err := native.Open(native.Options{})
		if err != nil {
			return nil, err
		}
		return discrete{dev}, nil
	})
	g := b.groups[0]
	for _, c := range g.candidates {
		if c.point[splitAxis] != g.candidates[0].point[splitAxis] {
			t.Errorf("a search would try the split %v", c.point[splitAxis])
		}
	}
	p := b.NewProfile()
	candidates, err := b.splits(t.Context(), p, g)
	if err != nil || len(candidates) < 2 {
		t.Fatalf("%d candidates, %v", len(candidates), err)
	}
	for i, c := range candidates {
		with, err := b.replaced(p, g, c)
		if err != nil {
			t.Fatal(err)
		}
		v := profile.NewChooser(with).Variant(g.table, g.key, g.trials[0].Words)
		if v == nil || len(with.Choices) != 1 || i > 0 && c.point[splitAxis] == candidates[0].point[splitAxis] {
			t.Errorf("split %v: %v, chosen %+v", c.point[splitAxis], v, with.Choices)
		}
	}
	if err := b.TuneSplits(t.Context(), p, time.Now()); err != nil || len(p.Choices) != 0 {
		t.Errorf("without time: %v, choices %+v", err, p.Choices)
	}
}
