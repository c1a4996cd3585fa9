package kerneltest

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

// TestRandomKernels compares what a device makes of the WGSL of random kernels
// with what the interpreter makes of the kernels.
func TestRandomKernels(t *testing.T) {
	device := openDevice(t)
	for i := range uint64(40) {
		source := RandomKernel(rand.New(rand.NewPCG(seed(), i)), "unroll")
		f, err := syntax.Parse("random.wk", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		lib := &ir.Library{Files: []*ir.File{f}}
		v, err := Compile(lib, lib.Kernel("random"), nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		g := &generator{Rand: rand.New(rand.NewPCG(seed(), i)), Variant: v}
		c := g.add()
		c.size("a", int(g.Uint32()))
		c.size("b", g.IntN(9))
		for _, b := range v.Unit.Kernel.Bindings { // the passes may have dropped x
			if b.Name == "x" {
				c.words("x", 3, 1<<31, 0, 77, 1, 1<<32-1, 12, 5)
			}
		}
		c.output("y", 32)
		want, err := c.Interpret(limited(1))
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		shader, err := NewShader(device, v)
		if err != nil {
			t.Fatalf("%v\n%s", err, v.module.Text)
		}
		got, err := shader.Run(t.Context(), c, limited(1))
		shader.Release()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want["y"], got["y"]); diff != "" {
			t.Fatalf("kernel %d: (-interpreted +device)\n%s\n%s\n%s", i, diff, source, v.module.Text)
		}
	}
}
