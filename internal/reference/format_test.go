package reference_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/internal/reference/opvec"
	"github.com/wgslgen/wgslgen/internal/shared"
)

func records(t *testing.T, op string) []*opvec.Record {
	t.Helper()
	rs, err := opvec.Read(os.DirFS(shared.Path(t, "opvec")), op+".vec")
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

// tensor returns a tensor's elements in order of ne.
func tensor(t *testing.T, r *opvec.Record, i int) []float64 {
	t.Helper()
	out, err := r.Values(i)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// near fails where two floats differ by more than a float32 rounds.
func near(t *testing.T, got []float64, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i, x := range want {
		if d := math.Abs(got[i] - float64(x)); !(d <= tolerance*math.Max(math.Abs(float64(x)), 1e-30)) {
			t.Fatalf("value %d = %g, want %g", i, got[i], x)
		}
	}
}

// TestDequantize reads rows of every format as llama.cpp does.
func TestDequantize(t *testing.T) {
	seen := map[string]bool{}
	for n, r := range records(t, "GET_ROWS") {
		out := r.Tensors[r.Out]
		from := r.Tensors[out.Src[0]]
		if from.Type == "i32" {
			continue
		}
		seen[strings.ToLower(from.Type)] = true
		t.Run(fmt.Sprintf("%d_%s", n, from.Type), func(t *testing.T) {
			all, ids := tensor(t, r, out.Src[0]), tensor(t, r, out.Src[1])
			ne, count := from.Ne, r.Tensors[out.Src[1]].Ne
			var got []float64
			for i2 := range count[2] {
				for i1 := range count[1] {
					for i0 := range count[0] {
						id := int(ids[(i2*count[1]+i1)*count[0]+i0])
						row := (i2*ne[2]+i1)*ne[1] + id
						got = append(got, all[row*ne[0]:(row+1)*ne[0]]...)
					}
				}
			}
			near(t, got, r.Want(), 1e-6)
		})
	}
	for _, f := range reference.Formats {
		if !seen[f.Name] {
			t.Errorf("no vector reads %s", f.Name)
		}
	}
}
