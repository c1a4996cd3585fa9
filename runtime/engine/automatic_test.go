package engine

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// TestAutomaticPaging loads a mixture of experts into less memory than it takes,
// and leaves it to the engine how many experts the device holds: as many as fit.
func TestAutomaticPaging(t *testing.T) {
	dev := openDevice(t)
	path := filepath.Join(shared.Path(t, "oracle", "qwen3moe"), "model-Q4_0.gguf")
	ids := []int32{5, 99, 7, 300, 12, 13}
	whole := load(t, dev, path, Options{Context: 16})
	all, want := whole.memory.Bytes(), allLogits(t, whole, ids, []int{4, 1})
	whole.Close()

	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	experts := 0
	bytes := map[int]int64{} // that so many slots take
	for slots := 1; ; slots++ {
		p, err := Plan(dev.Caps(), f, Options{Context: 16, ExpertSlots: slots})
		if err != nil {
			t.Fatal(err)
		}
		if p.ExpertSlots == 0 {
			break // all are held
		}
		bytes[slots], experts = p.Total, p.Experts
	}
	if experts < 4 || len(bytes) != experts-1 || bytes[1] >= bytes[experts-1] || bytes[experts-1] >= all {
		t.Fatalf("%d experts; slots take %v bytes, all of them %d", experts, bytes, all)
	}
	for memory, slots := range map[int64]int{
		all: 0, all - 1: experts - 1, bytes[experts-1]: experts - 1, bytes[3] + 1: 3, bytes[3]: 3, bytes[3] - 1: 2, bytes[1]: 1,
	} {
		p, err := Plan(dev.Caps(), f, Options{Context: 16, Memory: memory})
		if err != nil || p.Refusal != "" || p.ExpertSlots != slots || p.Total > memory {
			t.Errorf("%d bytes: %+v, %v; want %d slots", memory, p, err, slots)
		}
	}
	for _, memory := range []int64{all - 1, bytes[2]} {
		e, err := Load(context.Background(), dev, f, Options{Context: 16, Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		equalBits(t, allLogits(t, e, ids, []int{4, 1}), want)
		if now, _ := dev.MemoryUse(); now > memory || e.pager == nil || e.weights.Traffic().Misses == 0 {
			t.Errorf("%d bytes in use of %d, %+v", now, memory, e.weights.Traffic())
		}
		e.Close()
	}
	if _, err := Load(context.Background(), dev, f, Options{Context: 16, Memory: bytes[1] - 1}); err == nil || !strings.Contains(err.Error(), "expert cache") {
		t.Errorf("error %v with too little memory for one expert a layer", err)
	}
}

// Slots for experts make no sense where there are none.
func TestSlotsOfDense(t *testing.T) {
	_, err := Load(context.Background(), openDevice(t), tiny(t, 64, nil), Options{ExpertSlots: 2})
	if err == nil || !strings.Contains(err.Error(), "2 slots for experts: the model has no experts") {
		t.Errorf("error %v", err)
	}
}
