package engine

import (
	"testing"

	"github.com/wgslgen/wgslgen/runtime/catalogue"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/synthetic"
)

// Every model of the catalogue can be planned, on hardware and in software, and
// its weights take about what its file does: some formats pad their blocks.
func TestCatalogueCanBePlanned(t *testing.T) {
	limits := gpu.DefaultLimits()
	limits.MaxBufferSize, limits.MaxStorageBinding = 4<<30, 2<<30
	limits.MaxStorageBuffers, limits.MaxWorkgroupStorage = 16, 32768
	mix, err := catalogue.ParseMixture("q4_k_m")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []gpu.Kind{gpu.KindDiscrete, gpu.KindSoftware} {
		for i := range catalogue.Models {
			m := &catalogue.Models[i]
			f, err := synthetic.Open(m.Name + ":q4_k_m")
			if err != nil {
				t.Fatal(err)
			}
			p, err := Plan(gpu.Caps{Kind: kind, Limits: limits}, f, Options{Context: 1024, KV: "f16", Memory: 1 << 50})
			switch {
			case err != nil:
				t.Errorf("%s on a %s device: %v", m.Name, kind, err)
			case p.Refusal != "":
				t.Errorf("%s on a %s device: %s", m.Name, kind, p.Refusal)
			case float64(p.Weights) < 0.99*float64(m.FileBytes(mix)) || float64(p.Weights) > 1.05*float64(m.FileBytes(mix)):
				t.Errorf("%s on a %s device: %d bytes of weights, its file has %d", m.Name, kind, p.Weights, m.FileBytes(mix))
			case float64(p.Cache) != 1024*m.KVBytes(2):
				t.Errorf("%s on a %s device: a cache of %d bytes, %.0f expected", m.Name, kind, p.Cache, 1024*m.KVBytes(2))
			}
		}
	}
}
