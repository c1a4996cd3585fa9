package huggingface

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/wgslgen/wgslgen/internal/reference/decoder"
	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/quantize"
)

// published is a model in the form in which it would be published.
type published struct {
	t      *testing.T
	file   *gguf.File
	family family
	config map[string]any
	names  []string
	shapes map[string][]uint64
	data   map[string][]float32
	bf16   bool
}

// publish undoes, with code of its own, what opening does.
func publish(t *testing.T, f *gguf.File, architecture string) *published {
	t.Helper()
	p := &published{t: t, file: f, family: families[architecture], shapes: map[string][]uint64{}, data: map[string][]float32{}}
	p.config = map[string]any{
		"architectures": []string{architecture}, "hidden_act": "silu", "tie_word_embeddings": false,
		"num_hidden_layers": p.number("block_count"), "hidden_size": p.number("embedding_length"),
		"intermediate_size": p.number("feed_forward_length"), "num_attention_heads": p.number("attention.head_count"),
		"num_key_value_heads": p.number("attention.head_count_kv"), "max_position_embeddings": p.number("context_length"),
		"head_dim": p.headDim(), "rope_theta": p.number("rope.freq_base"), "rms_norm_eps": p.number("attention.layer_norm_rms_epsilon"),
		"layer_norm_eps":        p.number("attention.layer_norm_epsilon"),
		"partial_rotary_factor": p.number("rope.dimension_count") / p.headDim(),
		"sliding_window":        p.number("attention.sliding_window"), "num_experts": p.number("expert_count"),
		"num_experts_per_tok": p.number("expert_used_count"), "moe_intermediate_size": p.number("expert_feed_forward_length"),
		"shared_expert_intermediate_size": p.number("expert_shared_feed_forward_length"),
		"rope_local_base_freq":            p.number("rope.freq_base_swa"),
		"n_shared_experts":                p.number("expert_shared_count"), "first_k_dense_replace": p.number("leading_dense_block_count"),
	}
	if p.family.name == "falcon" {
		p.config["ffn_hidden_size"], p.config["layer_norm_epsilon"] = p.number("feed_forward_length"), p.number("attention.layer_norm_epsilon")
	}
	if p.family.gelu {
		p.config["hidden_act"] = "gelu_pytorch_tanh"
	}
	for key, name := range map[string]string{"attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping"} {
		if x := p.number(name); x != 0 {
			p.config[key] = x
		}
	}
	if _, ok := f.Tensor("output.weight"); !ok {
		p.config["tie_word_embeddings"] = true
	}
	if factor := p.number("rope.scaling.factor"); factor != 0 {
		p.config["rope_scaling"] = map[string]any{"type": "linear", "factor": factor}
	}
	if b, err := f.Bool(p.family.name + ".use_parallel_residual"); err == nil {
		p.config["use_parallel_residual"] = b
	}
	p.weights()
	return p
}

func (p *published) number(name string) float64 {
	x, _ := p.file.Float(p.family.name + "." + name)
	return x
}

func (p *published) headDim() float64 {
	if d := p.number("attention.key_length"); d != 0 {
		return d
	}
	return p.number("embedding_length") / p.number("attention.head_count")
}

var inLayer = regexp.MustCompile(`^blk\.(\d+)\.(.*)(\.weight|\.bias)$`)

func (p *published) weights() {
	for _, t := range p.file.Tensors {
		raw, err := p.file.Data(&t)
		if err != nil {
			p.t.Fatal(err)
		}
		x, err := quantize.Decode(t.Type, raw)
		if err != nil {
			p.t.Fatal(err)
		}
		x = slices.Clone(x)
		shape := slices.Clone(t.Dims)
		slices.Reverse(shape)
		if p.family.normsPlus1 && strings.HasSuffix(t.Name, "norm.weight") {
			for i := range x {
				x[i]--
			}
		}
		if p.family.interleaved && (strings.Contains(t.Name, "attn_q.") || strings.Contains(t.Name, "attn_k.")) {
			x = halves(x, int(shape[0]), int(p.headDim()))
		}
		switch {
		case strings.HasPrefix(t.Name, "rope_factors_"):
			scaling, _ := p.config["rope_scaling"].(map[string]any)
			if scaling == nil {
				scaling = map[string]any{
					"type": "longrope", "attention_factor": p.number("rope.scaling.attn_factor"),
					"original_max_position_embeddings": p.number("rope.scaling.original_context_length"),
				}
				p.config["rope_scaling"] = scaling
			}
			scaling[strings.TrimSuffix(strings.TrimPrefix(t.Name, "rope_factors_"), ".weight")+"_factor"] = x
		case len(shape) == 3:
			n := len(x) / int(shape[0])
			for e := range int(shape[0]) {
				p.put(strings.Replace(p.name(t.Name), "*", fmt.Sprint(e), 1), shape[1:], x[e*n:(e+1)*n])
			}
		default:
			p.put(p.name(t.Name), shape, x)
		}
	}
}

