package huggingface

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	bytes  map[string][]byte // tensors of U8
	bf16   bool
	plain  bool // gpt-oss: experts as plain numbers, not MXFP4
}

// publish undoes, with code of its own, what opening does.
func publish(t *testing.T, f *gguf.File, architecture string) *published {
	t.Helper()
	return publishAs(t, f, architecture, false)
}

func publishAs(t *testing.T, f *gguf.File, architecture string, plain bool) *published {
	t.Helper()
	p := &published{
		t: t, file: f, family: families[architecture], plain: plain,
		shapes: map[string][]uint64{}, data: map[string][]float32{}, bytes: map[string][]byte{},
	}
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
	switch p.family.name {
	case "deepseek2":
		p.describeDeepSeek2()
	case "gpt-oss":
		delete(p.config, "moe_intermediate_size") // intermediate_size is that of an expert
		p.config["intermediate_size"] = p.number("expert_feed_forward_length")
		p.config["rope_scaling"] = map[string]any{
			"rope_type": "yarn", "factor": p.number("rope.scaling.factor"), "beta_fast": 32.0, "beta_slow": 1.0,
			"original_max_position_embeddings": p.number("rope.scaling.original_context_length"),
		}
		if !plain {
			p.config["quantization_config"] = map[string]any{"quant_method": "mxfp4"}
		}
	}
	p.weights()
	return p
}

func (p *published) describeDeepSeek2() {
	rot := p.number("rope.dimension_count")
	p.config["num_key_value_heads"] = p.config["num_attention_heads"]
	delete(p.config, "num_experts")
	delete(p.config, "head_dim")
	for key, value := range map[string]any{
		"n_routed_experts": p.number("expert_count"), "kv_lora_rank": p.number("attention.kv_lora_rank"), "q_lora_rank": nil,
		"qk_rope_head_dim": rot, "qk_nope_head_dim": p.number("attention.key_length_mla") - rot, "v_head_dim": p.number("attention.value_length_mla"),
		"routed_scaling_factor": p.number("expert_weights_scale"), "scoring_func": "softmax", "topk_method": "greedy", "n_group": 1, "topk_group": 1,
	} {
		p.config[key] = value
	}
	if rank := p.number("attention.q_lora_rank"); rank > 0 {
		p.config["q_lora_rank"] = rank
	}
	if p.number("expert_gating_func") == 2 {
		p.config["scoring_func"], p.config["topk_method"] = "sigmoid", "noaux_tc"
	}
	if groups := p.number("expert_group_count"); groups > 1 {
		p.config["n_group"], p.config["topk_group"] = groups, p.number("expert_group_used_count")
		if p.config["topk_method"] == "greedy" {
			p.config["topk_method"] = "group_limited_greedy"
		}
	}
	p.config["norm_topk_prob"], _ = p.file.Bool("deepseek2.expert_weights_norm")
	if factor := p.number("rope.scaling.factor"); factor != 0 {
		mscale := 10 * p.number("rope.scaling.yarn_log_multiplier")
		p.config["rope_scaling"] = map[string]any{
			"type": "yarn", "factor": factor, "original_max_position_embeddings": p.number("rope.scaling.original_context_length"),
			"beta_fast": 32, "beta_slow": 1, "mscale": mscale, "mscale_all_dim": mscale,
		}
	}
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
		case p.family.name == "deepseek2" && p.latent(t.Name, x):
		case p.family.name == "gpt-oss" && p.ofExperts(t.Name, shape, x, raw):
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
		case len(shape) == 3 || strings.Contains(p.name(t.Name), ".norms.*"):
			n := len(x) / int(shape[0])
			for e := range int(shape[0]) {
				p.put(strings.Replace(p.name(t.Name), "*", fmt.Sprint(e), 1), shape[1:], x[e*n:(e+1)*n])
			}
		default:
			p.put(p.name(t.Name), shape, x)
		}
	}
}

