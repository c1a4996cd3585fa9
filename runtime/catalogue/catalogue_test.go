package catalogue

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// Published numbers of parameters, in billions, to as many places as their model cards give.
func TestParameters(t *testing.T) {
	published := map[string]float64{
		"smollm2-135m": 0.135, "smollm2-360m": 0.362, "smollm2-1.7b": 1.71, "tinyllama-1.1b": 1.10,
		"llama-2-7b": 6.74, "llama-2-13b": 13.0, "llama-2-70b": 69.0, "llama-3-8b": 8.03, "llama-3.1-8b": 8.03, "llama-3.1-70b": 70.6,
		"llama-3.1-405b": 405.9, "llama-3.2-1b": 1.24, "llama-3.2-3b": 3.21, "mistral-7b-v0.3": 7.25, "mistral-nemo-12b": 12.2,
		"mixtral-8x7b": 46.7, "mixtral-8x22b": 140.6, "qwen2.5-0.5b": 0.494, "qwen2.5-1.5b": 1.54, "qwen2.5-3b": 3.09, "qwen2.5-7b": 7.62,
		"qwen2.5-14b": 14.8, "qwen2.5-32b": 32.8, "qwen2.5-72b": 72.7, "qwen1.5-moe-a2.7b": 14.3, "qwen3-0.6b": 0.596, "qwen3-1.7b": 1.72,
		"qwen3-4b": 4.02, "qwen3-8b": 8.19, "qwen3-14b": 14.8, "qwen3-32b": 32.8, "qwen3-30b-a3b": 30.5, "qwen3-235b-a22b": 235.1,
		"gemma-2b": 2.51, "gemma-7b": 8.54, "gemma-2-2b": 2.61, "gemma-2-9b": 9.24, "gemma-2-27b": 27.2, "gemma-3-1b": 1.00,
		"phi-2": 2.78, "phi-3.5-mini": 3.82, "phi-4": 14.7, "phi-4-mini": 3.84, "deepseek-moe-16b": 16.4, "deepseek-v2-lite": 15.7,
		"deepseek-v3": 671, "stablelm-2-1.6b": 1.64, "stablelm-3b": 2.80, "falcon-7b": 6.9, "falcon-40b": 41.3, "gpt-oss-20b": 20.9, "gpt-oss-120b": 116.8,
	}
	for name, want := range published {
		m, err := Find(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := float64(m.Parameters()) / 1e9; math.Abs(got-want) > 0.006*want {
			t.Errorf("%s has %.3f B parameters; %v B are published", name, got, want)
		}
	}
}

// A model of the catalogue lists the tensors that real files of its architecture have.
func TestTensorsAreThoseOfFiles(t *testing.T) {
	for _, c := range []struct {
		file string
		like Model
	}{
		{"qwen2moe/model-Q5_1.gguf", Model{Architecture: "qwen2moe", Experts: Experts{Count: 8, Used: 4, FeedForward: 256, Shared: 512}}},
		{"gemma3/model-IQ4_NL.gguf", Model{Architecture: "gemma3", Layers: 7, KVHeads: 1, HeadDim: 256, Tied: true}},
		{"phi2/model-Q4_1.gguf", Model{Architecture: "phi2", KVHeads: 4}},
		{"phi3/model-Q8_0.gguf", Model{Architecture: "phi3", KVHeads: 4}},
		{"falcon/model-Q5_1.gguf", Model{Architecture: "falcon", KVHeads: 1, Tied: true}},
		{"mixtral/model-Q4_K.gguf", Model{Architecture: "llama", Experts: Experts{Count: 8, Used: 2, FeedForward: 512}}},
		{"gpt-oss/model-MXFP4.gguf", Model{Architecture: "gpt-oss", Heads: 8, HeadDim: 64, Experts: Experts{Count: 8, Used: 4, FeedForward: 256}}},
		{"deepseek/model-Q2_K.gguf", Model{Architecture: "deepseek", KVHeads: 4, Experts: Experts{Count: 8, Used: 3, FeedForward: 256, Shared: 512, Dense: 1}}},
		{"deepseek2/model-Q4_K.gguf", Model{Architecture: "deepseek2", Rotated: 64, Latent: Latent{Q: 256, KV: 512, Plain: 128, Value: 128},
			Experts: Experts{Count: 8, Used: 3, FeedForward: 256, Shared: 256, Dense: 1}}},
	} {
		m := c.like
		m.Layers, m.Hidden, m.FeedForward, m.Vocabulary = or(m.Layers, 2), 256, 512, 512
		m.Heads, m.KVHeads = or(m.Heads, 4), or(m.KVHeads, 2)
		f, err := gguf.Open(shared.Path(t, "oracle", c.file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want, got := map[string][]uint64{}, map[string][]uint64{}
		for _, tensor := range f.Tensors {
			want[tensor.Name] = tensor.Dims
		}
		for _, tensor := range m.Tensors() {
			got[tensor.Name] = tensor.Dims
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-file +catalogue):\n%s", c.file, diff)
		}
	}
}

func TestMixture(t *testing.T) {
	m, err := Find("llama-3.1-8b")
	if err != nil {
		t.Fatal(err)
	}
	mix, err := ParseMixture("Q4_K_M")
	if err != nil {
		t.Fatal(err)
	}
	if got := float64(m.FileBytes(mix)) / 1e9; math.Abs(got-4.92) > 0.01 { // the published file has 4.92 GB
		t.Errorf("llama-3.1-8b in Q4_K_M: %.2f GB", got)
	}
	if _, err := ParseMixture("q9"); err == nil || !strings.Contains(err.Error(), `"q9"`) {
		t.Errorf("q9: %v", err)
	}
}

func TestTableIsGenerated(t *testing.T) {
	want, err := Table()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/models.md is not what go generate writes (-want +got):\n%s", diff)
	}
}
