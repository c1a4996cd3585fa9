package gguf

import (
	"io"
	"os"
	"sort"
)

// File returns what was collected as a file that exists only as it is read: the tensors' data stays where it is.
func (w *Writer) File() *File {
	f := &File{Metadata: w.Metadata.Clone(), Version: 3, byName: map[string]int{}}
	var offset int64
	for i, t := range w.tensors {
		t.Offset = offset
		offset += pad(t.Size, defaultAlignment)
		f.byName[t.Name] = i
		f.Tensors = append(f.Tensors, t.Tensor)
	}
	f.source = &assembled{f.Tensors, w.tensors}
	if w.Closer != nil {
		f.close = func() error {
			f.source = closed{}
			return w.Closer.Close()
		}
	}
	return f
}

// assembled reads each tensor from its own source.
type assembled struct {
	tensors []Tensor // by offset
	sources []pending
}

// ReadAt reads within one tensor.
func (a *assembled) ReadAt(b []byte, off int64) (int, error) {
	i := sort.Search(len(a.tensors), func(i int) bool { return a.tensors[i].Offset > off }) - 1
	if i < 0 {
		return 0, io.EOF
	}
	return io.NewSectionReader(a.sources[i].data, 0, a.tensors[i].Size).ReadAt(b, off-a.tensors[i].Offset)
}

// closed is the source of a file whose data is gone.
type closed struct{}

func (closed) ReadAt([]byte, int64) (int, error) { return 0, os.ErrClosed }
