// Package synthetic makes models of well-known shapes with random weights, for measurements: GGUF files that exist only as they are read.
package synthetic

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// shape is the size of a Llama.
type shape struct {
	hidden, layers, heads, kvHeads, headDim, feedForward, vocabulary int
	tied                                                             bool
}

// shapes are a small model for software devices, and those of published ones.
var shapes = map[string]shape{
	"llama-125m":   {768, 12, 12, 4, 64, 2048, 32000, false},
	"llama-3.2-1b": {2048, 16, 32, 8, 64, 8192, 128256, true},
	"llama-3.2-3b": {3072, 28, 24, 8, 128, 8192, 128256, true},
	"llama-3.1-8b": {4096, 32, 32, 8, 128, 14336, 128256, false},
}

// Names returns the names of all shapes.
func Names() []string { return slices.Sorted(maps.Keys(shapes)) }

// Open returns the model that a name such as "llama-125m:q4_0" describes: a
// shape and the type of its matrices.
func Open(name string) (*gguf.File, error) {
	model, kind, _ := strings.Cut(name, ":")
	s, ok := shapes[model]
	if !ok {
		return nil, fmt.Errorf("no synthetic model %q; there are %s", model, strings.Join(Names(), ", "))
	}
	for t := range patterns {
		if strings.EqualFold(t.String(), kind) {
			return s.open(model, t)
		}
	}
	return nil, fmt.Errorf("no synthetic weights of type %q", kind)
}

func (s shape) open(name string, t gguf.Type) (*gguf.File, error) {
	w := &gguf.Writer{}
	for _, kv := range []struct {
		key   string
		value any
	}{
		{"general.architecture", "llama"},
		{"general.name", "synthetic " + name},
		{"llama.context_length", uint32(8192)},
		{"llama.embedding_length", uint32(s.hidden)},
		{"llama.block_count", uint32(s.layers)},
		{"llama.feed_forward_length", uint32(s.feedForward)},
		{"llama.attention.head_count", uint32(s.heads)},
		{"llama.attention.head_count_kv", uint32(s.kvHeads)},
		{"llama.attention.key_length", uint32(s.headDim)},
		{"llama.attention.value_length", uint32(s.headDim)},
		{"llama.attention.layer_norm_rms_epsilon", float32(1e-5)},
	} {
		if err := w.Set(kv.key, kv.value); err != nil {
			return nil, err
		}
	}
	if err := s.tensors(w, t); err != nil {
		return nil, err
	}
	v := &virtual{}
	if _, err := w.WriteTo(v); err != nil {
		return nil, err
	}
	f, err := gguf.Read(v, v.size)
	if err != nil {
		return nil, err
	}
	v.tensors = f.Tensors
	return f, nil
}

// tensors adds all weights, whose data nobody reads from here.
func (s shape) tensors(w *gguf.Writer, t gguf.Type) (err error) {
	add := func(name string, kind gguf.Type, dims ...uint64) {
		n := int64(kind.BlockBytes())
		for _, d := range dims {
			n *= int64(d)
		}
		if err == nil {
			err = w.AddTensor(name, kind, dims, io.LimitReader(zeros{}, n/int64(kind.BlockSize())))
		}
	}
	hidden, vocabulary, feedForward := uint64(s.hidden), uint64(s.vocabulary), uint64(s.feedForward)
	q, kv := uint64(s.heads*s.headDim), uint64(s.kvHeads*s.headDim)
	add("token_embd.weight", t, hidden, vocabulary)
	add("output_norm.weight", gguf.F32, hidden)
	if !s.tied {
		add("output.weight", t, hidden, vocabulary)
	}
	for i := range s.layers {
		name := func(n string) string { return fmt.Sprintf("blk.%d.%s.weight", i, n) }
		add(name("attn_norm"), gguf.F32, hidden)
		add(name("attn_q"), t, hidden, q)
		add(name("attn_k"), t, hidden, kv)
		add(name("attn_v"), t, hidden, kv)
		add(name("attn_output"), t, q, hidden)
		add(name("ffn_norm"), gguf.F32, hidden)
		add(name("ffn_gate"), t, hidden, feedForward)
		add(name("ffn_up"), t, hidden, feedForward)
		add(name("ffn_down"), t, feedForward, hidden)
	}
	return err
}

// virtual is a file of which only the beginning exists. As it is written it
// keeps that; as it is read it makes up the tensors.
type virtual struct {
	head    []byte
	size    int64
	tensors []gguf.Tensor
}

// headBytes is more than the directory of any shape takes.
const headBytes = 1 << 20

func (v *virtual) Write(b []byte) (int, error) {
	v.head = append(v.head, b[:min(len(b), headBytes-len(v.head))]...)
	v.size += int64(len(b))
	return len(b), nil
}

func (v *virtual) ReadAt(b []byte, off int64) (int, error) {
	i, inside := slices.BinarySearchFunc(v.tensors, off, func(t gguf.Tensor, off int64) int {
		switch {
		case t.Offset+t.Size <= off:
			return -1
		case t.Offset > off:
			return 1
		}
		return 0
	})
	if !inside {
		n := copy(b, v.head[min(off, int64(len(v.head))):])
		if n < len(b) {
			return n, io.EOF
		}
		return n, nil
	}
	t := v.tensors[i]
	n := int(min(int64(len(b)), t.Offset+t.Size-off))
	fill(b[:n], off-t.Offset, patterns[t.Type])
	return n, nil
}

// fill writes what a repeated pattern has at off.
func fill(b []byte, off int64, pattern []byte) {
	at := int(off % int64(len(pattern)))
	for len(b) > 0 {
		n := copy(b, pattern[at:])
		b, at = b[n:], 0
	}
}

// zeros is data without end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
