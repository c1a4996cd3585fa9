package rearrange

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
)

// readsLike compares what a reader gives, whole and in pieces of all sizes, with what it should.
func readsLike(t *testing.T, what string, r io.ReaderAt, want []byte) {
	t.Helper()
	whole := make([]byte, len(want)+1)
	if n, err := r.ReadAt(whole, 0); n != len(want) || err != io.EOF || !bytes.Equal(whole[:n], want) {
		t.Fatalf("%s: %d bytes read, %v; want %d", what, n, err, len(want))
	}
	for range 200 {
		at := rand.IntN(len(want))
		piece := make([]byte, 1+rand.IntN(len(want)-at))
		if n, err := r.ReadAt(piece, int64(at)); n != len(piece) || !bytes.Equal(piece, want[at:at+n]) {
			t.Fatalf("%s: %d of %d bytes at %d, %v", what, n, len(piece), at, err)
		}
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

func TestRows(t *testing.T) {
	src := random(7 * 3)
	var want []byte
	for _, row := range []int{6, 5, 4, 3} {
		want = append(want, src[3*row:3*row+3]...)
	}
	readsLike(t, "the last rows", Rows(bytes.NewReader(src), 3, 4, func(row int64) int64 { return 6 - row }), want)
}

func TestJoined(t *testing.T) {
	a, b := random(5), random(5)
	readsLike(t, "two", Joined(5, bytes.NewReader(a), bytes.NewReader(b)), append(bytes.Clone(a), b...))
}

func TestTransposed(t *testing.T) {
	for _, s := range []Shape{{1, 1, 1, 4}, {3, 5, 2, 2}, {2, 7, 11, 4}, {4, 1, 9, 1}, {2, 600, 1000, 4}} {
		src := random(int(s.Matrices * s.Rows * s.Cols * s.Element))
		want := make([]byte, 0, len(src))
		for m := range s.Matrices {
			for c := range s.Cols {
				for r := range s.Rows {
					at := ((m*s.Rows+r)*s.Cols + c) * s.Element
					want = append(want, src[at:at+s.Element]...)
				}
			}
		}
		readsLike(t, "transposed", Transposed(bytes.NewReader(src), s), want)
	}
}

// A source that ends early is an error, not zeros.
func TestShort(t *testing.T) {
	src := bytes.NewReader(random(10))
	for what, r := range map[string]io.ReaderAt{
		"rows":       Rows(src, 4, 3, func(row int64) int64 { return row }),
		"transposed": Transposed(src, Shape{1, 3, 4, 1}),
	} {
		n, err := r.ReadAt(make([]byte, 12), 0)
		if n == 12 || err == nil {
			t.Errorf("%s: %d bytes, %v", what, n, err)
		}
	}
}
