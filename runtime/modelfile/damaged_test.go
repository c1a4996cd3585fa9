package modelfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/inspect"
	"github.com/wgslgen/wgslgen/runtime/rdrr"
)

// Limits of what a damaged copy may take.
const (
	mutations  = 2240 // in all
	mostTime   = 20 * time.Second
	mostMemory = 512 << 20 // bytes allocated, beyond which damage has been believed
)

// attempt opens something damaged and looks at it as a user would. An error, and a file that is still valid, are both
// fine; a panic, a hang, and much memory are not.
func attempt(t *testing.T, what string, open func() (*gguf.File, error)) (opened bool) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan string, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		f, err := open()
		switch {
		case err == nil:
			opened = true
			for _, p := range inspect.File(f).Problems {
				if strings.TrimSpace(p) == "" {
					done <- "a problem without a text"
					return
				}
			}
			for i := range f.Tensors {
				f.Data(&f.Tensors[i]) // an error is fine
			}
			f.Close()
		case strings.TrimSpace(err.Error()) == "":
			done <- "an error without a text"
			return
		}
		done <- ""
	}()
	select {
	case wrong := <-done:
		if wrong != "" {
			t.Fatalf("%s: %s", what, wrong)
		}
	case <-time.After(mostTime):
		t.Fatalf("%s: still busy after %v", what, mostTime)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > mostMemory {
		t.Fatalf("%s: %d MiB allocated", what, n>>20)
	}
	return opened
}

// mutate damages the first header bytes of a copy of data, or cuts it.
func mutate(random *rand.Rand, data []byte, header int) (string, []byte) {
	b := slices.Clone(data)
	at := random.IntN(max(header, 1))
	switch random.IntN(6) {
	case 0:
		return fmt.Sprintf("cut at %d", at), b[:at]
	case 1:
		at = random.IntN(len(b))
		return fmt.Sprintf("cut at %d", at), b[:at]
	case 2:
		what := "bits flipped at"
		for range 1 + random.IntN(4) {
			at := random.IntN(header)
			b[at] ^= 1 << random.IntN(8)
			what += fmt.Sprint(" ", at)
		}
		return what, b
	case 3:
		value := []uint32{0, 1, 7, 1 << 16, 1 << 31, 1<<32 - 1, random.Uint32()}[random.IntN(7)]
		binary.LittleEndian.PutUint32(b[min(at, len(b)-4):], value)
		return fmt.Sprintf("%#x at %d", value, at), b
	case 4:
		return fmt.Sprintf("byte %d left out", at), slices.Delete(b, at, at+1)
	}
	n := min(1+random.IntN(64), len(b)-at)
	clear(b[at : at+n])
	return fmt.Sprintf("%d zeros at %d", n, at), b
}

// swapType gives a tensor of a GGUF file another type.
func swapType(random *rand.Rand, data []byte, f *gguf.File) (string, []byte) {
	b := slices.Clone(data)
	t := f.Tensors[random.IntN(len(f.Tensors))]
	entry := binary.LittleEndian.AppendUint64(nil, uint64(len(t.Name)))
	entry = append(entry, t.Name...)
	at := bytes.Index(b, entry) + len(entry) + 4 + 8*len(t.Dims)
	kind := uint32(random.IntN(42))
	binary.LittleEndian.PutUint32(b[at:], kind)
	return fmt.Sprintf("type of %s is %s", t.Name, gguf.Type(kind)), b
}

func TestDamagedGGUF(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(shared.Dir(t), "oracle", "*", "model-*.gguf"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no models", err)
	}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	opened, count := 0, mutations/len(paths)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := gguf.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		header := int(f.Tensors[0].Offset)
		parse := func(what string, b []byte) {
			if attempt(t, path+": "+what, func() (*gguf.File, error) { return gguf.Parse(b) }) {
				opened++
			}
		}
		parse("nothing left", nil)
		for i := range count {
			if i%5 == 0 {
				parse(swapType(random, data, f))
			} else {
				parse(mutate(random, data, header))
			}
		}
	}
	t.Logf("%d mutations, of which %d open", len(paths)*(count+1), opened)
	if opened == 0 {
		t.Error("no damaged file opens: the mutations do not get beyond the header")
	}
}

