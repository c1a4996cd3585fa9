package huggingface

import (
	"encoding/binary"
	"io"
	"math"
)

// permuted is a matrix with its rows in another order.
type permuted struct {
	src      io.ReaderAt
	rowBytes int64
	rows     int64
	from     func(row int64) int64
}

func (p *permuted) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		row, at := off/p.rowBytes, off%p.rowBytes
		if row >= p.rows {
			return n, io.EOF
		}
		part := b[n:min(int64(len(b)), int64(n)+p.rowBytes-at)]
		read, err := p.src.ReadAt(part, p.from(row)*p.rowBytes+at)
		n += read
		if read < len(part) {
			return n, err
		}
		off += int64(read)
	}
	return n, nil
}

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

// joined is readers of one size each, one after the other.
type joined struct {
	parts []io.ReaderAt
	size  int64 // of one
}

func (j *joined) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		i, at := off/j.size, off%j.size
		if i >= int64(len(j.parts)) {
			return n, io.EOF
		}
		part := b[n:min(int64(len(b)), int64(n)+j.size-at)]
		read, err := j.parts[i].ReadAt(part, at)
		n += read
		if read < len(part) {
			return n, err
		}
		off += int64(read)
	}
	return n, nil
}

// plusOne adds 1 to numbers of 32 bits.
type plusOne struct {
	src  io.ReaderAt
	size int64
}

func (p *plusOne) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 || off >= p.size {
		return 0, io.EOF
	}
	end := min(off+int64(len(b)), p.size)
	first, last := off/4*4, (end+3)/4*4
	whole := make([]byte, last-first)
	if n, err := p.src.ReadAt(whole, first); n < len(whole) {
		return 0, err
	}
	for at := 0; at < len(whole); at += 4 {
		x := math.Float32frombits(binary.LittleEndian.Uint32(whole[at:]))
		binary.LittleEndian.PutUint32(whole[at:], math.Float32bits(1+x))
	}
	n := copy(b, whole[off-first:end-first])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