// halves brings the rows of heads whose neighbours turn together to the order of those whose halves do.
func halves(x []float32, rows, headDim int) []float32 {
	out, cols := make([]float32, len(x)), len(x)/rows
	for r := range rows {
		i := r % headDim
		to := r - i + i/2 + i%2*headDim/2
		copy(out[to*cols:(to+1)*cols], x[r*cols:(r+1)*cols])
	}
	return out
}

func (p *published) name(name string) string {
	if m := inLayer.FindStringSubmatch(name); m != nil {
		for from, to := range p.family.layers {
			if to == m[2] {
				return layerPrefixes[p.style()] + m[1] + "." + from + m[3]
			}
		}
	}
	dot := strings.LastIndexByte(name, '.')
	for from, to := range outer {
		if to == name[:dot] && (from == "lm_head" || strings.HasPrefix(from, "transformer.") == (p.style() == 1)) {
			return from + name[dot:]
		}
	}
	p.t.Fatalf("no published name for %s", name)
	return ""
}

// style returns which of the two ways to name tensors the family has.
func (p *published) style() int {
	if p.family.name == "falcon" {
		return 1
	}
	return 0
}

func (p *published) put(name string, shape []uint64, x []float32) {
	p.names = append(p.names, name)
	p.shapes[name], p.data[name] = shape, x
}

// write writes names' tensors to a file: as BF16 where bf16 is set, else F32.
func (p *published) write(names []string) *fstest.MapFile {
	header, data := map[string]any{}, []byte{}
	for _, name := range names {
		begin, kind := len(data), "F32"
		for _, v := range p.data[name] {
			if bits := math.Float32bits(v); p.bf16 {
				data, kind = binary.LittleEndian.AppendUint16(data, uint16(bits>>16)), "BF16"
			} else {
				data = binary.LittleEndian.AppendUint32(data, bits)
			}
		}
		header[name] = map[string]any{"dtype": kind, "shape": p.shapes[name], "data_offsets": []int{begin, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		p.t.Fatal(err)
	}
	return &fstest.MapFile{Data: slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text, data)}
}

func (p *published) folder(shards int) fstest.MapFS {
	config, err := json.Marshal(p.config)
	if err != nil {
		p.t.Fatal(err)
	}
	folder := fstest.MapFS{ConfigFile: {Data: config}}
	if shards == 1 {
		folder[weightsFile] = p.write(p.names)
		return folder
	}
	where := map[string]string{}
	for i := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, shards)
		names := p.names[i*len(p.names)/shards : (i+1)*len(p.names)/shards]
		folder[name] = p.write(names)
		for _, n := range names {
			where[n] = name
		}
	}
	index, err := json.Marshal(map[string]any{"weight_map": where})
	if err != nil {
		p.t.Fatal(err)
	}
	folder[IndexFile] = &fstest.MapFile{Data: index}
	return folder
}

// Models of the oracle, published and opened, compute the same.
func TestSameLogits(t *testing.T) {
	for file, architecture := range map[string]string{
		"llama/model-F32.gguf": "LlamaForCausalLM", "mixtral/model-Q4_K.gguf": "MixtralForCausalLM",
		"qwen2/model-Q5_0.gguf": "Qwen2ForCausalLM", "qwen3/model-Q6_K.gguf": "Qwen3ForCausalLM",
		"qwen2moe/model-Q5_1.gguf": "Qwen2MoeForCausalLM", "qwen3moe/model-Q4_0.gguf": "Qwen3MoeForCausalLM",
		"gemma/model-Q4_1.gguf": "GemmaForCausalLM", "gemma2/model-Q5_K.gguf": "Gemma2ForCausalLM",
		"gemma3/model-IQ4_NL.gguf": "Gemma3ForCausalLM", "phi2/model-Q4_1.gguf": "PhiForCausalLM",
		"phi3/model-Q3_K.gguf": "Phi3ForCausalLM", "phi3-longrope/model-Q8_0.gguf": "Phi3ForCausalLM",
		"stablelm/model-IQ4_XS.gguf": "StableLmForCausalLM", "deepseek/model-Q2_K.gguf": "DeepseekForCausalLM",
		"falcon/model-Q5_1.gguf": "FalconForCausalLM",
	} {
		t.Run(strings.ReplaceAll(file, "/", "_"), func(t *testing.T) {
			want, err := gguf.Open(shared.Path(t, "oracle", file))
			if err != nil {
				t.Fatal(err)
			}
			defer want.Close()
			got, err := Open(publish(t, want, architecture).folder(3), "")
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()
			tokens := []int32{5, 99, 7, 300, 12, 13}
			a, err := decoder.Logits(want, tokens, 2048)
			if err != nil {
				t.Fatal(err)
			}
			b, err := decoder.Logits(got, tokens, 2048)
			if err != nil {
				t.Fatal(err)
			}
			if e := nmse(b, a); !(e <= 1e-12) {
				t.Errorf("NMSE %.1e", e)
			}
		})
	}
}