// latent puts the tensors of latent attention and routing that are more than renamed, and reports whether this is one.
func (p *published) latent(name string, x []float32) bool {
	layer, part, _ := strings.Cut(strings.TrimPrefix(name, "blk."), ".")
	if layer = "model.layers." + layer; part == "exp_probs_b.bias" {
		p.put(layer+".mlp.gate.e_score_correction_bias", []uint64{uint64(len(x))}, x)
		return true
	}
	key := part == "attn_k_b.weight"
	if !key && part != "attn_v_b.weight" {
		return false
	}
	heads, rank := int(p.number("attention.head_count")), int(p.number("attention.kv_lora_rank"))
	plain, value := int(p.number("attention.key_length_mla")-p.number("rope.dimension_count")), int(p.number("attention.value_length_mla"))
	up := layer + ".self_attn.kv_b_proj.weight"
	if p.data[up] == nil {
		p.put(up, []uint64{uint64(heads * (plain + value)), uint64(rank)}, make([]float32, heads*(plain+value)*rank))
	}
	for h := range heads {
		for r := range rank {
			for d := range plain {
				if key {
					p.data[up][(h*(plain+value)+d)*rank+r] = x[(h*rank+r)*plain+d]
				}
			}
			for d := range value {
				if !key {
					p.data[up][(h*(plain+value)+plain+d)*rank+r] = x[(h*value+d)*rank+r]
				}
			}
		}
	}
	return true
}

// ofExperts puts gpt-oss's sinks and tensors of all experts, and reports whether this is one.
func (p *published) ofExperts(name string, shape []uint64, x []float32, blocks []byte) bool {
	layer, part, _ := strings.Cut(strings.TrimPrefix(name, "blk."), ".")
	layer = "model.layers." + layer
	if part == "attn_sinks.weight" {
		p.put(layer+".self_attn.sinks", shape, x)
		return true
	}
	stem, ending, _ := strings.Cut(part, "_exps.")
	if ending == "" {
		return false
	}
	to, turns, turn := layer+".mlp.experts.down_proj", 1, 0
	if stem != "ffn_down" {
		to, turns = layer+".mlp.experts.gate_up_proj", 2
		if stem == "ffn_up" {
			turn = 1
		}
	}
	experts, rows := int(shape[0]), int(shape[1])
	switch {
	case ending == "bias":
		all := p.room(to+"_bias", uint64(experts), uint64(rows*turns))
		for i, v := range x {
			all[i*turns+turn] = v
		}
	case p.plain:
		cols := int(shape[2])
		all := p.room(to, uint64(experts), uint64(cols), uint64(rows*turns))
		for i, v := range x {
			e, r, c := i/cols/rows, i/cols%rows, i%cols
			all[(e*cols+c)*rows*turns+r*turns+turn] = v
		}
	default:
		each := int(shape[2]) / 32
		numbers := p.roomBytes(to+"_blocks", uint64(experts), uint64(rows*turns), uint64(each), 16)
		scales := p.roomBytes(to+"_scales", uint64(experts), uint64(rows*turns), uint64(each))
		for i := range len(blocks) / 17 {
			at, block := (i/each*turns+turn)*each+i%each, blocks[17*i:17*i+17]
			scales[at] = block[0]
			var nibbles [32]byte
			for j, b := range block[1:] {
				nibbles[j], nibbles[j+16] = b&15, b>>4
			}
			for j := range 16 {
				numbers[16*at+j] = nibbles[2*j] | nibbles[2*j+1]<<4
			}
		}
	}
	return true
}

// room returns the numbers of a tensor, which is put where it is not there.
func (p *published) room(name string, shape ...uint64) []float32 {
	if p.data[name] == nil {
		p.put(name, shape, make([]float32, product(shape)))
	}
	return p.data[name]
}

func (p *published) roomBytes(name string, shape ...uint64) []byte {
	if p.bytes[name] == nil {
		p.put(name, shape, nil)
		p.bytes[name] = make([]byte, product(shape))
	}
	return p.bytes[name]
}

func product(shape []uint64) uint64 {
	n := uint64(1)
	for _, d := range shape {
		n *= d
	}
	return n
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
		if raw, ok := p.bytes[name]; ok {
			data, kind = append(data, raw...), "U8"
		}
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
		"falcon/model-Q5_1.gguf": "FalconForCausalLM", "deepseek2/model-Q4_K.gguf": "DeepseekV3ForCausalLM",
		"gpt-oss/model-MXFP4.gguf": "GptOssForCausalLM",
	} {
		t.Run(strings.ReplaceAll(file, "/", "_"), func(t *testing.T) {
			f := original(t, file)
			sameLogits(t, f, publish(t, f, architecture))
		})
	}
}

