// Package synthetic makes models of well-known shapes with random weights, for measurements: GGUF files that exist only as they are read.
package synthetic

import (
	"fmt"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/catalogue"
	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// Open returns the model that a name such as "llama-125m:q4_0" describes: one of
// the catalogue, and the type or mixture of types of its matrices.
func Open(name string) (*gguf.File, error) {
	model, kind, _ := strings.Cut(name, ":")
	m, err := catalogue.Find(model)
	if err != nil {
		return nil, err
	}
	mix, err := catalogue.ParseMixture(kind)
	if err != nil {
		return nil, fmt.Errorf("synthetic %s: %w", model, err)
	}
	w := &gguf.Writer{}
	if err := m.Describe(w); err != nil {
		return nil, err
	}
	for _, t := range m.Tensors() {
		kind := mix.Type(&t, m.Layers)
		if err := w.AddTensor(t.Name, kind, t.Dims, repeated(pattern(kind))); err != nil {
			return nil, err
		}
	}
	return w.File(), nil
}

// repeated is data without end: a pattern over and over.
type repeated []byte

func (r repeated) ReadAt(b []byte, off int64) (int, error) {
	n, at := len(b), int(off%int64(len(r)))
	for len(b) > 0 {
		copied := copy(b, r[at:])
		b, at = b[copied:], 0
	}
	return n, nil
}
