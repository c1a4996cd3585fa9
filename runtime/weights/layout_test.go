package weights

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

var bytesFormat = &kernel.Format{Name: "b", Block: 4, FileBlock: 4, BlockBytes: 4, Planes: []kernel.Plane{{To: 4, UnitBytes: 4, Units: 1}}}

// numbered returns a matrix of one block a row, whose bytes are first + row.
func numbered(name string, rows, first int) *Tensor {
	var data []byte
	for r := range rows {
		data = append(data, bytes.Repeat([]byte{byte(first + r)}, 4)...)
	}
	return &Tensor{Name: name, Format: bytesFormat, Rows: rows, Cols: 4, RowBytes: 4, Data: bytes.NewReader(data)}
}

// stored returns the row numbers that a part holds, in order.
func stored(t *testing.T, p *Part) (rows []int) {
	t.Helper()
	b, err := read(make([]byte, 0, 4*p.stored), p.runs, 0, p.stored)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(b); i += 4 {
		rows = append(rows, int(b[i]))
	}
	return rows
}

func sequence(ranges ...[2]int) (all []int) {
	for _, r := range ranges {
		for i := r[0]; i < r[1]; i++ {
			all = append(all, i)
		}
	}
	return all
}

func TestMatrixParts(t *testing.T) {
	set := NewSet(&memory.Plan{}, Limits{Binding: 4 * 20, Buffer: 1 << 20, Align: 32})
	m, err := set.Matrix(Layout{Interleave: 1}, numbered("q", 20, 0), numbered("k", 5, 100), numbered("v", 9, 200))
	if err != nil {
		t.Fatal(err)
	}
	var got [][]int
	rows := 0
	for _, p := range m.Parts {
		if p.First != rows || p.planes[0].Size > 4*20 {
			t.Errorf("a part from row %d of %d bytes, want row %d", p.First, p.planes[0].Size, rows)
		}
		rows += p.Rows
		got = append(got, stored(t, p))
	}
	want := [][]int{sequence([2]int{0, 16}), sequence([2]int{16, 20}, [2]int{100, 105}, [2]int{200, 207}), sequence([2]int{207, 209})}
	if diff := cmp.Diff(want, got); diff != "" || rows != m.Rows {
		t.Errorf("%d rows (-want +got)\n%s", rows, diff)
	}
}

func TestExpertParts(t *testing.T) {
	set := NewSet(&memory.Plan{}, Limits{Binding: 4 * 32, Buffer: 1 << 20, Align: 32})
	m, err := set.Experts(Layout{Interleave: 8}, 2, numbered("gate", 22, 0), numbered("up", 22, 100))
	if err != nil {
		t.Fatal(err)
	}
	var got [][]int
	for _, p := range m.Parts {
		got = append(got, stored(t, p))
	}
	want := [][]int{
		sequence([2]int{0, 8}, [2]int{100, 108}, [2]int{11, 19}, [2]int{111, 119}),
		sequence([2]int{8, 11}, [2]int{108, 111}, [2]int{19, 22}, [2]int{119, 122}),
	}
	if diff := cmp.Diff(want, got); diff != "" || m.Rows != 11 || m.Experts != 2 {
		t.Errorf("%d experts of %d rows (-want +got)\n%s", m.Experts, m.Rows, diff)
	}
}

func TestGatedParts(t *testing.T) {
	set := NewSet(&memory.Plan{}, Limits{Binding: 4 * 20, Buffer: 1 << 20, Align: 32})
	m, err := set.Gated(Layout{Interleave: 8}, numbered("gate", 11, 0), numbered("up", 11, 100))
	if err != nil {
		t.Fatal(err)
	}
	var got [][]int
	for _, p := range m.Parts {
		got = append(got, stored(t, p))
	}
	want := [][]int{sequence([2]int{0, 8}, [2]int{100, 108}), sequence([2]int{8, 11}, [2]int{108, 111})}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNoRoom(t *testing.T) {
	set := NewSet(&memory.Plan{}, Limits{Binding: 16, Buffer: 1 << 20, Align: 32})
	if _, err := set.Matrix(Layout{Interleave: 8}, numbered("q", 20, 0)); err == nil {
		t.Error("8 rows fit 16 bytes")
	}
}
