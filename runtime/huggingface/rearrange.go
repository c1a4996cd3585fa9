package huggingface

import (
	"encoding/binary"
	"io"
	"math"
)

// interleaved returns the row of a matrix whose heads' halves turn together that comes to a row of one whose neighbours
// do.
func interleaved(headDim int64) func(row int64) int64 {
	return func(row int64) int64 {
		head, i := row/headDim, row%headDim
		return head*headDim + i%2*(headDim/2) + i/2
	}
}

// ungrouped returns the row of a matrix in which each group of queries is followed by its key and its value that comes to
// a row of one that has all queries first, then all keys, then all values.
func ungrouped(heads, kvHeads, headDim int64) func(row int64) int64 {
	each := heads / kvHeads
	return func(row int64) int64 {
		head, i := row/headDim, row%headDim
		switch {
		case head < heads:
			head = head/each*(each+2) + head%each
		case head < heads+kvHeads:
			head = (head-heads)*(each+2) + each
		default:
			head = (head-heads-kvHeads)*(each+2) + each + 1
		}
		return head*headDim + i
	}
}

// every returns every stride-th row, from the first on.
func every(stride, first int64) func(row int64) int64 {
	return func(row int64) int64 { return stride*row + first }
}

// ofHeads returns n rows of each head, from the first on, where a head has so many in all.
func ofHeads(all, first, n int64) func(row int64) int64 {
	return func(row int64) int64 { return row/n*all + first + row%n }
}

// plusOne adds 1 to numbers of 32 bits.
type plusOne struct {
	src  io.ReaderAt
	size int64
}

func (p *plusOne) ReadAt(b []byte, off int64) (int, error) {
	return whole(b, off, p.size, 4, func(first, last int64) ([]byte, error) {
		numbers := make([]byte, last-first)
		if n, err := p.src.ReadAt(numbers, first); n < len(numbers) {
			return nil, err
		}
		for at := 0; at < len(numbers); at += 4 {
			x := math.Float32frombits(binary.LittleEndian.Uint32(numbers[at:]))
			binary.LittleEndian.PutUint32(numbers[at:], math.Float32bits(1+x))
		}
		return numbers, nil
	})
}

// The sizes of a block of MXFP4: 32 numbers in 4 bits each, and in GGUF the scale before them.
const (
	mxfp4Numbers = 16
	mxfp4Block   = 1 + mxfp4Numbers
)

// mxfp4 is blocks as GGUF has them, of scales and numbers in files of their own. There, neighbours share a byte; in GGUF,
// numbers that are half a block apart do.
type mxfp4 struct {
	scales, numbers io.ReaderAt
	size            int64
}

func (m *mxfp4) ReadAt(b []byte, off int64) (int, error) {
	return whole(b, off, m.size, mxfp4Block, func(first, last int64) ([]byte, error) {
		blocks := make([]byte, last-first)
		n, from := len(blocks)/mxfp4Block, first/mxfp4Block
		scales, numbers := make([]byte, n), make([]byte, n*mxfp4Numbers)
		if read, err := m.scales.ReadAt(scales, from); read < len(scales) {
			return nil, err
		}
		if read, err := m.numbers.ReadAt(numbers, from*mxfp4Numbers); read < len(numbers) {
			return nil, err
		}
		for i := range n {
			to, pairs := blocks[i*mxfp4Block:], numbers[i*mxfp4Numbers:]
			to[0] = scales[i]
			for j := range mxfp4Numbers {
				low, high := pairs[j/2]>>(j%2*4), pairs[j/2+mxfp4Numbers/2]>>(j%2*4)
				to[1+j] = low&15 | high<<4
			}
		}
		return blocks, nil
	})
}

// whole reads from what is made in units of so many bytes, size in all.
func whole(b []byte, off, size, unit int64, make func(first, last int64) ([]byte, error)) (int, error) {
	if off < 0 || off >= size {
		return 0, io.EOF
	}
	end := min(off+int64(len(b)), size)
	first, last := off/unit*unit, (end+unit-1)/unit*unit
	units, err := make(first, last)
	if err != nil {
		return 0, err
	}
	n := copy(b, units[off-first:end-first])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
