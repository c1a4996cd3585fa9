package kerneltest

import (
	"encoding/binary"
	"fmt"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// plane lays rows of file blocks out as a plane of their format, byte by byte
// from the definition: a record of a plane holds bytes From to To of each file
// block of a block, one after the other, and the units of Interleave rows
// alternate.
func plane(p *ir.PlaneOf, rows [][]byte, cols int) []uint32 {
	f := p.Format
	t, err := p.Plane.Type.ArrayType()
	if err != nil {
		panic(err) // CheckDecls let it through
	}
	unit, units := pass.UnitBytes(t), t.Len()
	padded := (len(rows) + p.Interleave - 1) / p.Interleave * p.Interleave
	blocks := cols / f.Block
	out := make([]byte, (padded*blocks*units*unit+3)/4*4)
	part := p.Plane.To - p.Plane.From
	for r, row := range rows {
		for b := range blocks {
			for i := range units * unit {
				from, within := b*(f.Block/f.FileBlock)+i/part, p.Plane.From+i%part
				if from*f.BlockBytes >= len(row) || within >= f.BlockBytes {
					continue
				}
				at := ((r/p.Interleave*blocks+b)*units+i/unit)*p.Interleave + r%p.Interleave
				out[at*unit+i%unit] = row[from*f.BlockBytes+within]
			}
		}
	}
	words := make([]uint32, len(out)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(out[4*i:])
	}
	return words
}

// stored returns the reference's description of a format, which must agree
// with the kernel's on how large a block of the file is.
func stored(f *ir.Format) *reference.Format {
	r, err := reference.FormatOf(f.GGML)
	if err != nil || r.Block != f.FileBlock || r.Bytes != f.BlockBytes {
		panic(fmt.Sprintf("kerneltest: format %s: %v, the file's blocks are %+v", f.Name, err, r))
	}
	return r
}
