package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// tiny returns a model of one layer with so long a feed-forward, all of whose
// weights are zero.
func tiny(t *testing.T, feedForward int, more map[string]any) *gguf.File {
	t.Helper()
	w := &gguf.Writer{}
	values := map[string]any{
		"general.architecture":                   "llama",
		"llama.context_length":                   uint32(16),
		"llama.embedding_length":                 uint32(64),
		"llama.block_count":                      uint32(1),
		"llama.feed_forward_length":              uint32(feedForward),
		"llama.attention.head_count":             uint32(4),
		"llama.attention.layer_norm_rms_epsilon": float32(1e-5),
	}
	for key, value := range more {
		values[key] = value
	}
	for key, value := range values {
		if floats, ok := value.([]float32); ok { // a tensor
			data, _ := binary.Append(nil, binary.LittleEndian, floats)
			if err := w.AddTensor(key, gguf.F32, []uint64{uint64(len(floats))}, bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := w.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	ff := uint64(feedForward)
	for name, dims := range map[string][]uint64{
		"token_embd.weight": {64, 32}, "output_norm.weight": {64}, "blk.0.attn_norm.weight": {64}, "blk.0.ffn_norm.weight": {64},
		"blk.0.attn_q.weight": {64, 64}, "blk.0.attn_k.weight": {64, 64}, "blk.0.attn_v.weight": {64, 64}, "blk.0.attn_output.weight": {64, 64},
		"blk.0.ffn_gate.weight": {64, ff}, "blk.0.ffn_up.weight": {64, ff}, "blk.0.ffn_down.weight": {ff, 64},
	} {
		n := 4
		for _, d := range dims {
			n *= int(d)
		}
		if err := w.AddTensor(name, gguf.F32, dims, bytes.NewReader(make([]byte, n))); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if _, err := w.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLongRow loads a model with a row too long for the kernels that take
// activations by way of uniform memory.
func TestLongRow(t *testing.T) {
	e, err := Load(context.Background(), openDevice(t), tiny(t, 20480, nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	generate(t, e.NewSession(), []int32{1, 2, 3}, Generation{Tokens: 3})
}

// TestConfiguration checks that what makes no sense is refused by name.
func TestConfiguration(t *testing.T) {
	dev := openDevice(t)
	nan := float32(math.NaN())
	for _, test := range []struct {
		key   string
		value any
		want  string
	}{
		{"rope.freq_base", float32(0), "llama.rope.freq_base is 0"},
		{"rope.freq_base", nan, "llama.rope.freq_base is NaN"},
		{"attention.layer_norm_rms_epsilon", float32(-1), "llama.attention.layer_norm_rms_epsilon is -1"},
		{"attention.head_count", uint32(128), "llama.embedding_length is 64, which llama.attention.head_count, 128, does not divide"},
		{"rope.scaling.factor", float32(-2), "llama.rope.scaling.factor is -2"},
		{"rope.scaling.attn_factor", float32(0), "llama.rope.scaling.attn_factor is 0"},
		{"", []float32{1, 1, 0, 1, 1, 1, 1, 1}, "load rope_freqs.weight: value 2 is 0"},
		{"", []float32{1, 1, 1, 1, 1, 1, 1, nan}, "load rope_freqs.weight: value 7 is NaN"},
		{"logit_scale", float32(4), "llama.logit_scale is 4; only 1"},
		{"attention.scale", float32(-4), "llama.attention.scale is -4"},
		{"rope.scaling.yarn_beta_slow", float32(64), "llama.rope.scaling.yarn_beta_fast is 32, less than"},
		{"rope.scaling.yarn_ext_factor", float32(0.5), "llama.rope.scaling.yarn_ext_factor is 0.5; only 1"},
	} {
		key := "llama." + test.key
		if test.key == "" {
			key = "rope_freqs.weight"
		}
		f := tiny(t, 64, map[string]any{"llama.rope.scaling.type": "yarn", key: test.value})
		_, err := Load(context.Background(), dev, f, Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q in it", err, test.want)
		}
	}
}
