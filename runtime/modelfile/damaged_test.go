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

// publishedFolder is a small model as it is published.
func publishedFolder(t *testing.T) fstest.MapFS {
	t.Helper()
	config := `{"architectures":["LlamaForCausalLM"],"hidden_act":"silu","hidden_size":64,"intermediate_size":96,"num_hidden_layers":1,` +
		`"num_attention_heads":2,"num_key_value_heads":1,"max_position_embeddings":256,"rms_norm_eps":1e-5,"tie_word_embeddings":true,` +
		`"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":64}}`
	header, end := map[string]any{}, 0
	for name, shape := range map[string][]int{
		"model.embed_tokens.weight": {40, 64}, "model.norm.weight": {64},
		"model.layers.0.input_layernorm.weight": {64}, "model.layers.0.post_attention_layernorm.weight": {64},
		"model.layers.0.self_attn.q_proj.weight": {64, 64}, "model.layers.0.self_attn.k_proj.weight": {32, 64},
		"model.layers.0.self_attn.v_proj.weight": {32, 64}, "model.layers.0.self_attn.o_proj.weight": {64, 64},
		"model.layers.0.mlp.gate_proj.weight": {96, 64}, "model.layers.0.mlp.up_proj.weight": {96, 64}, "model.layers.0.mlp.down_proj.weight": {64, 96},
	} {
		n := 2
		for _, d := range shape {
			n *= d
		}
		header[name] = map[string]any{"dtype": "BF16", "shape": shape, "data_offsets": []int{end, end + n}}
		end += n
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	weights := slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text, make([]byte, end))
	return fstest.MapFS{"config.json": {Data: []byte(config)}, "model.safetensors": {Data: weights}}
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
	for kind, folder := range map[string]fstest.MapFS{"published": publishedFolder(t), "RDRR": rdrrFolder(t)} {
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
