//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

func TestMemoryIsReused(t *testing.T) {
	d := open(t)
	first, err := d.NewBuffer("first", 1000, gpu.Storage)
	if err != nil {
		t.Fatal(err)
	}
	raw := first.(*buffer).mem.raw
	first.Release()
	if held := d.memory.Held(); held != 1024 {
		t.Errorf("the pool holds %d bytes, want 1024", held)
	}
	uniform, _ := d.NewBuffer("uniform", 1000, gpu.Uniform)
	second, _ := d.NewBuffer("second", 1020, gpu.Storage)
	if uniform.(*buffer).mem.raw == raw || second.(*buffer).mem.raw != raw {
		t.Error("memory went to a buffer of another usage, or not to one of its own")
	}
}

// TestPoolIsBounded releases more than a device may keep.
func TestPoolIsBounded(t *testing.T) {
	d := open(t)
	for i := range int64(6) {
		b, err := d.NewBuffer("large", 60<<20+i*4096, gpu.Storage)
		if err != nil {
			t.Fatal(err)
		}
		b.Release()
	}
	if held := d.memory.Held(); held > keepMemory || held < keepMemory/2 {
		t.Errorf("the pool holds %d bytes, want at most %d and most of it", held, keepMemory)
	}
	if !d.reclaim() || d.memory.Held() != 0 {
		t.Errorf("after reclaim the pool holds %d bytes", d.memory.Held())
	}
	works(t, d)
}

// TestAbandonedReadbacks: those that nobody waits for share a few buffers.
func TestAbandonedReadbacks(t *testing.T) {
	d := open(t)
	b, err := d.NewBuffer("b", 4096, gpu.Storage)
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 200 {
		r, err := d.StartRead(b, 0, 4096)
		if err != nil {
			t.Fatal(err)
		}
		r.Wait(over)
		if err := d.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(d.abandoned); n != 1 {
		t.Errorf("%d abandoned readbacks are left, want the last", n)
	}
	if held := d.staging.Held(); held > 4*4096 {
		t.Errorf("%d bytes of staging memory for one readback at a time", held)
	}
}

func TestSubmitAllocatesNothing(t *testing.T) {
	d, list := bench(t, 1000)
	n := testing.AllocsPerRun(10, func() {
		if err := d.Submit(list); err != nil {
			t.Fatal(err)
		}
	})
	if n > 100 { // a few belong to the submission
		t.Errorf("%v allocations for 1000 dispatches", n)
	}
}

// TestCancelLongWork: a context ends a wait for work that goes on, and the wait
// after it lasts until that work is done.
func TestCancelLongWork(t *testing.T) {
	d := open(t)
	p, err := d.NewPipeline(gpu.PipelineDesc{Label: "long", Entry: "main", Bindings: []gpu.Access{gpu.ReadWrite}, WGSL: `
@group(0) @binding(0) var<storage, read_write> a: array<atomic<u32>>;
@compute @workgroup_size(1) fn main() { for (var i = 0u; i < 50000u; i++) { atomicAdd(&a[0], 1u); } }`})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := d.NewBuffer("a", 4, gpu.Storage)
	g, err := d.NewBindGroup(p, "g", []gpu.BufferRange{{Buffer: b}})
	if err != nil {
		t.Fatal(err)
	}
	const groups = 500
	if err := d.Submit(gpu.CommandList{{Pipeline: p, BindGroup: g, Grid: [3]uint32{groups, 1, 1}}}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err = d.Wait(soon)
	if took := time.Since(start); took > time.Second {
		t.Errorf("a wait of 20 ms took %v", took)
	}
	t.Logf("after 20 ms: %v", err) // a fast GPU is done by then
	if err := d.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d.finished != d.submitted {
		t.Errorf("%d of %d submissions are finished after Wait", d.finished, d.submitted)
	}
	r, err := d.StartRead(b, 0, 4)
	if err != nil {
		t.Fatal(err)
	}
	data, err := r.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24; got != groups*50000 {
		t.Errorf("counted to %d, want %d", got, groups*50000)
	}
}

// TestGoroutines: devices leave none behind, open or closed.
func TestGoroutines(t *testing.T) {
	needAdapter(t)
	before := runtime.NumGoroutine()
	for range 5 {
		d, err := Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		works(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		d.Wait(ctx)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	// One that has handed over its result may still be ending, and those of
	// earlier tests may end meanwhile.
	after := runtime.NumGoroutine()
	for end := time.Now().Add(5 * time.Second); after > before && time.Now().Before(end); after = runtime.NumGoroutine() {
		time.Sleep(time.Millisecond)
	}
	if after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}
