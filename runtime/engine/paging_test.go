package engine

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// loadPaged loads a model whose file stays open for the length of a test.
func loadPaged(t testing.TB, dev gpu.Device, path string, o Options) *Engine {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	e, err := Load(context.Background(), dev, f, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if e.ExpertSlots() != o.ExpertSlots {
		t.Fatalf("%d slots for experts, want %d", e.ExpertSlots(), o.ExpertSlots)
	}
	return e
}

// TestPaged runs the mixtures of experts of the reference data with room for
// few experts, and compares every bit of the logits with those of the whole model.
func TestPaged(t *testing.T) {
	dev := openDevice(t)
	for name, used := range map[string]int{
		"mixtral": 2, "qwen2moe": 4, "qwen3moe": 4, "deepseek": 3, "deepseek2": 4, "gpt-oss": 4,
	} {
		dir := shared.Path(t, "oracle", name)
		models, err := filepath.Glob(filepath.Join(dir, "model-*.gguf"))
		if err != nil || len(models) == 0 {
			t.Fatalf("%s: no models (%v)", dir, err)
		}
		t.Run(name, func(t *testing.T) {
			ids := readOracle(t, dir).tokens
			for _, path := range models {
				testPaged(t, dev, path, ids, slices.Compact([]int{used, 2, 1})...)
			}
		})
	}
}

// testPaged compares the model in a file with itself, with so many slots.
func testPaged(t *testing.T, dev gpu.Device, path string, ids []int32, slots ...int) {
	chunks := []struct {
		name  string
		sizes []int
	}{{"prefill", nil}, {"uneven chunks", []int{7, 1, 13, 2, 5}}, {"step by step", []int{1}}}
	whole := load(t, dev, path, Options{Context: len(ids)})
	var want [][]float32
	for _, c := range chunks {
		want = append(want, allLogits(t, whole, ids, c.sizes))
	}
	whole.Close()
	for _, n := range slots {
		paged := loadPaged(t, dev, path, Options{Context: len(ids), ExpertSlots: n})
		for i, c := range chunks {
			t.Run(fmt.Sprintf("%s/%d slots/%s", filepath.Base(path), n, c.name), func(t *testing.T) {
				before := paged.weights.Traffic()
				equalBits(t, allLogits(t, paged, ids, c.sizes), want[i])
				x := paged.weights.Traffic().Sub(before)
				t.Logf("%+v", x)
				if x.Hits < 0 || x.Misses == 0 || x.Useful > x.Fetched || x.Bytes == 0 {
					t.Error("that makes no sense")
				}
			})
		}
		paged.Close()
	}
}

func equalBits(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("value %d is %g, want %g to the bit", i, got[i], want[i])
		}
	}
}

// copyOf returns a copy of a file that a test may damage.
func copyOf(t *testing.T, path string) string {
	t.Helper()
	from, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(filepath.Join(t.TempDir(), "model.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Name()
}

// TestPagedReadFails takes the file away from a model that needs it.
func TestPagedReadFails(t *testing.T) {
	dev := openDevice(t)
	original := filepath.Join(shared.Path(t, "oracle", "mixtral"), "model-Q4_K.gguf")
	for name, takeAway := range map[string]func(*gguf.File, string) error{
		"closed": func(f *gguf.File, _ string) error { return f.Close() },
		"cut":    func(_ *gguf.File, path string) error { return os.Truncate(path, 1<<12) },
	} {
		t.Run(name, func(t *testing.T) {
			path := copyOf(t, original)
			f, err := gguf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			e, err := Load(context.Background(), dev, f, Options{Context: 64, ExpertSlots: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			generate(t, e.NewSession(), []int32{1, 2, 3}, Generation{Tokens: 3})
			if err := takeAway(f, path); err != nil {
				t.Fatal(err)
			}
			err = e.NewSession().Logits(context.Background(), []int32{4, 5, 6, 7}, nil, func(int, []float32) error { return nil })
			if err == nil {
				t.Fatal("experts came from nowhere")
			}
			t.Log(err)
		})
	}
}