// A published model: its configuration, and its tensors' shapes, with those of a layer's without their prefix.
type published struct {
	config string
	layer  map[string][]int
}

var publishedModels = map[string]published{
	"Llama": {
		config: `{"architectures":["LlamaForCausalLM"],"hidden_act":"silu","hidden_size":64,"intermediate_size":96,"num_hidden_layers":1,` +
			`"num_attention_heads":2,"num_key_value_heads":1,"max_position_embeddings":256,"rms_norm_eps":1e-5,"tie_word_embeddings":true,` +
			`"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":64}}`,
		layer: map[string][]int{
			"self_attn.q_proj.weight": {64, 64}, "self_attn.k_proj.weight": {32, 64}, "self_attn.v_proj.weight": {32, 64}, "self_attn.o_proj.weight": {64, 64},
			"mlp.gate_proj.weight": {96, 64}, "mlp.up_proj.weight": {96, 64}, "mlp.down_proj.weight": {64, 96},
		},
	},
	"DeepSeek-V3": {
		config: `{"architectures":["DeepseekV3ForCausalLM"],"hidden_act":"silu","hidden_size":64,"intermediate_size":96,"num_hidden_layers":1,"q_lora_rank":32,` +
			`"kv_lora_rank":64,"qk_nope_head_dim":64,"qk_rope_head_dim":64,"v_head_dim":64,"num_attention_heads":2,"num_key_value_heads":2,"max_position_embeddings":256,` +
			`"n_routed_experts":4,"num_experts_per_tok":2,"moe_intermediate_size":32,"n_shared_experts":1,"scoring_func":"sigmoid","topk_method":"noaux_tc","n_group":1,` +
			`"norm_topk_prob":true,"routed_scaling_factor":2.5,"rms_norm_eps":1e-6,"tie_word_embeddings":true,` +
			`"rope_scaling":{"type":"yarn","factor":4,"beta_fast":32,"beta_slow":1,"mscale":1,"mscale_all_dim":1,"original_max_position_embeddings":64}}`,
		layer: map[string][]int{
			"self_attn.q_a_proj.weight": {32, 64}, "self_attn.q_a_layernorm.weight": {32}, "self_attn.q_b_proj.weight": {256, 32},
			"self_attn.kv_a_proj_with_mqa.weight": {128, 64}, "self_attn.kv_a_layernorm.weight": {64}, "self_attn.kv_b_proj.weight": {256, 64}, "self_attn.o_proj.weight": {64, 128},
			"mlp.gate.weight": {4, 64}, "mlp.gate.e_score_correction_bias": {4},
			"mlp.experts.0.gate_proj.weight": {32, 64}, "mlp.experts.0.up_proj.weight": {32, 64}, "mlp.experts.0.down_proj.weight": {64, 32},
			"mlp.experts.1.gate_proj.weight": {32, 64}, "mlp.experts.1.up_proj.weight": {32, 64}, "mlp.experts.1.down_proj.weight": {64, 32},
			"mlp.experts.2.gate_proj.weight": {32, 64}, "mlp.experts.2.up_proj.weight": {32, 64}, "mlp.experts.2.down_proj.weight": {64, 32},
			"mlp.experts.3.gate_proj.weight": {32, 64}, "mlp.experts.3.up_proj.weight": {32, 64}, "mlp.experts.3.down_proj.weight": {64, 32},
			"mlp.shared_experts.gate_proj.weight": {32, 64}, "mlp.shared_experts.up_proj.weight": {32, 64}, "mlp.shared_experts.down_proj.weight": {64, 32},
		},
	},
	"gpt-oss": {
		config: `{"architectures":["GptOssForCausalLM"],"hidden_act":"silu","hidden_size":64,"intermediate_size":32,"num_hidden_layers":1,"head_dim":32,` +
			`"num_attention_heads":2,"num_key_value_heads":1,"max_position_embeddings":256,"num_local_experts":4,"experts_per_token":2,"sliding_window":16,` +
			`"swiglu_limit":7,"layer_types":["sliding_attention"],"rms_norm_eps":1e-5,"tie_word_embeddings":true,"quantization_config":{"quant_method":"mxfp4"},` +
			`"rope_scaling":{"rope_type":"yarn","factor":32,"beta_fast":32,"beta_slow":1,"truncate":false,"original_max_position_embeddings":64}}`,
		layer: map[string][]int{
			"self_attn.q_proj.weight": {64, 64}, "self_attn.k_proj.weight": {32, 64}, "self_attn.v_proj.weight": {32, 64}, "self_attn.o_proj.weight": {64, 64},
			"self_attn.q_proj.bias": {64}, "self_attn.k_proj.bias": {32}, "self_attn.v_proj.bias": {32}, "self_attn.o_proj.bias": {64}, "self_attn.sinks": {2},
			"mlp.router.weight": {4, 64}, "mlp.router.bias": {4},
			"mlp.experts.gate_up_proj_blocks": {4, 64, 2, 16}, "mlp.experts.gate_up_proj_scales": {4, 64, 2}, "mlp.experts.gate_up_proj_bias": {4, 64},
			"mlp.experts.down_proj_blocks": {4, 64, 1, 16}, "mlp.experts.down_proj_scales": {4, 64, 1}, "mlp.experts.down_proj_bias": {4, 64},
		},
	},
}

