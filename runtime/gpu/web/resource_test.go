//go:build js && wasm

package web

import (
	"context"
	"errors"
	"math"
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
	number := first.(*buffer).mem.number
	first.Release()
	if held := d.memory.Held(); held != 1024 {
		t.Errorf("the pool holds %d bytes, want 1024", held)
	}
	uniform, _ := d.NewBuffer("uniform", 1000, gpu.Uniform)
	second, _ := d.NewBuffer("second", 1020, gpu.Storage)
	if uniform.(*buffer).mem.number == number || second.(*buffer).mem.number != number {
		t.Error("memory went to a buffer of another usage, or not to one of its own")
	}
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
	if n := len(d.abandoned); n > 2 {
		t.Errorf("%d abandoned readbacks are left", n)
	}
	if held := d.staging.Held(); held > 4*4096 {
		t.Errorf("%d bytes of staging memory for one readback at a time", held)
	}
}

// TestOutOfMemory asks for more than the browser has, with memory in the pool,
// which must go before it is told so.
func TestOutOfMemory(t *testing.T) {
	d := open(t)
	if d.caps.Kind != gpu.KindSoftware {
		t.Skip("a GPU's memory is not for a test to fill")
	}
	pooled, err := d.NewBuffer("pooled", 64<<20, gpu.Storage)
	if err != nil {
		t.Fatal(err)
	}
	pooled.Release()
	var made []gpu.Buffer
	for {
		b, err := d.NewBuffer("one of many", d.caps.Limits.MaxBufferSize, gpu.Storage)
		if errors.Is(err, gpu.ErrOutOfMemory) {
			break
		}
		if err != nil || len(made) > 1000 {
			t.Fatalf("buffer %d: %v, want %v", len(made), err, gpu.ErrOutOfMemory)
		}
		made = append(made, b)
	}
	if held := d.memory.Held(); held != 0 {
		t.Errorf("an allocation failed while the pool holds %d bytes", held)
	}
	for _, b := range made {
		b.Release()
	}
	if now, _ := d.MemoryUse(); now != 0 {
		t.Errorf("%d bytes in use", now)
	}
	works(t, d)
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

// TestNothingStays: devices leave no goroutines and no promises behind, and
// objects that are released leave their numbers to others.
func TestNothingStays(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 5 {
		d := open(t)
		for i := range 20 {
			b, err := d.NewBuffer("b", int64(300+600*i), gpu.Storage)
			if err != nil {
				t.Fatal(err)
			}
			r, err := d.StartRead(b, 0, 256)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			p, err := d.NewPipeline(incrementDesc())
			if err != nil {
				t.Fatal(err)
			}
			if n := p.(*pipeline).number; n > 100 {
				t.Fatalf("the pipeline has number %d", n)
			}
			p.Release()
			b.Release()
			d.mu.Lock()
			d.trim()
			d.mu.Unlock()
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		d.Wait(over)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	time.Sleep(10 * time.Millisecond) // for the last promises
	promises.mu.Lock()
	defer promises.mu.Unlock()
	if n := len(promises.all); n > 0 {
		t.Errorf("%d promises are left", n)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

// TestDispatchCost: playing a dispatch takes the processor half a microsecond at
// most. Others that use it meanwhile, as the browser's GPU process does, are left
// out by taking the best of many submissions.
func TestDispatchCost(t *testing.T) {
	const n = 10_000 // for the browser's clock is coarse
	d, list := bench(t, n)
	best := math.Inf(1)
	for range 40 {
		start := time.Now()
		if err := d.Submit(list); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start).Seconds()*1e6/n)
		if err := d.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%.2f µs a dispatch", best)
	if best > 0.5 {
		t.Errorf("%.2f µs a dispatch, want at most 0.5", best)
	}
}
