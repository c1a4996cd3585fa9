// Package gguf reads and writes GGUF files (versions 2 and 3, little-endian): the weights of a model with its metadata.
//
// A reader checks the whole of a file's directory before it returns: a File's tensors lie inside the file, do not
// overlap, and have the sizes that their types and dimensions say. Nothing read from a file makes it allocate more than
// a small multiple of the file's size.
package gguf

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/wgslgen/wgslgen/internal/mapped"
)

// Tensor is the directory entry of one tensor.
type Tensor struct {
	Name   string
	Type   Type
	Dims   []uint64 // elements along each dimension, as in the file: the contiguous one first; 1 to 4 of them
	Offset int64    // of the first byte, from the start of the file
	Size   int64    // in bytes
}

// Elements returns the number of elements.
func (t *Tensor) Elements() uint64 {
	n := uint64(1)
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// File is a GGUF file whose directory has been read. It is safe for concurrent use until Close.
type File struct {
	Metadata
	Version uint32
	Tensors []Tensor // in the order of the file

	byName map[string]int
	data   []byte // the whole file, if it is in memory
	source io.ReaderAt
	close  func() error
}

// Open opens a file: mapped into memory where the platform allows it, otherwise read as its data is asked for. Of a model
// in several files it is given the first, and opens all of them.
func Open(path string) (*File, error) {
	first, err := openOne(path)
	if err != nil {
		return nil, err
	}
	f, err := openParts(path, first)
	if err != nil {
		first.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func openOne(path string) (*File, error) {
	osFile, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := openFile(osFile)
	if err != nil {
		osFile.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func openFile(osFile *os.File) (*File, error) {
	info, err := osFile.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("gguf: not a regular file (%v)", info.Mode().Type())
	}
	if info.Size() == 0 {
		return nil, errEmpty
	}
	mapping, err := mapped.Map(osFile)
	if err != nil { // browsers, and some network file systems
		f, err := Read(osFile, info.Size())
		if err != nil {
			return nil, err
		}
		f.close = osFile.Close
		return f, nil
	}
	f, err := Parse(mapping.Bytes())
	if err != nil {
		mapping.Unmap()
		return nil, err
	}
	f.source = mapping
	f.close = func() error {
		f.data = nil
		err := mapping.Unmap()
		if closeErr := osFile.Close(); err == nil {
			err = closeErr
		}
		return err
	}
	return f, nil
}

// Parse reads a file that is in memory. The File refers to data.
func Parse(data []byte) (*File, error) {
	f, err := Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	f.data = data
	return f, nil
}

// Close releases what Open holds. Slices that Data has returned must not be used any more.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	closeFile := f.close
	f.close = nil
	return closeFile()
}

// Tensor returns the tensor of a name.
func (f *File) Tensor(name string) (*Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return nil, false
	}
	return &f.Tensors[i], true
}

// Data returns the bytes of a tensor. They must not be changed. For a file in memory they are a part of that memory,
// otherwise they are read into a new slice.
func (f *File) Data(t *Tensor) ([]byte, error) {
	if f.data != nil {
		return f.data[t.Offset : t.Offset+t.Size : t.Offset+t.Size], nil
	}
	b := make([]byte, t.Size)
	if _, err := f.Reader(t).ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("gguf: tensor %q: %w", t.Name, err)
	}
	return b, nil
}

// Reader returns a reader of the bytes of a tensor, to read a large one in parts.
func (f *File) Reader(t *Tensor) *io.SectionReader {
	return io.NewSectionReader(f.source, t.Offset, t.Size)
}
