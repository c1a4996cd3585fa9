package subgroup

import (
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// TestInOrder: the probe tells apart what kernels can use from what they can't.
func TestInOrder(t *testing.T) {
	f := gpu.Features{Subgroups: true, SubgroupMin: 8, SubgroupMax: 16}
	seen := func(size uint32, place func(i uint32) uint32) [][4]uint32 {
		out := make([][4]uint32, 64)
		for i := range uint32(64) {
			out[i] = [4]uint32{place(i), size, i ^ 1, i ^ 2}
		}
		return out
	}
	for _, c := range []struct {
		name string
		seen [][4]uint32
		want bool
	}{
		{"runs of 8", seen(8, func(i uint32) uint32 { return i % 8 }), true},
		{"runs of 16", seen(16, func(i uint32) uint32 { return i % 16 }), true},
		{"smaller than said", seen(4, func(i uint32) uint32 { return i % 4 }), false},
		{"larger than said", seen(32, func(i uint32) uint32 { return i % 32 }), false},
		{"tiles of 2 by 4", seen(8, func(i uint32) uint32 { return i%2 + i/8%4*2 }), false},
		{"strided", seen(8, func(i uint32) uint32 { return i / 8 }), false},
		{"no power of two", seen(12, func(i uint32) uint32 { return i % 12 }), false},
	} {
		if got := inOrder(c.seen, f); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	swapped := seen(8, func(i uint32) uint32 { return i % 8 })
	swapped[9][2] = 9
	if inOrder(swapped, f) {
		t.Error("a shuffle that gives an invocation its own value passed")
	}
}
