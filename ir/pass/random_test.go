package pass_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/wgslgen/wgslgen/internal/kerneltest"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/interp"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// TestPipelineKeepsMeaning compares random kernels as written with what the
// passes make of them when some of their loops are unrolled.
func TestPipelineKeepsMeaning(t *testing.T) {
	for seed := range uint64(200) {
		source := func(loop string) string { return kerneltest.RandomKernel(rand.New(rand.NewPCG(seed, 0)), loop) }
		k := parse(t, txtar.File{Name: "plain.wk", Data: []byte(source("for"))}).Kernels()[0]
		if err := ir.Check(k); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, source("for"))
		}
		lib := parse(t, txtar.File{Name: "unrolled.wk", Data: []byte(source("unroll"))})
		u, err := pass.Compile(lib, lib.Kernels()[0], ir.Point{}, "")
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, source("unroll"))
		}
		if diff := cmp.Diff(run(t, k), run(t, u.Kernel)); diff != "" {
			t.Fatalf("seed %d: (-plain +compiled)\n%s\n%s\n%s", seed, diff, source("unroll"), ir.FormatKernel(u.Kernel))
		}
	}
}

// run interprets a random kernel, of which the passes may have dropped x.
func run(t *testing.T, k *ir.Kernel) []uint32 {
	t.Helper()
	p, err := interp.Compile(k)
	if err != nil {
		t.Fatalf("%v\n%s", err, ir.FormatKernel(k))
	}
	buffers := map[string][]uint32{}
	for _, b := range k.Bindings {
		buffers[b.Name] = map[string][]uint32{"x": {3, 1 << 31, 0, 77, 1, 1<<32 - 1, 12, 5}, "y": make([]uint32, 32)}[b.Name]
	}
	if err := p.Run(interp.Call{Params: []uint32{0x9e3779b9, 6}, Buffers: buffers}); err != nil {
		t.Fatalf("%v\n%s", err, ir.FormatKernel(k))
	}
	return buffers["y"]
}
