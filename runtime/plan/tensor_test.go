package plan

import (
	"testing"

	"github.com/wgslgen/wgslgen/runtime/memory"
)

// Tensors whose uses overlap never share memory; those of kept ones, and of
// flat ones with rows, never at all.
func TestShare(t *testing.T) {
	tensor := func(cols, first, last int) *Tensor {
		return &Tensor{Cols: cols, Stride: cols, rows: 1, first: first, last: last}
	}
	kept := tensor(64, 0, 1)
	kept.kept = true
	flat := tensor(64, 7, 8)
	flat.flat = true
	all := []*Tensor{kept, tensor(128, 1, 2), tensor(64, 2, 3), tensor(64, 3, 6), tensor(256, 4, 5), tensor(64, 6, 9), flat, tensor(128, 8, 9)}
	var plan memory.Plan
	share(all, &plan)
	for i, a := range all {
		if a.buffer.Size() < a.bytes() {
			t.Errorf("tensor %d of %d bytes has %d", i, a.bytes(), a.buffer.Size())
		}
		for j, b := range all[:i] {
			apart := a.first > b.last || b.first > a.last
			if a.buffer == b.buffer && (!apart || a.kept || b.kept || a.flat != b.flat) {
				t.Errorf("tensors %d and %d share a buffer", j, i)
			}
		}
	}
	if got, most := plan.Bytes(), int64(4*(64+256+64+128+64)); got > most {
		t.Errorf("%d bytes in all, want at most %d", got, most)
	}
}
