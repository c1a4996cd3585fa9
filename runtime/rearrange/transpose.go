package rearrange

import (
	"io"
	"sync"
)

// bandBytes is about how much of a matrix is transposed at once.
const bandBytes = 1 << 20

// Shape is that of matrices that follow each other.
type Shape struct {
	Matrices, Rows, Cols int64
	Element              int64 // bytes
}

// Transposed returns matrices of so many columns and rows, each of which is the transpose of one of src's, of the shape.
func Transposed(src io.ReaderAt, shape Shape) io.ReaderAt {
	band := min(max(bandBytes/(shape.Rows*shape.Element), 1), shape.Cols)
	return &transposed{src: src, Shape: shape, band: band, held: -1}
}

// transposed keeps the rows that it made last: readers ask for one after the other.
type transposed struct {
	Shape
	src  io.ReaderAt
	band int64 // columns of src that are transposed at once

	mu   sync.Mutex
	held int64  // the band in rows; -1: none
	rows []byte // of the transpose
}

func (t *transposed) ReadAt(b []byte, off int64) (n int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	column := t.Rows * t.Element
	for n < len(b) {
		row, at := off/column, off%column
		matrix, row := row/t.Cols, row%t.Cols
		if matrix >= t.Matrices {
			return n, io.EOF
		}
		if err := t.hold(matrix, row/t.band); err != nil {
			return n, err
		}
		copied := copy(b[n:], t.rows[row%t.band*column+at:])
		n += copied
		off += int64(copied)
	}
	return n, nil
}

// hold transposes a band of a matrix, unless that is what rows has.
func (t *transposed) hold(matrix, band int64) error {
	bands := (t.Cols + t.band - 1) / t.band
	if t.held == matrix*bands+band {
		return nil
	}
	t.held = -1
	first := band * t.band
	cols := min(t.band, t.Cols-first)
	raw, err := t.read(matrix, first, cols)
	if err != nil {
		return err
	}
	t.rows = make([]byte, len(raw))
	for r := range t.Rows {
		for c := range cols {
			copy(t.rows[(c*t.Rows+r)*t.Element:][:t.Element], raw[(r*cols+c)*t.Element:])
		}
	}
	t.held = matrix*bands + band
	return nil
}

// read returns some columns of a matrix, row after row.
func (t *transposed) read(matrix, first, cols int64) ([]byte, error) {
	raw := make([]byte, t.Rows*cols*t.Element)
	each := cols * t.Element // bytes of a row
	if cols == t.Cols {
		each = int64(len(raw)) // all rows follow each other
	}
	for at := int64(0); at < int64(len(raw)); at += each {
		row := matrix*t.Rows + at/(cols*t.Element)
		if n, err := t.src.ReadAt(raw[at:at+each], (row*t.Cols+first)*t.Element); int64(n) < each {
			return nil, err
		}
	}
	return raw, nil
}
