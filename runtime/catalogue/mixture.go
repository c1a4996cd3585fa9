package catalogue

import (
	"fmt"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// Mixture says which type each tensor of a file has.
type Mixture struct {
	name string
	bulk gguf.Type
	more gguf.Type // of the matrices that matter most; bulk in a pure file
}

// ParseMixture returns the mixture of a name such as q4_0, a pure one, or q4_k_m.
func ParseMixture(name string) (Mixture, error) {
	name = strings.ToLower(name)
	switch name {
	case "q4_k_m":
		return Mixture{name, gguf.Q4_K, gguf.Q6_K}, nil
	case "q5_k_m":
		return Mixture{name, gguf.Q5_K, gguf.Q6_K}, nil
	}
	for _, t := range []gguf.Type{
		gguf.F32, gguf.F16, gguf.BF16, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q8_0,
		gguf.Q2_K, gguf.Q3_K, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K, gguf.IQ4_NL, gguf.IQ4_XS, gguf.MXFP4,
	} {
		if strings.ToLower(t.String()) == name {
			return Mixture{name, t, t}, nil
		}
	}
	return Mixture{}, fmt.Errorf("no weights of type %q", name)
}

func (m Mixture) String() string { return m.name }

// Type returns the type of a tensor in a model of so many layers. Vectors, biases and routers are F32. The usual
// mixtures give more bits to the output, and to values and ffn_down in the first and last eighth of the layers and
// in every third between.
func (m Mixture) Type(t *Tensor, layers int) gguf.Type {
	if len(t.Dims) == 1 || strings.HasSuffix(t.Name, ".bias") || strings.Contains(t.Name, "ffn_gate_inp") {
		return gguf.F32
	}
	kind := m.bulk
	switch i, eighth := t.Layer, layers/8; {
	case t.Name == "output.weight":
		kind = m.more
	case strings.Contains(t.Name, "attn_v.") || strings.Contains(t.Name, "ffn_down"):
		if i < eighth || i >= 7*layers/8 || (i-eighth)%3 == 2 {
			kind = m.more
		}
	}
	return fitting(kind, t.Dims[0])
}

// fitting returns a type, or where its blocks do not divide a row, one of about the same precision whose blocks do.
func fitting(t gguf.Type, cols uint64) gguf.Type {
	if cols%uint64(t.BlockSize()) == 0 {
		return t
	}
	switch t {
	case gguf.Q2_K, gguf.Q3_K, gguf.IQ4_XS:
		return gguf.IQ4_NL
	case gguf.Q4_K:
		return gguf.Q5_0
	case gguf.Q5_K:
		return gguf.Q5_1
	}
	return gguf.Q8_0
}

// FileBytes returns the bytes of all tensors.
func (m *Model) FileBytes(mix Mixture) (n int64) {
	for _, t := range m.Tensors() {
		kind := mix.Type(&t, m.Layers)
		n += t.Elements() / int64(kind.BlockSize()) * int64(kind.BlockBytes())
	}
	return n
}
