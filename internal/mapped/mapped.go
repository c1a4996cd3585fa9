// Package mapped reads files that are mapped into memory.
package mapped

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"

	"github.com/edsrzf/mmap-go"
)

// File is a file in memory. What the file has lost since, and what is read
// after the end of the mapping, are errors: without care they would end the
// process.
type File struct {
	mu   sync.RWMutex // held for writing while the mapping ends
	data mmap.MMap    // nil then
}

// Map maps the whole of a file as it is now, for reading. The file may be
// closed afterwards.
func Map(f *os.File) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 { // no platform maps nothing
		return &File{data: mmap.MMap{}}, nil
	}
	data, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, err
	}
	return &File{data: data}, nil
}

// Bytes returns the mapping itself, until Unmap. To touch what the file has
// lost ends the process.
func (m *File) Bytes() []byte { return m.data }

// Size returns how many bytes are mapped.
func (m *File) Size() int64 { return int64(len(m.data)) }

// ReadAt copies from the mapping.
func (m *File) ReadAt(b []byte, at int64) (n int, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	switch {
	case m.data == nil:
		return 0, os.ErrClosed
	case at < 0 || at > int64(len(m.data)):
		return 0, io.EOF
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			n, err = 0, fmt.Errorf("bytes %d to %d cannot be read any more: was the file cut?", at, at+int64(len(b)))
		}
	}()
	if n = copy(b, m.data[at:]); n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Unmap ends the mapping, once nothing reads it any more.
func (m *File) Unmap() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	data := m.data
	m.data = nil
	if len(data) == 0 {
		return nil
	}
	return data.Unmap()
}
