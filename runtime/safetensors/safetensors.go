// Package safetensors reads safetensors files: named tensors behind a header of JSON, every number of which is checked.
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
)

// maxHeader is the largest header that the format allows.
const maxHeader = 100_000_000

// Tensor is an entry of the header.
type Tensor struct {
	Name   string
	Type   string   // such as BF16
	Shape  []uint64 // contiguous dimension last
	Offset int64    // of the first byte, from the start of the file
	Size   int64    // in bytes
}

// File is a file whose header has been read. Its tensors stand in the order of their data.
type File struct {
	Tensors []Tensor
	source  io.ReaderAt
}

// elementBytes are the sizes of the types.
var elementBytes = map[string]uint64{
	"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
	"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}

// entry is a tensor as the header has it.
type entry struct {
	Type    string    `json:"dtype"`
	Shape   []uint64  `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// Read reads the header of a file of size bytes. The tensors' data stay in r.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func read(r io.ReaderAt, size int64) (*File, error) {
	if size < 8 {
		return nil, fmt.Errorf("the file has %d bytes; the length of the header takes 8", size)
	}
	var length [8]byte
	if _, err := r.ReadAt(length[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || n > uint64(size-8) {
		return nil, fmt.Errorf("a header of %d bytes; %d are left in the file, and %d allowed", n, size-8, maxHeader)
	}
	header := make([]byte, n)
	if read, err := r.ReadAt(header, 8); read < len(header) {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	f := &File{source: r}
	if err := f.parse(header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	return f, f.place(8+int64(n), size)
}

// parse reads the header's entries one by one, so that a name that stands twice is seen.
func (f *File) parse(header []byte) error {
	d := json.NewDecoder(bytes.NewReader(header))
	if t, err := d.Token(); err != nil {
		return err
	} else if t != json.Delim('{') {
		return errors.New("it is no JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name := key.(string) // keys of objects are
		if seen[name] {
			return fmt.Errorf("%q stands twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			var text map[string]string
			if err := d.Decode(&text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		t, err := parseEntry(d, name)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		f.Tensors = append(f.Tensors, t)
	}
	_, err := d.Token() // the closing brace, which may be missing
	return err
}

func parseEntry(d *json.Decoder, name string) (Tensor, error) {
	var e entry
	if err := d.Decode(&e); err != nil {
		return Tensor{}, err
	}
	size, ok := elementBytes[e.Type]
	if !ok {
		return Tensor{}, fmt.Errorf("unknown dtype %q", e.Type)
	}
	for _, n := range e.Shape {
		high, low := bits.Mul64(size, n)
		if high != 0 || low > math.MaxInt64 {
			return Tensor{}, fmt.Errorf("shape %v of type %s takes more than 2^63 bytes", e.Shape, e.Type)
		}
		size = low
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	if end < begin || end > math.MaxInt64 {
		return Tensor{}, fmt.Errorf("data_offsets are %d and %d", begin, end)
	}
	if end-begin != size {
		return Tensor{}, fmt.Errorf("data_offsets span %d bytes; shape %v of type %s takes %d", end-begin, e.Shape, e.Type, size)
	}
	return Tensor{Name: name, Type: e.Type, Shape: e.Shape, Offset: int64(begin), Size: int64(size)}, nil
}

// place makes offsets absolute. The tensors' data must fill the rest of the file, with no gap and no overlap.
func (f *File) place(start, size int64) error {
	slices.SortStableFunc(f.Tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Size, b.Size))
	})
	at := int64(0)
	for i := range f.Tensors {
		t := &f.Tensors[i]
		switch {
		case t.Offset < at:
			return fmt.Errorf("tensors %q and %q overlap: one ends at offset %d of the data, the other begins at %d", f.Tensors[i-1].Name, t.Name, at, t.Offset)
		case t.Offset > at:
			return fmt.Errorf("tensor %q begins at offset %d of the data; what is before it ends at %d", t.Name, t.Offset, at)
		case t.Size > size-start-t.Offset:
			return fmt.Errorf("tensor %q: its %d bytes at offset %d of the data pass the end of the file (%d bytes, of which %d are data)", t.Name, t.Size, t.Offset, size, size-start)
		}
		at += t.Size
		t.Offset += start
	}
	if at != size-start {
		return fmt.Errorf("the tensors have %d bytes; the file has %d bytes of data", at, size-start)
	}
	return nil
}

// Reader returns a reader of the bytes of a tensor.
func (f *File) Reader(t *Tensor) *io.SectionReader {
	return io.NewSectionReader(f.source, t.Offset, t.Size)
}
