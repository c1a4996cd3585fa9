package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/reference/decoder"
	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// variation is an oracle's model with other metadata and other names of
// tensors: it means something else, for which only the float64 decoder knows
// the logits.
type variation struct {
	name, file string
	set        map[string]any
	rename     map[string]string   // parts of names; to "": the tensor is left out; to a+b: two, the second reversed
	add        map[string][]uint64 // tensors of F32 with random values
	context    int
}

var variations = []variation{
	{ // queries are not compressed; experts by softmax, their weights not normalised
		name: "DeepSeek-V2-Lite", file: "deepseek2/model-Q4_K.gguf",
		set:    map[string]any{"deepseek2.expert_gating_func": uint32(1), "deepseek2.expert_weights_norm": false, "deepseek2.expert_weights_scale": float32(1), "deepseek2.attention.q_lora_rank": uint32(0)},
		rename: map[string]string{"attn_q_b": "attn_q", "attn_q_a": "", "attn_q_a_norm": "", "exp_probs_b": ""},
	},
	{
		name: "groups of experts by their two best", file: "deepseek2/model-Q4_K.gguf",
		set: map[string]any{"deepseek2.expert_group_count": uint32(4), "deepseek2.expert_group_used_count": uint32(2)},
	},
	{
		name: "groups of experts by their best", file: "deepseek2/model-Q4_K.gguf",
		set: map[string]any{
			"deepseek2.expert_group_count": uint32(2), "deepseek2.expert_group_used_count": uint32(1),
			"deepseek2.expert_gating_func": uint32(1), "deepseek2.expert_weights_norm": false,
		},
		rename: map[string]string{"exp_probs_b": ""},
	},
	{
		name: "YaRN with mscale", file: "deepseek2/model-Q4_K.gguf",
		set: map[string]any{
			"deepseek2.rope.scaling.type": "yarn", "deepseek2.rope.scaling.factor": float32(40),
			"deepseek2.rope.scaling.original_context_length": uint32(64), "deepseek2.rope.scaling.yarn_log_multiplier": float32(0.0707),
		},
	},
	{name: "LongRoPE beyond the original context", file: "phi3-longrope/model-Q8_0.gguf", context: 1024},
	{name: "a sliding window in all layers", file: "phi3/model-Q8_0.gguf", set: map[string]any{"phi3.attention.sliding_window": uint32(9)}},
	{name: "Mistral's sliding window", file: "llama/model-Q8_0.gguf", set: map[string]any{"llama.attention.sliding_window": uint32(9)}},
	{name: "a sliding window of 0, which is none", file: "phi3/model-Q8_0.gguf", set: map[string]any{"phi3.attention.sliding_window": uint32(0)}},
	{name: "parallel layers", file: "stablelm/model-IQ4_XS.gguf", set: map[string]any{"stablelm.use_parallel_residual": true}, rename: map[string]string{"ffn_norm": ""}},
	{ // StableLM-2-12B: parallel layers, queries and keys normed by head
		name: "heads with norms of their own", file: "stablelm/model-IQ4_XS.gguf", set: map[string]any{"stablelm.use_parallel_residual": true},
		rename: map[string]string{"ffn_norm": ""},
		add: map[string][]uint64{
			"blk.0.attn_q_norm.weight": {64, 4}, "blk.0.attn_k_norm.weight": {64, 4}, "blk.1.attn_q_norm.weight": {64, 4}, "blk.1.attn_k_norm.weight": {64, 4},
		},
	},
	{name: "layers that norm for attention again", file: "falcon/model-Q5_1.gguf", rename: map[string]string{"attn_norm": "attn_norm+attn_norm_2"}},
}

// open returns the varied file.
func (v *variation) open(t *testing.T) *gguf.File {
	t.Helper()
	f, err := gguf.Open(shared.Path(t, "oracle", v.file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	w := &gguf.Writer{Metadata: f.Metadata.Clone()}
	for key, value := range v.set {
		if err := w.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	for i := range f.Tensors {
		tensor := &f.Tensors[i]
		for n, name := range v.names(tensor.Name) {
			data := io.ReaderAt(f.Reader(tensor))
			if n > 0 {
				data = reversed(t, f, tensor)
			}
			if err := w.AddTensor(name, tensor.Type, tensor.Dims, data); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, dims := range v.add {
		values := make([]float32, dims[0]*dims[1])
		for i := range values {
			values[i] = float32(1 + rand.NormFloat64()/4)
		}
		data, _ := binary.Append(nil, binary.LittleEndian, values)
		if err := w.AddTensor(name, gguf.F32, dims, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	return w.File()
}

// reversed returns the values of a vector from the last to the first.
func reversed(t *testing.T, f *gguf.File, tensor *gguf.Tensor) io.ReaderAt {
	t.Helper()
	values := make([]float32, tensor.Elements())
	if err := binary.Read(f.Reader(tensor), binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(values)
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, values)
	return bytes.NewReader(b.Bytes())
}

// names returns what becomes of a tensor's name.
func (v *variation) names(name string) (names []string) {
	parts := strings.Split(name, ".")
	for i, part := range parts {
		to, ok := v.rename[part]
		if !ok {
			continue
		}
		for _, other := range strings.FieldsFunc(to, func(r rune) bool { return r == '+' }) {
			renamed := slices.Clone(parts)
			renamed[i] = other
			names = append(names, strings.Join(renamed, "."))
		}
		return names
	}
	return []string{name}
}

// What no oracle has is held against the float64 decoder, which the oracle's
// models hold against theirs.
func TestReference(t *testing.T) {
	dev := openDevice(t)
	for _, v := range variations {
		t.Run(v.name, func(t *testing.T) {
			f := v.open(t)
			if v.context == 0 {
				v.context = 96
			}
			ids := readOracle(t, shared.Path(t, "oracle", strings.Split(v.file, "/")[0])).tokens
			rows, err := decoder.Logits(f, ids, v.context)
			if err != nil {
				t.Fatal(err)
			}
			var want []float32
			for _, row := range rows {
				for _, x := range row {
					want = append(want, float32(x))
				}
			}
			for _, sizes := range [][]int{nil, {7, 1, 13, 2, 5}, {1}} {
				e, err := Load(context.Background(), dev, f, Options{Context: v.context})
				if err != nil {
					t.Fatal(err)
				}
				if x := nmse(allLogits(t, e, ids, sizes), want); !(x <= 1e-9) {
					t.Errorf("chunks %v: NMSE %.3g", sizes, x)
				}
				e.Close()
			}
		})
	}
}
