package engine

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// rounds is how often a test of leaks loads a model.
const rounds = 50

// usage is what a process holds.
type usage struct {
	device     int64
	heap       uint64
	goroutines int
}

func usageOf(dev gpu.Device) usage {
	runtime.GC()
	runtime.GC() // what finalizers let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	now, _ := dev.MemoryUse()
	return usage{now, m.HeapAlloc, runtime.NumGoroutine()}
}

// heapSlack is what the heap may grow by in all rounds together: less than 4 KiB a
// round, where a model's smallest buffer of parameters has more.
const heapSlack = 4 << 10 * rounds

// TestLeaks loads models, generates and closes them, over and over: afterwards
// the process holds what it held after the first time.
func TestLeaks(t *testing.T) {
	dev := openDevice(t)
	for _, test := range []struct {
		name, path string
		o          Options
	}{
		{"dense", filepath.Join("models", "tale", "tale-2m-q8_0.gguf"), Options{Context: 32, Chunk: 4}},
		{"paged", filepath.Join("oracle", "mixtral", "model-Q4_K.gguf"), Options{Context: 32, Chunk: 4, ExpertSlots: 1}},
		{"latent attention", filepath.Join("oracle", "deepseek2", "model-Q4_K.gguf"), Options{Context: 32, Chunk: 4, KV: "q8_0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := shared.Path(t, test.path)
			var first usage
			for i := range rounds {
				once(t, dev, path, test.o)
				if i == 0 {
					first = usageOf(dev)
				}
			}
			last := usageOf(dev)
			for end := time.Now().Add(5 * time.Second); last.goroutines > first.goroutines && time.Now().Before(end); last = usageOf(dev) {
				time.Sleep(time.Millisecond) // one that has handed over its result may still be ending
			}
			t.Logf("%+v after one round, %+v after %d", first, last, rounds)
			if last.device != first.device {
				t.Errorf("%d bytes of the device are not given back", last.device-first.device)
			}
			if last.heap > first.heap+heapSlack {
				t.Errorf("%d bytes of the heap are not given back", last.heap-first.heap)
			}
			if last.goroutines > first.goroutines {
				t.Errorf("%d goroutines do not end", last.goroutines-first.goroutines)
			}
		})
	}
}

// once loads a model, lets it read a chunk and generate, and closes it.
func once(t *testing.T, dev gpu.Device, path string, o Options) {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e, err := Load(context.Background(), dev, f, o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	generate(t, e.NewSession(), []int32{1, 2, 3, 4, 5}, Generation{Tokens: 3})
}
