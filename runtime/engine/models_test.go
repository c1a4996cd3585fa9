package engine

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

func openTokenizer(t *testing.T, path string) *tokenizer.Tokenizer {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tok, err := tokenizer.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestStories compares the published greedy text of a public model.
func TestStories(t *testing.T) {
	dir := shared.Path(t, "models", "stories260K")
	path := filepath.Join(dir, "stories260K.gguf")
	want := strings.TrimSpace(readText(t, filepath.Join(dir, "expected_t0_n200.txt")))
	tok := openTokenizer(t, path)
	e := load(t, openDevice(t), path, Options{Context: 256})
	ids := generate(t, e.NewSession(), tok.EncodePrompt(""), Generation{Tokens: 200})
	if got := strings.TrimSpace(tok.Decode(ids)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// taleReference is what models/tale/reference.json holds of each model.
type taleReference struct {
	Logits  map[string]struct{ File string } `json:"logits"`
	Prompts []struct {
		Name  string  `json:"name"`
		IDs   []int32 `json:"ids"`
		Exact struct {
			IDs []int32 `json:"ids"`
		} `json:"exact"`
	} `json:"prompts"`
}

// TestTale compares the greedy continuations and the logits of the project's
// own models: mixtures of experts as a whole, and with room for one expert a
// layer, which must not change a bit.
func TestTale(t *testing.T) {
	dir := shared.Path(t, "models", "tale")
	var reference struct {
		LogitsPrompt struct{ IDs []int32 } `json:"logits_prompt"`
		Models       map[string]taleReference
	}
	if err := json.Unmarshal([]byte(readText(t, filepath.Join(dir, "reference.json"))), &reference); err != nil {
		t.Fatal(err)
	}
	models, err := filepath.Glob(filepath.Join(dir, "tale-*.gguf"))
	if err != nil || len(models) == 0 {
		t.Fatalf("no models (%v)", err)
	}
	dev := openDevice(t)
	for _, path := range models {
		r, ok := reference.Models[filepath.Base(path)]
		if !ok {
			t.Fatalf("%s: no reference", path)
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			e := load(t, dev, path, Options{})
			want := floats(t, filepath.Join(dir, r.Logits["exact"].File))
			got := allLogits(t, e, reference.LogitsPrompt.IDs, nil)
			if x := nmse(got, want); !(x <= 1e-9) {
				t.Errorf("NMSE %.3g, want at most 1e-9", x)
			}
			tellTales(t, e, openTokenizer(t, path), r)
			if !strings.HasPrefix(filepath.Base(path), "tale-moe-") {
				return
			}
			testPaged(t, dev, path, reference.LogitsPrompt.IDs, 1)
			t.Run("paged", func(t *testing.T) {
				tellTales(t, loadPaged(t, dev, path, Options{ExpertSlots: 1}), openTokenizer(t, path), r)
			})
		})
	}
}

// tellTales compares what a model makes of the reference's prompts.
func tellTales(t *testing.T, e *Engine, tok *tokenizer.Tokenizer, r taleReference) {
	t.Helper()
	for _, p := range r.Prompts {
		s := e.NewSession()
		ids := generate(t, s, p.IDs, Generation{Tokens: 64, Stop: tok.IsEOG})
		t.Run(p.Name, func(t *testing.T) { equalTokens(t, ids, p.Exact.IDs) })
		if x := s.Stats().Experts; (e.ExpertSlots() > 0) != (x.Misses > 0 && x.Bytes > 0) {
			t.Errorf("%d slots for experts, but %+v", e.ExpertSlots(), x)
		}
	}
}

func floats(t *testing.T, path string) []float32 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(b)/4)
	if _, err := binary.Decode(b, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	return values
}
