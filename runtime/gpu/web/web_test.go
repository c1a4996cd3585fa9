//go:build js && wasm

package web

import (
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/gputest"
)

func open(t testing.TB) *device {
	t.Helper()
	d, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d.(*device)
}

func TestConformance(t *testing.T) {
	gputest.Run(t, Open)
}

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
