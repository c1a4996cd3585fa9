// Package rearrange reads the weights of a tensor in another order than that in which they are stored, with no more than a
// part of them in memory at a time.
package rearrange

import "io"

// Rows returns a matrix that has so many rows, each of which is one of src's: the one that from tells.
func Rows(src io.ReaderAt, rowBytes, rows int64, from func(row int64) int64) io.ReaderAt {
	return &chosen{src, rowBytes, rows, from}
}

type chosen struct {
	src      io.ReaderAt
	rowBytes int64
	rows     int64
	from     func(row int64) int64
}

func (c *chosen) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		row, at := off/c.rowBytes, off%c.rowBytes
		if row >= c.rows {
			return n, io.EOF
		}
		part := b[n:min(int64(len(b)), int64(n)+c.rowBytes-at)]
		read, err := c.src.ReadAt(part, c.from(row)*c.rowBytes+at)
		n += read
		if read < len(part) {
			return n, err
		}
		off += int64(read)
	}
	return n, nil
}

// Joined returns parts of one size each, one after the other.
func Joined(size int64, parts ...io.ReaderAt) io.ReaderAt { return &joined{parts, size} }

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
