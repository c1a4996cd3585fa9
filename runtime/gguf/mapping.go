package gguf

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"

	"github.com/edsrzf/mmap-go"
)

// mapping is a file in memory. What the file has lost since, and what is read
// after the end of the mapping, are errors: without care they would end the
// process.
type mapping struct {
	mu   sync.RWMutex // held for writing while the mapping ends
	data mmap.MMap    // nil then
}

// ReadAt copies from the mapping.
func (m *mapping) ReadAt(b []byte, at int64) (n int, err error) {
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
			n, err = 0, fmt.Errorf("gguf: bytes %d to %d cannot be read any more: was the file cut?", at, at+int64(len(b)))
		}
	}()
	if n = copy(b, m.data[at:]); n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m *mapping) unmap() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	data := m.data
	m.data = nil
	return data.Unmap()
}
