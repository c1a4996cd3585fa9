package plan

import (
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// TestUniformFits checks that activations go by way of uniform memory only
// where row and device allow it.
func TestUniformFits(t *testing.T) {
	limits := gpu.DefaultLimits()
	small := limits
	small.MaxUniformBinding = 16 << 10
	for _, test := range []struct {
		limits gpu.Limits
		cols   uint32
		want   bool
	}{{limits, 16384, true}, {limits, 16416, false}, {small, 64, false}} {
		library := op.Describe(gpu.Caps{Kind: gpu.KindSoftware, Limits: test.limits})
		v, err := library.Find(generated.Gemv, generated.GemvKey{W: "q4_0", Epilogue: "add", Norm: "none", Interleave: 8}, generated.GemvParams{Rows: 8, Cols: test.cols}.Words())
		if err != nil {
			t.Fatal(err)
		}
		got := false
		for _, b := range v.Bindings {
			got = got || b.Uniform > 0
		}
		if got != test.want {
			t.Errorf("%d columns, uniform buffers of %d bytes: %s", test.cols, test.limits.MaxUniformBinding, v.Name)
		}
	}
}

// TestWork checks that no product multiplies more often than the limit.
func TestWork(t *testing.T) {
	limits := gpu.DefaultLimits()
	library := op.Describe(gpu.Caps{Kind: gpu.KindDiscrete, Limits: limits})
	layout, err := Layout(library, "f32")
	if err != nil {
		t.Fatal(err)
	}
	var plan memory.Plan
	set := weights.NewSet(&plan, weights.Limits{Binding: limits.MaxStorageBinding, Buffer: limits.MaxBufferSize, Align: 256})
	tensor := &weights.Tensor{Name: "w", Format: Format(0), Rows: 64, Cols: 64, RowBytes: 256}
	m, err := set.Gated(layout, tensor, tensor)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(library, NewShared(&plan, 64, 1), Limits{Binding: limits.MaxStorageBinding, Work: 64 * 64 * 64}, 64)
	x := r.tensor("x", 64, 64)
	r.AddMatMul(r.tensor("y", 64, 64), x, m)
	if r.err != nil || r.Mark() != 1 {
		t.Fatalf("a plain product takes %d dispatches, %v", r.Mark(), r.err)
	}
	r.GatedMatMul(kernel.SiLU, x, m)
	if r.err != nil || r.Mark() != 3 {
		t.Errorf("a gated product takes %d dispatches, %v", r.Mark()-1, r.err)
	}
}

func TestTuned(t *testing.T) {
	for _, v := range generated.AttentionSplit.Variants {
		if _, err := tuned(v, "span"); err != nil {
			t.Error(err)
		}
	}
	for _, tune := range [][]kernel.Setting{nil, {{Axis: "span", Value: "wide"}}, {{Axis: "span", Value: "0"}}} {
		if n, err := tuned(&kernel.Variant{Name: "v", Tune: tune}, "span"); err == nil {
			t.Errorf("%v gives %d", tune, n)
		}
	}
}
