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