func nmse(got, want [][]float64) float64 {
	var wrong, all float64
	for i := range want {
		for j, x := range want[i] {
			wrong += (got[i][j] - x) * (got[i][j] - x)
			all += x * x
		}
	}
	return wrong / all
}

// The engine runs a published model: BF16, in one file.
func TestEngine(t *testing.T) {
	dev, err := native.Open(native.Options{})
	switch {
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skip("no WebGPU adapter")
	case err != nil:
		t.Fatal(err)
	}
	defer dev.Close()
	original, err := gguf.Open(shared.Path(t, "oracle", "llama", "model-F32.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer original.Close()
	p := publish(t, original, "LlamaForCausalLM")
	p.bf16 = true
	f, err := Open(p.folder(1), weightsFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tokens := []int32{5, 99, 7, 300, 12, 13}
	want, err := decoder.Logits(f, tokens, 64)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Load(context.Background(), dev, f, engine.Options{Context: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var got [][]float64
	err = e.NewSession().Logits(context.Background(), tokens, nil, func(_ int, logits []float32) error {
		row := make([]float64, len(logits))
		for i, x := range logits {
			row[i] = float64(x)
		}
		got = append(got, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if e := nmse(got, want); len(got) != len(tokens) || !(e <= 1e-9) {
		t.Errorf("NMSE %.1e of %d rows", e, len(got))
	}
}

// Falcon's groups of queries with their key and value.
func TestUngrouped(t *testing.T) {
	from := ungrouped(4, 2, 2)
	var got []int64
	for row := range int64(16) {
		got = append(got, from(row))
	}
	if want := []int64{0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15}; !slices.Equal(got, want) {
		t.Errorf("rows from %v, want %v", got, want)
	}
}

// Llama 3's factors, as the usual converter computes them for a head of 64
// values: short waves stay, long ones are stretched by all of the factor.
func TestLlama3Factors(t *testing.T) {
	m := &mapper{config: &config{HeadDim: 64, RopeTheta: 500000, Scaling: scaling{Factor: 8, Low: 1, High: 4}}}
	factors := m.llama3Factors(8192)
	if m.err != nil || factors[0] != 1 || factors[31] != 8 || !slices.IsSorted(factors) {
		t.Errorf("factors %v, %v", factors, m.err)
	}
}

// What is wrong with a folder is said with names and numbers.
func TestRefused(t *testing.T) {
	original, err := gguf.Open(shared.Path(t, "oracle", "mixtral", "model-Q4_K.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer original.Close()
	for want, damage := range map[string]func(p *published, folder fstest.MapFS){
		"architecture BertModel is not supported; these are: DeepseekForCausalLM": func(p *published, _ fstest.MapFS) {
			p.config["architectures"] = []string{"BertModel"}
		},
		`config.json: weights quantised by "fp8"`: func(p *published, _ fstest.MapFS) {
			p.config["quantization_config"] = map[string]any{"quant_method": "fp8"}
		},
		`hidden_act is "relu"`:             func(p *published, _ fstest.MapFS) { p.config["hidden_act"] = "relu" },
		"num_hidden_layers is -1":          func(p *published, _ fstest.MapFS) { p.config["num_hidden_layers"] = -1 },
		`rope_scaling of type "dynamic"`:   func(p *published, _ fstest.MapFS) { p.config["rope_scaling"] = map[string]any{"type": "dynamic"} },
		"expert 8 of 9 has none":           func(p *published, _ fstest.MapFS) { p.config["num_experts"] = 9 },
		"model-00002-of-00003.safetensors": func(_ *published, folder fstest.MapFS) { delete(folder, "model-00002-of-00003.safetensors") },
		"model.layers.0.mlp.extra.weight": func(p *published, _ fstest.MapFS) {
			p.put("model.layers.0.mlp.extra.weight", []uint64{1}, []float32{1})
		},
		"no tensor lm_head.weight, though": func(p *published, _ fstest.MapFS) {
			p.names = slices.DeleteFunc(p.names, func(n string) bool { return n == "lm_head.weight" })
		},
		"weight_map names no file": func(_ *published, folder fstest.MapFS) { folder[IndexFile] = &fstest.MapFile{Data: []byte("{}")} },
	} {
		p := publish(t, original, "MixtralForCausalLM")
		damage(p, fstest.MapFS{}) // of the model
		folder := p.folder(3)
		damage(p, folder) // of its files
		if _, err := Open(folder, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
