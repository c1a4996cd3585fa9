package kerneltest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/weights"
	"github.com/wgslgen/wgslgen/templates"
)

// TestTables compares what the engine computes from the generated tables, the
// grid and the sizes of bindings, with what the cases use.
func TestTables(t *testing.T) {
	tables := map[string]*kernel.Variant{}
	for _, table := range generated.Tables {
		for _, v := range table.Variants {
			tables[v.Name] = v
		}
	}
	forEach(t, func(t *testing.T, v *subject, cases []*Case) {
		table := tables[v.Name]
		if table == nil {
			t.Fatal("not in generated/: run go generate ./templates")
		}
		if len(table.Bindings) != len(v.Unit.Kernel.Bindings) || table.Foldable != v.foldable() {
			t.Fatalf("%d bindings, not %d; foldable %v, not %v", len(table.Bindings), len(v.Unit.Kernel.Bindings), table.Foldable, v.foldable())
		}
		for _, c := range cases {
			if got, want := table.Grid(c.paramWords()), v.grid(c.params); got != want {
				t.Errorf("%v: grid %v, not %v", c, got, want)
			}
			for i, b := range v.Unit.Kernel.Bindings {
				if got, want := table.Bindings[i].Bytes(c.paramWords()), v.words(b, c.params)*wordBytes; got != int64(want) {
					t.Errorf("%v: binding %s has %d bytes, not %d", c, b.Name, got, want)
				}
			}
		}
	})
}

// TestWeights compares the planes that the engine uploads with those that the
// cases use: for every format, rows that fill no group, columns that fill no
// block, and a matrix of two tensors cut into parts.
func TestWeights(t *testing.T) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	device := openDevice(t)
	r := rand.New(rand.NewPCG(seed(), 0))
	for _, of := range lib.Formats() {
		for _, interleave := range []int{1, 8} {
			t.Run(fmt.Sprintf("%s_%d", of.Name, interleave), func(t *testing.T) {
				f := stored(of)
				cols := of.FileBlock * max(1, 3*of.Block/of.FileBlock/2)
				var tensors []*weights.Tensor
				var rows [][]byte
				for i, n := range []int{13, 38} {
					data := f.Random(r, n*cols/f.Block, reference.Sane)
					rows = slices.AppendSeq(rows, slices.Chunk(data, f.RowBytes(cols)))
					tensors = append(tensors, &weights.Tensor{
						Name: fmt.Sprint("tensor", i), Format: tableFormat(t, of), Rows: n, Cols: cols,
						RowBytes: f.RowBytes(cols), Data: bytes.NewReader(data),
					})
				}
				compareParts(t, device, of, interleave, rows, cols, tensors)
			})
		}
	}
}

func tableFormat(t *testing.T, of *ir.Format) *kernel.Format {
	i := slices.IndexFunc(generated.Formats, func(f *kernel.Format) bool { return f.Name == of.Name })
	if i < 0 {
		t.Fatal("not in generated/: run go generate ./templates")
	}
	return generated.Formats[i]
}

func compareParts(t *testing.T, device gpu.Device, of *ir.Format, interleave int, rows [][]byte, cols int, tensors []*weights.Tensor) {
	width := wide(of, cols)
	var plan memory.Plan
	set := weights.NewSet(&plan, weights.Limits{
		Binding: 24 * int64(width/of.Block*of.Block/of.FileBlock*of.BlockBytes+4), // about half of the rows
		Buffer:  device.Caps().Limits.MaxBufferSize,
		Align:   int64(device.Caps().Limits.StorageOffsetAlign),
	})
	m, err := set.Matrix(weights.Layout{Interleave: interleave}, tensors...)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Parts) < 2 || m.Rows != len(rows) || m.Cols != width {
		t.Fatalf("%d parts, %d rows, %d columns; want several, %d and %d", len(m.Parts), m.Rows, m.Cols, len(rows), width)
	}
	if err := plan.Allocate(device); err != nil {
		t.Fatal(err)
	}
	defer plan.Release()
	if err := set.Upload(t.Context(), device, func(int64) {}); err != nil {
		t.Fatal(err)
	}
	for _, part := range m.Parts {
		for i, p := range of.Planes {
			ref := &kernel.PlaneRef{Format: of.Name, Plane: i, Interleave: interleave}
			got := readRange(t, device, part.Range(&kernel.Binding{Plane: ref}).GPU())
			want := plane(&ir.PlaneOf{Format: of, Plane: p, Interleave: interleave}, rows[part.First:][:part.Rows], width)
			if !slices.Equal(got, want) {
				t.Errorf("rows %d to %d: plane %s differs", part.First, part.First+part.Rows, p.Name)
			}
		}
	}
}

func readRange(t *testing.T, device gpu.Device, r gpu.BufferRange) []uint32 {
	t.Helper()
	pending, err := device.StartRead(r.Buffer, r.Offset, r.Size)
	if err != nil {
		t.Fatal(err)
	}
	data, err := pending.Wait(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	words := make([]uint32, len(data)/wordBytes)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(data[i*wordBytes:])
	}
	return words
}
