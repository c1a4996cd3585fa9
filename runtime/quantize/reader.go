package quantize

import (
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// piece is how many numbers are turned at once: it bounds the memory that a reader takes.
const piece = 1 << 14

// Reader returns weights of one type as another: they are turned as they are read.
func Reader(src io.ReaderAt, from, to gguf.Type, elements int64) (io.ReaderAt, error) {
	if from == to {
		return src, nil
	}
	if _, ok := codecs[from]; !ok {
		return nil, fmt.Errorf("weights of type %s cannot be read", from)
	}
	if !CanWrite(to) {
		return nil, fmt.Errorf("weights of type %s cannot be written; %s can", to, Writable())
	}
	for _, t := range []gguf.Type{from, to} {
		if elements%int64(t.BlockSize()) != 0 {
			return nil, fmt.Errorf("%d weights do not divide into %s blocks of %d", elements, t, t.BlockSize())
		}
	}
	return &reader{src, from, to, elements}, nil
}

type reader struct {
	src      io.ReaderAt
	from, to gguf.Type
	elements int64
}

// bytes returns the size of n numbers of a type.
func bytes(t gguf.Type, n int64) int64 { return n / int64(t.BlockSize()) * int64(t.BlockBytes()) }

// ReadAt turns the pieces that b covers, several at a time.
func (r *reader) ReadAt(b []byte, off int64) (int, error) {
	size := bytes(r.to, r.elements)
	if off < 0 || off >= size {
		return 0, io.EOF
	}
	short := int64(len(b)) > size-off
	if short {
		b = b[:size-off]
	}
	each := bytes(r.to, piece)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := off / each; i*each < off+int64(len(b)); i++ {
		group.Go(func() error {
			blocks, err := r.piece(i)
			if err != nil {
				return err
			}
			at := i*each - off // of the piece in b
			if at < 0 {
				blocks, at = blocks[-at:], 0
			}
			copy(b[at:], blocks)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	if short {
		return len(b), io.EOF
	}
	return len(b), nil
}

func (r *reader) piece(i int64) ([]byte, error) {
	n := min(piece, r.elements-i*piece)
	raw := make([]byte, bytes(r.from, n))
	if read, err := r.src.ReadAt(raw, bytes(r.from, i*piece)); read < len(raw) {
		return nil, err
	}
	x, err := Decode(r.from, raw)
	if err != nil {
		return nil, err
	}
	blocks, err := Encode(r.to, x)
	if err != nil {
		return nil, fmt.Errorf("of %d weights from %d: %w", n, i*piece, err)
	}
	return blocks, nil
}
