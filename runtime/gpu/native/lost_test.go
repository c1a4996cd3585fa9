//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"errors"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

const increment = `
@group(0) @binding(0) var<storage, read_write> a: array<u32>;
@compute @workgroup_size(1) fn main() { a[0] += 1u; }`

func incrementDesc() gpu.PipelineDesc {
	return gpu.PipelineDesc{Label: "increment", WGSL: increment, Entry: "main", Bindings: []gpu.Access{gpu.ReadWrite}}
}

// works checks that d computes.
func works(t *testing.T, d gpu.Device) {
	t.Helper()
	p, err := d.NewPipeline(incrementDesc())
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.NewBuffer("a", 4, gpu.Storage)
	if err != nil {
		t.Fatal(err)
	}
	g, err := d.NewBindGroup(p, "g", []gpu.BufferRange{{Buffer: b}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Submit(gpu.CommandList{{Pipeline: p, BindGroup: g, Grid: [3]uint32{1, 1, 1}}}); err != nil {
		t.Fatal(err)
	}
	r, err := d.StartRead(b, 0, 4)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := r.Wait(t.Context()); err != nil || data[0] != 1 {
		t.Fatalf("read %v, %v, want 1", data, err)
	}
}

// lose loses d as a driver would: what wgpu finds wrong during a submission makes
// it panic, here a buffer that was freed behind its back.
func lose(t *testing.T, d *device) gpu.CommandList {
	t.Helper()
	src, _ := d.NewBuffer("src", 16, gpu.Storage)
	dst, _ := d.NewBuffer("dst", 16, gpu.Storage)
	if err := src.(*buffer).mem.raw.Release(); err != nil {
		t.Fatal(err)
	}
	list := gpu.CommandList{{Copy: &gpu.Copy{Src: src, Dst: dst, Size: 4}}}
	if err := d.Submit(list); !errors.Is(err, gpu.ErrLost) || !strings.Contains(err.Error(), "submitting") {
		t.Fatalf("the submission that loses the device: %v, want %v", err, gpu.ErrLost)
	}
	return list
}

func TestLost(t *testing.T) {
	before, d := open(t), open(t)
	p, err := d.NewPipeline(incrementDesc())
	if err != nil {
		t.Fatal(err)
	}
	dst, _ := d.NewBuffer("dst", 16, gpu.Storage)
	g, err := d.NewBindGroup(p, "g", []gpu.BufferRange{{Buffer: dst}})
	if err != nil {
		t.Fatal(err)
	}
	texels, err := d.NewBuffer("texels", 16, gpu.Texels16)
	if err != nil {
		t.Fatal(err)
	}
	pending, err := d.StartRead(dst, 0, 16)
	if err != nil {
		t.Fatal(err)
	}
	list := lose(t, d)
	_, bufferErr := d.NewBuffer("late", 4, gpu.Storage)
	_, texelsErr := d.NewBuffer("late", 4, gpu.Texels4)
	_, pipelineErr := d.NewPipeline(incrementDesc())
	_, groupErr := d.NewBindGroup(p, "late", []gpu.BufferRange{{Buffer: dst}})
	_, startErr := d.StartRead(dst, 0, 4)
	_, readErr := pending.Wait(t.Context())
	for doing, err := range map[string]error{
		"NewBuffer":     bufferErr,
		"of texels":     texelsErr,
		"NewPipeline":   pipelineErr,
		"NewBindGroup":  groupErr,
		"StartRead":     startErr,
		"Readback.Wait": readErr,
		"Write":         d.Write(dst, 0, make([]byte, 4)),
		"to texels":     d.Write(texels, 0, make([]byte, 16)),
		"Submit":        d.Submit(list),
		"Wait":          d.Wait(t.Context()),
		"Err":           d.Err(),
	} {
		if !errors.Is(err, gpu.ErrLost) {
			t.Errorf("%s of a lost device: %v, want %v", doing, err, gpu.ErrLost)
		}
	}
	dst.Release()
	texels.Release()
	g.Release()
	p.Release()
	list[0].Copy.Src.Release()
	list[0].Copy.Dst.Release()
	if now, _ := d.MemoryUse(); now != 0 {
		t.Errorf("%d bytes in use after all were released", now)
	}
	if err := d.Close(); err != nil {
		t.Errorf("closing a lost device: %v", err)
	}
	works(t, before)
	works(t, open(t))
}

// TestCompilerPanic compiles a shader at which naga panics.
func TestCompilerPanic(t *testing.T) {
	d := open(t)
	_, err := d.NewPipeline(gpu.PipelineDesc{Label: "deadly", Entry: "main", Bindings: []gpu.Access{gpu.ReadWrite}, WGSL: `
@group(0) @binding(0) var<storage, read_write> a: array<f32>;
fn f(p: ptr<function, f32>) -> f32 { return *p; }
@compute @workgroup_size(1) fn main() { var x = array<f32, 4>(1.0, 2.0, 3.0, 4.0); a[0] = f(&x[2]); }`})
	if !errors.Is(err, gpu.ErrLost) || !strings.Contains(err.Error(), "deadly") {
		t.Errorf("got %v, want %v with the label", err, gpu.ErrLost)
	}
	works(t, open(t))
}
