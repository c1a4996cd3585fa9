package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// Writer collects the metadata and tensors of a file, and then writes it (version 3). Metadata is set with Set, or
// taken from another file with Clone.
type Writer struct {
	Metadata
	Closer  io.Closer // of what tensors' data is read from: the file that File returns closes it; may be nil
	tensors []pending
	names   map[string]bool
}

// copyBytes is how much of a tensor is read at once.
const copyBytes = 1 << 20

type pending struct {
	Tensor
	data io.ReaderAt
}

// AddTensor adds a tensor. Its dimensions are given contiguous first. Its data is read when the file is written, or when
// the tensor of an assembled file is read, and must be exactly as long as the type and the dimensions say.
func (w *Writer) AddTensor(name string, t Type, dims []uint64, data io.ReaderAt) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("gguf: a tensor's name has %d bytes; 1 to %d are allowed", len(name), maxName)
	}
	if w.names[name] {
		return fmt.Errorf("gguf: duplicate tensor %q", name)
	}
	size, err := tensorBytes(t, dims)
	if err != nil {
		return fmt.Errorf("gguf: tensor %q: %w", name, err)
	}
	if w.names == nil {
		w.names = map[string]bool{}
	}
	w.names[name] = true
	w.tensors = append(w.tensors, pending{Tensor{Name: name, Type: t, Dims: dims, Size: size}, data})
	return nil
}

// WriteTo writes the file.
func (w *Writer) WriteTo(out io.Writer) (int64, error) {
	align, err := alignment(&w.Metadata)
	if err != nil {
		return 0, err
	}
	e := &encoder{w: bufio.NewWriterSize(out, 1<<16)}
	e.bytes(magic)
	e.number(uint32(3))
	e.number(uint64(len(w.tensors)))
	e.number(uint64(w.Len()))
	for key, v := range w.All() {
		e.string(key)
		e.number(uint32(v.Type()))
		e.value(v)
	}
	var offset int64
	for _, t := range w.tensors {
		e.string(t.Name)
		e.number(uint32(len(t.Dims)))
		e.number(t.Dims)
		e.number(uint32(t.Type))
		e.number(uint64(offset))
		offset += pad(t.Size, align)
	}
	for _, t := range w.tensors {
		e.pad(align)
		e.data(&t)
	}
	if len(w.tensors) > 0 {
		e.pad(align)
	}
	if e.err == nil {
		e.err = e.w.Flush()
	}
	return e.off, e.err
}

// encoder writes until the first error, and keeps that.
type encoder struct {
	w   *bufio.Writer
	off int64
	err error
}

func (e *encoder) bytes(s string) {
	if e.err != nil {
		return
	}
	n, err := e.w.WriteString(s)
	e.off += int64(n)
	e.err = err
}

// number writes a number or a slice of numbers or bools.
func (e *encoder) number(v any) {
	if e.err != nil {
		return
	}
	e.err = binary.Write(e.w, binary.LittleEndian, v)
	e.off += int64(binary.Size(v))
}

func (e *encoder) string(s string) {
	e.number(uint64(len(s)))
	e.bytes(s)
}

// value writes a value without its type.
func (e *encoder) value(v Value) {
	switch d := v.data.(type) {
	case []string:
		e.arrayHeader(v, len(d))
		for _, s := range d {
			e.string(s)
		}
	case []Value:
		e.arrayHeader(v, len(d))
		for _, a := range d {
			e.value(a)
		}
	default:
		e.arrayHeader(v, binary.Size(d)/int(valueTypes[v.elem].minBytes))
		e.number(d)
	}
}

func (e *encoder) arrayHeader(v Value, n int) {
	if v.array {
		e.number(uint32(v.elem))
		e.number(uint64(n))
	}
}

func (e *encoder) pad(align int64) {
	e.number(make([]byte, pad(e.off, align)-e.off))
}

// data copies a tensor's data and checks its length.
func (e *encoder) data(t *pending) {
	if e.err != nil {
		return
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{e.w}, struct{ io.Reader }{io.NewSectionReader(t.data, 0, t.Size)}, make([]byte, min(copyBytes, t.Size)))
	e.off += n
	switch {
	case err != nil:
		e.err = fmt.Errorf("gguf: tensor %q: %w", t.Name, err)
	case n < t.Size:
		e.err = fmt.Errorf("gguf: tensor %q: its data ends after %d of %d bytes", t.Name, n, t.Size)
	default:
		if m, _ := t.data.ReadAt(make([]byte, 1), t.Size); m != 0 {
			e.err = fmt.Errorf("gguf: tensor %q: its data is longer than %d bytes", t.Name, t.Size)
		}
	}
}
