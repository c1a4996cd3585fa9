//go:build js && wasm

package web

import (
	"errors"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// TestLost destroys a device as a page or the browser may, behind the package's
// back, with work and a readback under way.
func TestLost(t *testing.T) {
	before, d := open(t), open(t)
	p, err := d.NewPipeline(incrementDesc())
	if err != nil {
		t.Fatal(err)
	}
	b, _ := d.NewBuffer("b", 16, gpu.Storage)
	g, err := d.NewBindGroup(p, "g", []gpu.BufferRange{{Buffer: b}})
	if err != nil {
		t.Fatal(err)
	}
	list := gpu.CommandList{{Pipeline: p, BindGroup: g, Grid: [3]uint32{1, 1, 1}}}
	if err := d.Submit(list); err != nil {
		t.Fatal(err)
	}
	pending, err := d.StartRead(b, 0, 16)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.player.call("close"); err != nil {
		t.Fatal(err)
	}
	waitErr := d.Wait(t.Context())
	_, readErr := pending.Wait(t.Context())
	_, bufferErr := d.NewBuffer("late", 4, gpu.Storage)
	_, pipelineErr := d.NewPipeline(incrementDesc())
	_, groupErr := d.NewBindGroup(p, "late", []gpu.BufferRange{{Buffer: b}})
	_, startErr := d.StartRead(b, 0, 4)
	_, timeErr := d.Time(t.Context(), list)
	for doing, err := range map[string]error{
		"Wait":          waitErr,
		"Readback.Wait": readErr,
		"NewBuffer":     bufferErr,
		"NewPipeline":   pipelineErr,
		"NewBindGroup":  groupErr,
		"StartRead":     startErr,
		"Time":          timeErr,
		"Write":         d.Write(b, 0, make([]byte, 4)),
		"Submit":        d.Submit(list),
		"Err":           d.Err(),
	} {
		if !errors.Is(err, gpu.ErrLost) {
			t.Errorf("%s of a lost device: %v, want %v", doing, err, gpu.ErrLost)
		}
	}
	b.Release()
	g.Release()
	p.Release()
	if now, _ := d.MemoryUse(); now != 0 {
		t.Errorf("%d bytes in use after all were released", now)
	}
	if err := d.Close(); err != nil {
		t.Errorf("closing a lost device: %v", err)
	}
	works(t, before)
	works(t, open(t))
}

// TestLostWhileCompiling: whoever waits for a pipeline hears of it too.
func TestLostWhileCompiling(t *testing.T) {
	d := open(t)
	failed := make(chan error)
	go func() {
		_, err := d.NewPipeline(incrementDesc())
		failed <- err
	}()
	if _, err := d.player.call("close"); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, gpu.ErrLost) {
		t.Errorf("compiling: %v, want %v", err, gpu.ErrLost)
	}
}

// TestUncapturedError makes a bind group that the checks would have refused:
// nobody waits for what the browser says of it.
func TestUncapturedError(t *testing.T) {
	d := open(t)
	b, err := d.NewBuffer("b", 16, gpu.Uniform)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.player.call("group", "r", b.(*buffer).mem.number, 0, 16); err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Err(); err == nil || !strings.Contains(err.Error(), "GPUValidationError") {
		t.Errorf("Err: %v, want what the browser said", err)
	}
	if err := d.Err(); err != nil {
		t.Errorf("Err once more: %v", err)
	}
	works(t, d)
}

// TestThrown: what JavaScript throws is an error.
func TestThrown(t *testing.T) {
	d := open(t)
	if _, err := d.player.call("drop", 1<<20); err == nil || !strings.Contains(err.Error(), "TypeError") {
		t.Errorf("dropping no object: %v, want a TypeError", err)
	}
	works(t, d)
}
