//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"errors"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

func TestAdapters(t *testing.T) {
	needAdapter(t)
	all, err := Adapters()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range all {
		if i > 0 && rank(all[i-1].Kind) > rank(c.Kind) {
			t.Errorf("%s (%s) comes after %s (%s)", c.Name, c.Kind, all[i-1].Name, all[i-1].Kind)
		}
	}
	d, err := Open(Options{Adapter: strings.ToUpper(all[0].Name[:4])})
	if err != nil {
		t.Fatal(err)
	}
	got := d.Caps()
	if s := got.Features; s.Subgroups != (s.SubgroupMin > 0) || s.SubgroupMin > s.SubgroupMax {
		t.Errorf("subgroups of an open device: %+v", s)
	}
	got.Features.SubgroupMin, got.Features.SubgroupMax = 0, 0
	if got != all[0] {
		t.Errorf("opened %+v, want %+v", got, all[0])
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	_, err = Open(Options{Adapter: "no such adapter"})
	if !errors.Is(err, gpu.ErrNoAdapter) || !strings.Contains(err.Error(), all[0].Name) {
		t.Errorf("opening an unknown adapter: %v, want %v with the names of those that exist", err, gpu.ErrNoAdapter)
	}
}
