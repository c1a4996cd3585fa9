package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/quantize"
)

// publish writes a Llama of GGUF as it would be published: publish FILE FOLDER. The weights are F32 in two shards.
func publish(ts *testscript.TestScript, _ bool, args []string) {
	f, err := gguf.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	folder := ts.MkAbs(args[1])
	ts.Check(os.Mkdir(folder, 0o777))
	p := &publisher{ts: ts, file: f, folder: folder, where: map[string]string{}}
	p.write("config.json", p.config())
	p.write("tokenizer.json", p.tokenizer())
	p.write("tokenizer_config.json", p.tokenizerConfig())
	half := len(f.Tensors) / 2
	p.shard("model-00001-of-00002.safetensors", f.Tensors[:half])
	p.shard("model-00002-of-00002.safetensors", f.Tensors[half:])
	p.write("model.safetensors.index.json", map[string]any{"weight_map": p.where})
}

type publisher struct {
	ts     *testscript.TestScript
	file   *gguf.File
	folder string
	where  map[string]string // the shard that a tensor is in
}

func (p *publisher) write(name string, value any) {
	text, err := json.Marshal(value)
	p.ts.Check(err)
	p.ts.Check(os.WriteFile(filepath.Join(p.folder, name), text, 0o666))
}

func (p *publisher) number(key string) float64 {
	x, err := p.file.Float(key)
	p.ts.Check(err)
	return x
}

func (p *publisher) config() any {
	heads, hidden := p.number("llama.attention.head_count"), p.number("llama.embedding_length")
	return map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama", "hidden_act": "silu", "tie_word_embeddings": true,
		"hidden_size": hidden, "intermediate_size": p.number("llama.feed_forward_length"), "num_hidden_layers": p.number("llama.block_count"),
		"num_attention_heads": heads, "num_key_value_heads": p.number("llama.attention.head_count_kv"), "head_dim": hidden / heads,
		"max_position_embeddings": p.number("llama.context_length"), "rms_norm_eps": p.number("llama.attention.layer_norm_rms_epsilon"),
		"rope_theta": p.number("llama.rope.freq_base"), "torch_dtype": "float32",
	}
}

func (p *publisher) tokenizer() any {
	tokens, err := p.file.Strings("tokenizer.ggml.tokens")
	p.ts.Check(err)
	types, err := p.file.Ints("tokenizer.ggml.token_type")
	p.ts.Check(err)
	merges, err := p.file.Strings("tokenizer.ggml.merges")
	p.ts.Check(err)
	vocab, added := map[string]int{}, []any{}
	for id, text := range tokens {
		if types[id] == 1 {
			vocab[text] = id
		} else {
			added = append(added, map[string]any{"id": id, "content": text, "special": true})
		}
	}
	return map[string]any{
		"version": "1.0", "added_tokens": added,
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
		"model":         map[string]any{"type": "BPE", "vocab": vocab, "merges": merges},
	}
}

func (p *publisher) tokenizerConfig() any {
	tokens, err := p.file.Strings("tokenizer.ggml.tokens")
	p.ts.Check(err)
	template, err := p.file.String("tokenizer.chat_template")
	p.ts.Check(err)
	return map[string]any{
		"add_bos_token": true, "chat_template": template,
		"bos_token": tokens[int(p.number("tokenizer.ggml.bos_token_id"))], "eos_token": tokens[int(p.number("tokenizer.ggml.eot_token_id"))],
	}
}

// names are those of Llama's tensors, where they are other than GGUF's.
var names = strings.NewReplacer(
	"token_embd", "model.embed_tokens", "output_norm", "model.norm", "blk.", "model.layers.",
	"attn_norm", "input_layernorm", "ffn_norm", "post_attention_layernorm", "ffn_", "mlp.",
	"attn_output", "self_attn.o", "attn_", "self_attn.",
)

func (p *publisher) shard(name string, tensors []gguf.Tensor) {
	header, data := map[string]any{}, []byte{}
	for i := range tensors {
		t := &tensors[i]
		raw, err := p.file.Data(t)
		p.ts.Check(err)
		x, err := quantize.Decode(t.Type, raw)
		p.ts.Check(err)
		if strings.Contains(t.Name, "attn_q") || strings.Contains(t.Name, "attn_k") {
			x = halves(x, int(t.Dims[0]), int(p.number("llama.rope.dimension_count")))
		}
		shape := []uint64{t.Dims[0]}
		to := names.Replace(t.Name)
		if len(t.Dims) == 2 {
			shape = []uint64{t.Dims[1], t.Dims[0]}
			if strings.HasPrefix(t.Name, "blk.") {
				to = strings.Replace(to, ".weight", "_proj.weight", 1)
			}
		}
		begin := len(data)
		for _, v := range x {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		header[to] = map[string]any{"dtype": "F32", "shape": shape, "data_offsets": []int{begin, len(data)}}
		p.where[to] = name
	}
	text, err := json.Marshal(header)
	p.ts.Check(err)
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	p.ts.Check(os.WriteFile(filepath.Join(p.folder, name), append(file, data...), 0o666))
}

// halves brings the rows of heads whose neighbours turn together to the order of those whose halves do.
func halves(x []float32, cols, headDim int) []float32 {
	out := make([]float32, len(x))
	for row := range len(x) / cols {
		i := row % headDim
		copy(out[(row-i+i/2+i%2*headDim/2)*cols:], x[row*cols:(row+1)*cols])
	}
	return out
}