// folder returns the model in a folder, with weights of zero.
func (p published) folder(t *testing.T) fstest.MapFS {
	t.Helper()
	header, end := map[string]any{}, 0
	add := func(name string, shape []int) {
		kind, n := "BF16", 2
		if strings.HasSuffix(name, "_blocks") || strings.HasSuffix(name, "_scales") {
			kind, n = "U8", 1
		}
		for _, d := range shape {
			n *= d
		}
		header[name] = map[string]any{"dtype": kind, "shape": shape, "data_offsets": []int{end, end + n}}
		end += n
	}
	add("model.embed_tokens.weight", []int{40, 64})
	add("model.norm.weight", []int{64})
	add("model.layers.0.input_layernorm.weight", []int{64})
	add("model.layers.0.post_attention_layernorm.weight", []int{64})
	for name, shape := range p.layer {
		add("model.layers.0."+name, shape)
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	weights := slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text, make([]byte, end))
	return fstest.MapFS{"config.json": {Data: []byte(p.config)}, "model.safetensors": {Data: weights}}
}

// rdrrFolder is a model of the oracle as an RDRR folder.
func rdrrFolder(t *testing.T) fstest.MapFS {
	t.Helper()
	f, err := gguf.Open(shared.Path(t, "oracle", "llama", "model-Q8_0.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir, folder := t.TempDir(), fstest.MapFS{}
	if err := rdrr.Write(dir, f, func(int64) error { return nil }); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		folder[e.Name()] = &fstest.MapFile{Data: data}
	}
	return folder
}

func TestDamagedFolders(t *testing.T) {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	folders := map[string]fstest.MapFS{"RDRR": rdrrFolder(t)}
	for name, p := range publishedModels {
		folders[name] = p.folder(t)
	}
	for kind, folder := range folders {
		f, err := openFolder(folder, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range inspect.File(f).Problems {
			if !strings.Contains(problem, "tokenizer") { // the published model has none
				t.Fatalf("%s, undamaged: %s", kind, problem)
			}
		}
		for name, file := range folder {
			header := min(len(file.Data), 4096)
			for range 150 {
				what, data := mutate(random, file.Data, header)
				damaged := fstest.MapFS{}
				for other, whole := range folder {
					damaged[other] = whole
				}
				damaged[name] = &fstest.MapFile{Data: data}
				attempt(t, kind+" "+name+": "+what, func() (*gguf.File, error) { return openFolder(damaged, "") })
			}
		}
	}
}
