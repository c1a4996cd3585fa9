package weights

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// reference computes a plane byte by byte from the definition in kernel.Plane.
func reference(src []byte, rows, rowBytes, blocks int, f *kernel.Format, p *kernel.Plane, interleave int) []byte {
	padded := (rows + interleave - 1) / interleave * interleave
	dst := make([]byte, padded*blocks*p.Units*p.UnitBytes)
	part := p.To - p.From
	for r := range rows {
		for b := range blocks {
			for i := range p.Units * p.UnitBytes {
				fileBlock, inBlock := b*(f.Block/f.FileBlock)+i/part, p.From+i%part
				at := fileBlock*f.BlockBytes + inBlock
				if inBlock >= f.BlockBytes || at >= rowBytes {
					continue
				}
				w, byteOf := i/p.UnitBytes, i%p.UnitBytes
				unit := ((r/interleave*blocks+b)*p.Units+w)*interleave + r%interleave
				dst[unit*p.UnitBytes+byteOf] = src[r*rowBytes+at]
			}
		}
	}
	return dst
}

func TestRepack(t *testing.T) {
	formats := []struct {
		f        *kernel.Format
		rowBytes int
		blocks   int
	}{
		{&kernel.Format{Name: "f32", Block: 16, FileBlock: 1, BlockBytes: 4, Planes: []kernel.Plane{{To: 4, UnitBytes: 16, Units: 4}}}, 20 * 4, 2},
		{&kernel.Format{Name: "f16", Block: 32, FileBlock: 1, BlockBytes: 2, Planes: []kernel.Plane{{To: 2, UnitBytes: 4, Units: 16}}}, 64 * 2, 2},
		{&kernel.Format{Name: "q4_0", Block: 64, FileBlock: 32, BlockBytes: 18, Planes: []kernel.Plane{
			{To: 2, UnitBytes: 2, Units: 2}, {From: 2, To: 18, UnitBytes: 4, Units: 8},
		}}, 3 * 18, 2},
		{&kernel.Format{Name: "q6_k", Block: 256, FileBlock: 256, BlockBytes: 210, Planes: []kernel.Plane{
			{From: 0, To: 128, UnitBytes: 4, Units: 32}, {From: 208, To: 212, UnitBytes: 4, Units: 1},
		}}, 2 * 210, 2},
	}
	random := rand.NewChaCha8([32]byte{1})
	for _, test := range formats {
		for _, interleave := range []int{1, 8} {
			const rows = 19
			src := make([]byte, rows*test.rowBytes)
			random.Read(src)
			for i := range test.f.Planes {
				p := &test.f.Planes[i]
				want := reference(src, rows, test.rowBytes, test.blocks, test.f, p, interleave)
				got := bytes.Repeat([]byte{0xff}, len(want))
				repack(got, src, test.rowBytes, test.blocks, test.f, p, interleave)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, plane %d, interleave %d: (-want +got)\n%s", test.f.Name, i, interleave, diff)
				}
			}
		}
	}
}
