// Package catalogue knows the dimensions of well-known models, and from them the tensors and the metadata that their
// GGUF files have: enough to plan a model that is not there, or to make one up.
package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// Model is the dimensions of a model. Its zero fields are the usual ones: as many KV heads as heads, heads of
// Hidden/Heads values, all of them rotated, by a base of 10,000.
type Model struct {
	Name         string // as people write it, in lower case
	Architecture string // as GGUF names it
	Layers       int
	Hidden       int
	Heads        int
	KVHeads      int
	HeadDim      int
	FeedForward  int // of dense layers
	Vocabulary   int
	Context      int // positions that it was trained for
	Tied         bool
	Rotated      int // values of a head
	RopeBase     float64
	Window       int // of the layers that see no more
	Experts      Experts
	Latent       Latent
}

// Experts is a mixture of experts; a Count of 0 is none.
type Experts struct {
	Count, Used int
	FeedForward int // of one
	Shared      int // feed-forward of the shared experts together
	Dense       int // leading layers without experts
}

// Latent is the ranks of multi-head latent attention; a KV of 0 is none.
type Latent struct {
	Q, KV, Plain, Value int // Plain and Value: values of a key that are not rotated, and of a value
}

// Find returns the model of a name.
func Find(name string) (*Model, error) {
	i := slices.IndexFunc(Models, func(m Model) bool { return m.Name == strings.ToLower(name) })
	if i < 0 {
		return nil, fmt.Errorf("no model %q in the catalogue; there are %s", name, strings.Join(Names(), ", "))
	}
	return &Models[i], nil
}

// Names returns the names of all models, in the catalogue's order.
func Names() (names []string) {
	for _, m := range Models {
		names = append(names, m.Name)
	}
	return names
}

func (m *Model) kvHeads() int { return or(m.KVHeads, m.Heads) }

func (m *Model) headDim() int { return or(m.HeadDim, m.Hidden/m.Heads) }

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Parameters returns the number of weights.
func (m *Model) Parameters() (n int64) {
	for _, t := range m.Tensors() {
		n += t.Elements()
	}
	return n
}

// KVBytes returns what one position takes in the caches of all layers, with values of so many bytes each.
func (m *Model) KVBytes(value float64) float64 {
	each := 2 * m.kvHeads() * m.headDim()
	if m.Latent.KV > 0 { // the value is a part of the key
		each = m.Latent.KV + m.Rotated
	}
	return float64(m.Layers) * float64(each) * value
}
