// Package weights lays stored matrices out for the device: split by rows to fit its bindings, and repacked into planes as they are uploaded.
package weights

import (
	"fmt"
	"io"

	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// Tensor is a matrix as a file stores it, row after row.
type Tensor struct {
	Name       string
	Format     *kernel.Format
	Rows, Cols int
	RowBytes   int         // of a row in the file
	Data       io.ReaderAt // Rows*RowBytes bytes
}

// Bytes returns the size of the tensor in the file.
func (t *Tensor) Bytes() int64 { return int64(t.Rows) * int64(t.RowBytes) }

// Slice returns n rows from first on.
func (t *Tensor) Slice(first, n int) *Tensor {
	s := *t
	s.Rows = n
	s.Data = io.NewSectionReader(t.Data, int64(first)*int64(t.RowBytes), int64(n)*int64(t.RowBytes))
	return &s
}

// blocks returns the number of blocks of a row; the last may be padded.
func (t *Tensor) blocks() int { return (t.Cols + t.Format.Block - 1) / t.Format.Block }

// run is some rows of a tensor.
type run struct {
	tensor      *Tensor
	first, rows int
}

// read appends the bytes of rows [first, first+n) of consecutive runs to dst.
func read(dst []byte, runs []run, first, n int) ([]byte, error) {
	for _, r := range runs {
		if first >= r.rows {
			first -= r.rows
			continue
		}
		take := min(n, r.rows-first)
		from := len(dst)
		dst = dst[:from+take*r.tensor.RowBytes]
		at := int64(r.first+first) * int64(r.tensor.RowBytes)
		if got, err := r.tensor.Data.ReadAt(dst[from:], at); got < len(dst)-from {
			return nil, fmt.Errorf("load %s: %w", r.tensor.Name, err)
		}
		if n -= take; n == 0 {
			break
		}
		first = 0
	}
	return dst, nil
}