// original opens a model of the oracle.
func original(t *testing.T, file string) *gguf.File {
	t.Helper()
	f, err := gguf.Open(shared.Path(t, "oracle", file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func sameLogits(t *testing.T, want *gguf.File, p *published) {
	t.Helper()
	got, err := Open(p.folder(3), "")
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
}

// changed returns a copy of a file with other metadata and names of tensors; those that become "" are left out.
func changed(t *testing.T, f *gguf.File, set map[string]any, names map[string]string) *gguf.File {
	t.Helper()
	w := &gguf.Writer{Metadata: f.Metadata.Clone()}
	for key, value := range set {
		if err := w.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	for i := range f.Tensors {
		tensor := &f.Tensors[i]
		name := tensor.Name
		for from, to := range names {
			if strings.Contains(name, "."+from+".") {
				name = strings.Replace(name, from, to, 1)
				if to == "" {
					name = ""
				}
			}
		}
		if name == "" {
			continue
		}
		if err := w.AddTensor(name, tensor.Type, tensor.Dims, f.Reader(tensor)); err != nil {
			t.Fatal(err)
		}
	}
	return w.File()
}

// DeepSeek-V2 in the forms in which its sizes are published: Lite does not compress queries, the others choose experts
// within groups, and all of them stretch their context.
func TestDeepSeekV2(t *testing.T) {
	f := original(t, "deepseek2/model-Q4_K.gguf")
	softmax := map[string]any{
		"deepseek2.expert_gating_func": uint32(1), "deepseek2.expert_weights_norm": false, "deepseek2.expert_weights_scale": float32(16),
		"deepseek2.rope.scaling.type": "yarn", "deepseek2.rope.scaling.factor": float32(40),
		"deepseek2.rope.scaling.original_context_length": uint32(64), "deepseek2.rope.scaling.yarn_log_multiplier": float32(0.0707),
	}
	t.Run("Lite", func(t *testing.T) {
		set := maps.Clone(softmax)
		set["deepseek2.attention.q_lora_rank"] = uint32(0)
		lite := changed(t, f, set, map[string]string{"attn_q_b": "attn_q", "attn_q_a": "", "attn_q_a_norm": "", "exp_probs_b": ""})
		sameLogits(t, lite, publish(t, lite, "DeepseekV2ForCausalLM"))
	})
	t.Run("groups", func(t *testing.T) {
		set := maps.Clone(softmax)
		set["deepseek2.expert_group_count"], set["deepseek2.expert_group_used_count"] = uint32(4), uint32(2)
		groups := changed(t, f, set, map[string]string{"exp_probs_b": ""})
		sameLogits(t, groups, publish(t, groups, "DeepseekV2ForCausalLM"))
	})
	t.Run("V3 with layers for further tokens", func(t *testing.T) {
		p := publish(t, f, "DeepseekV3ForCausalLM")
		p.config["num_nextn_predict_layers"] = 1
		p.put("model.layers.2.shared_head.head.weight", []uint64{2, 2}, make([]float32, 4))
		sameLogits(t, f, p)
	})
}

// StableLM-2-12B: queries and keys have a norm for each head, fewer for keys.
func TestNormsOfHeads(t *testing.T) {
	f := original(t, "stablelm/model-IQ4_XS.gguf")
	w := &gguf.Writer{Metadata: f.Metadata.Clone()}
	if err := errors.Join(w.Set("stablelm.use_parallel_residual", true), w.Set("stablelm.attention.head_count_kv", uint32(2))); err != nil {
		t.Fatal(err)
	}
	vector := func(name string, dims ...uint64) {
		x := make([]float32, product(dims))
		for i := range x {
			x[i] = float32(1 + i%7)
		}
		data, _ := binary.Append(nil, binary.LittleEndian, x)
		if err := w.AddTensor(name, gguf.F32, dims, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range f.Tensors {
		tensor := f.Tensors[i]
		if strings.Contains(tensor.Name, "ffn_norm") {
			continue
		}
		if strings.Contains(tensor.Name, "attn_k.") || strings.Contains(tensor.Name, "attn_v.") { // the first two heads
			tensor.Dims = slices.Clone(tensor.Dims)
			tensor.Dims[len(tensor.Dims)-1] /= 2
			tensor.Size /= 2
		}
		if err := w.AddTensor(tensor.Name, tensor.Type, tensor.Dims, f.Reader(&tensor)); err != nil {
			t.Fatal(err)
		}
	}
	for layer := range 2 {
		vector(fmt.Sprintf("blk.%d.attn_q_norm.weight", layer), 64, 4)
		vector(fmt.Sprintf("blk.%d.attn_k_norm.weight", layer), 64, 2)
	}
	normed := w.File()
	p := publish(t, normed, "StableLmForCausalLM")
	p.bf16 = true // which holds these norms
	got, err := Open(p.folder(1), "")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if tensor, ok := got.Tensor("blk.1.attn_k_norm.weight"); !ok || tensor.Type != gguf.F32 || !slices.Equal(tensor.Dims, []uint64{64, 2}) {
		t.Errorf("norms of keys are %+v", tensor)
	}
	p.bf16 = false
	sameLogits(t, normed, p)
}

// The first Mistral sees a window.
func TestWindow(t *testing.T) {
	f := changed(t, original(t, "llama/model-F32.gguf"), map[string]any{"llama.attention.sliding_window": uint32(3)}, nil)
	sameLogits(t, f, publish(t, f, "MistralForCausalLM"))
}

// Newer configurations of Gemma 3 tell the bases of RoPE for each kind of layer.
func TestRopeParameters(t *testing.T) {
	f := original(t, "gemma3/model-IQ4_NL.gguf")
	p := publish(t, f, "Gemma3ForCausalLM")
	p.config["rope_parameters"] = map[string]any{
		"full_attention":    map[string]any{"rope_type": "default", "rope_theta": p.config["rope_theta"]},
		"sliding_attention": map[string]any{"rope_type": "default", "rope_theta": p.config["rope_local_base_freq"]},
	}
	delete(p.config, "rope_theta")
	delete(p.config, "rope_local_base_freq")
	sameLogits(t, f, p)
}

// gpt-oss with experts of plain numbers.
func TestPlainGPTOSS(t *testing.T) {
	f := original(t, "gpt-oss/model-MXFP4.gguf")
	sameLogits(t, f, publishAs(t, f, "GptOssForCausalLM", true))
}

// MXFP4 of a published model comes out as the same bytes.
func TestSameBlocks(t *testing.T) {
	want := original(t, "gpt-oss/model-MXFP4.gguf")
	got, err := Open(publish(t, want, "GptOssForCausalLM").folder(1), "")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	for i := range want.Tensors {
		tensor := &want.Tensors[i]
		if !strings.Contains(tensor.Name, "_exps.weight") {
			continue
		}
		opened, ok := got.Tensor(tensor.Name)
		if !ok || opened.Type != gguf.MXFP4 || !slices.Equal(opened.Dims, tensor.Dims) {
			t.Fatalf("%s is %+v, want %+v", tensor.Name, opened, tensor)
		}
		a, err := want.Data(tensor)
		if err != nil {
			t.Fatal(err)
		}
		b, err := got.Data(opened)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s is another", tensor.Name)
		}
		part := make([]byte, 100) // from the middle of a block
		if n, err := got.Reader(opened).ReadAt(part, 1005); n != len(part) || !bytes.Equal(part, a[1005:1105]) {
			t.Errorf("%s: %d bytes, %v", tensor.Name, n, err)
		}
	}
}

// YaRN whose range is not rounded, as gpt-oss has it: with heads of 64 values, pairs up to 8.09 turn fast enough to stay,
// those from 17.40 on are stretched by all of the factor.
func TestYaRNNotRounded(t *testing.T) {
	f := original(t, "gpt-oss/model-MXFP4.gguf")
	p := publish(t, f, "GptOssForCausalLM")
	p.config["rope_scaling"].(map[string]any)["truncate"] = false
	got, err := Open(p.folder(1), "")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	tensor, ok := got.Tensor("rope_freqs.weight")
	if !ok {
		t.Fatal("no factors")
	}
	data, err := got.Data(tensor)
	if err != nil {
		t.Fatal(err)
	}
	factors := make([]float64, 0, 32)
	for ; len(data) > 0; data = data[4:] {
		factors = append(factors, float64(math.Float32frombits(binary.LittleEndian.Uint32(data))))
	}
	const low, high = 8.0928, 17.3980
	blend := (12 - low) / (high - low)
	want := 1 / (blend/32 + 1 - blend)
	if len(factors) != 32 || factors[8] != 1 || !(factors[9] > 1) || !(factors[17] < 32) || factors[18] != 32 || math.Abs(factors[12]/want-1) > 1e-4 {
		t.Errorf("factors %v", factors)
	}
	if x, err := got.Float("gpt-oss.rope.scaling.attn_factor"); err != nil || math.Abs(x-1.3465736) > 1e-6 || got.Has("gpt-oss.rope.scaling.type") {
		t.Errorf("rotated values are scaled by %g, %v", x, err)
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

// The engine runs published models: BF16, in one file.
func TestEngine(t *testing.T) {
	dev, err := native.Open(native.Options{})
	switch {
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skip("no WebGPU adapter")
	case err != nil:
		t.Fatal(err)
	}
	defer dev.Close()
	for architecture, file := range map[string]string{
		"LlamaForCausalLM": "llama/model-F32.gguf", "DeepseekV3ForCausalLM": "deepseek2/model-Q4_K.gguf", "GptOssForCausalLM": "gpt-oss/model-MXFP4.gguf",
	} {
		t.Run(architecture, func(t *testing.T) {
			p := publish(t, original(t, file), architecture)
			p.bf16 = true
			testEngine(t, dev, p)
		})
	}
}

func testEngine(t *testing.T, dev gpu.Device, p *published) {
	t.Helper()
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
		"number 8 of 9 is missing":         func(p *published, _ fstest.MapFS) { p.config["num_experts"] = 9 },
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

// The same for what families have of their own.
func TestSpecialRefused(t *testing.T) {
	for _, test := range []struct {
		file, architecture, want string
		damage                   func(p *published)
	}{
		{"deepseek2/model-Q4_K.gguf", "DeepseekV3ForCausalLM", `kv_b_proj.weight" is F32 [1024 512]; F32, F16 or BF16 of the shape [1020 512]`, func(p *published) { p.config["v_head_dim"] = 127 }},
		{"deepseek2/model-Q4_K.gguf", "DeepseekV3ForCausalLM", "kv_lora_rank is 0", func(p *published) { p.config["kv_lora_rank"] = nil }},
		{"deepseek2/model-Q4_K.gguf", "DeepseekV3ForCausalLM", `topk_method is "best"`, func(p *published) { p.config["topk_method"] = "best" }},
		{"deepseek2/model-Q4_K.gguf", "DeepseekV3ForCausalLM", "rope_interleave is false", func(p *published) { p.config["rope_interleave"] = false }},
		{"deepseek2/model-Q4_K.gguf", "DeepseekV3ForCausalLM", "mscale 1 and mscale_all_dim 0.5", func(p *published) {
			p.config["rope_scaling"] = map[string]any{"type": "yarn", "factor": 40, "original_max_position_embeddings": 64, "mscale": 1, "mscale_all_dim": 0.5}
		}},
		{"deepseek2/model-Q4_K.gguf", "DeepseekV3ForCausalLM", `weights quantised by "mxfp4"`, func(p *published) {
			p.config["quantization_config"] = map[string]any{"quant_method": "mxfp4"}
		}},
		{"gpt-oss/model-MXFP4.gguf", "GptOssForCausalLM", "swiglu_limit is 8", func(p *published) { p.config["swiglu_limit"] = 8 }},
		{"gpt-oss/model-MXFP4.gguf", "GptOssForCausalLM", `layer_types has "full_attention" for layer 0`, func(p *published) {
			p.config["layer_types"] = []string{"full_attention", "sliding_attention"}
		}},
		{"gpt-oss/model-MXFP4.gguf", "GptOssForCausalLM", `down_proj_blocks" has no scales`, func(p *published) {
			p.names = slices.DeleteFunc(p.names, func(n string) bool { return n == "model.layers.0.mlp.experts.down_proj_scales" })
		}},
		{"gpt-oss/model-MXFP4.gguf", "GptOssForCausalLM", "its scales are U8 [8 512]", func(p *published) {
			name := "model.layers.0.mlp.experts.gate_up_proj_scales"
			p.shapes[name], p.bytes[name] = []uint64{8, 512}, make([]byte, 8*512)
		}},
		{"gemma3/model-IQ4_NL.gguf", "Gemma3ForCausalLM", `layer_types has "full_attention" for layer 1`, func(p *published) {
			p.config["layer_types"] = []string{"sliding_attention", "full_attention"}
		}},
		{"qwen2/model-Q5_0.gguf", "Qwen2ForCausalLM", "use_sliding_window is true, with sliding_window 16", func(p *published) {
			p.config["use_sliding_window"], p.config["sliding_window"] = true, 16
		}},
	} {
		p := publish(t, original(t, test.file), test.architecture)
		test.damage(p)
		if _, err := Open(p.folder(1), ""); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}
