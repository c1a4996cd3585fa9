package engine

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// load loads a model for the length of a test.
func load(t testing.TB, dev gpu.Device, path string, o Options) *Engine {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e, err := Load(context.Background(), dev, f, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// oracle is a folder of models with reference logits for a list of tokens.
type oracle struct {
	dir    string
	tokens []int32
	greedy map[string][]int32 // by type
}

func readOracle(t *testing.T, dir string) oracle {
	t.Helper()
	o := oracle{dir: dir, greedy: map[string][]int32{}}
	o.tokens = numbers(t, strings.FieldsFunc(readText(t, filepath.Join(dir, "tokens.txt")), func(r rune) bool { return strings.ContainsRune(", \n", r) }))
	for line := range strings.Lines(readText(t, filepath.Join(dir, "greedy.txt"))) {
		if name, ids, ok := strings.Cut(line, " greedy:"); ok {
			o.greedy[name] = numbers(t, strings.Fields(ids))
		}
	}
	return o
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func numbers(t *testing.T, fields []string) (ids []int32) {
	t.Helper()
	for _, f := range fields {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, int32(n))
	}
	return ids
}

// logits returns the reference logits, position after position.
func (o oracle) logits(t *testing.T, kind string) []float32 {
	t.Helper()
	b := []byte(readText(t, filepath.Join(o.dir, "logits-"+kind+".f32")))
	values := make([]float32, len(b)/4)
	if _, err := binary.Decode(b, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	return values
}

// nmse returns Σ(got-want)² / Σwant².
func nmse(got, want []float32) float64 {
	var diff, norm float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		diff += d * d
		norm += float64(w) * float64(w)
	}
	return diff / norm
}

// TestOracle runs every model of the reference data: with all cache types, in
// one chunk, in uneven ones, token by token, and with bindings of 64 KiB.
func TestOracle(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(shared.Path(t, "oracle"), "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no models (%v)", err)
	}
	dev := openDevice(t)
	for _, dir := range dirs {
		o := readOracle(t, dir)
		models, err := filepath.Glob(filepath.Join(dir, "model-*.gguf"))
		if err != nil || len(models) == 0 {
			t.Fatalf("%s: no models (%v)", dir, err)
		}
		for _, path := range models {
			kind := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "model-"), ".gguf")
			t.Run(filepath.Base(dir)+"/"+kind, func(t *testing.T) {
				o.test(t, dev, path, kind)
			})
		}
	}
}

// discrete is a device that claims to be a discrete GPU, so that it gets the
// kernels of one.
type discrete struct{ gpu.Device }

func (d discrete) Caps() gpu.Caps {
	caps := d.Device.Caps()
	caps.Kind = gpu.KindDiscrete
	return caps
}

func hasExperts(t *testing.T, path string) bool {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return slices.ContainsFunc(f.Tensors, func(x gguf.Tensor) bool { return strings.Contains(x.Name, "_exps.") })
}

func (o oracle) test(t *testing.T, dev gpu.Device, path, kind string) {
	want := o.logits(t, kind)
	context := len(o.tokens) + 32
	coarse := 2e-3 // of a q8_0 cache
	if hasExperts(t, path) {
		coarse = 2e-2 // another expert may be chosen
	}
	for _, test := range []struct {
		name  string
		dev   gpu.Device
		o     Options
		sizes []int
		bar   float64
	}{
		{"prefill", dev, Options{}, nil, 1e-9},
		{"uneven chunks", dev, Options{}, []int{7, 1, 13, 2, 5}, 1e-9},
		{"step by step", dev, Options{}, []int{1}, 1e-9},
		{"small bindings", dev, Options{MaxBinding: 64 << 10}, nil, 1e-9},
		{"small bindings, step by step", dev, Options{MaxBinding: 64 << 10}, []int{1}, 1e-9},
		{"f16 cache", dev, Options{KV: "f16"}, nil, 1e-5},
		{"f16 cache, step by step", dev, Options{KV: "f16"}, []int{1}, 1e-5},
		{"f16 cache, small bindings", dev, Options{KV: "f16", MaxBinding: 64 << 10}, []int{31, 1, 1}, 1e-5},
		{"q8_0 cache", dev, Options{KV: "q8_0"}, []int{31, 1, 1}, coarse},
		{"q8_0 cache, small bindings", dev, Options{KV: "q8_0", MaxBinding: 64 << 10}, []int{7, 1, 13, 2, 5}, coarse},
		{"GPU kernels", discrete{dev}, Options{}, []int{31, 1, 1}, 1e-9},
		{"GPU kernels, few tokens", discrete{dev}, Options{Chunk: 8}, []int{7, 1, 8, 2, 5}, 1e-9},
		{"GPU kernels, q8_0 cache", discrete{dev}, Options{KV: "q8_0"}, []int{31, 1, 1}, coarse},
		{"GPU kernels, small bindings", discrete{dev}, Options{KV: "f16", MaxBinding: 64 << 10}, []int{31, 1, 1}, 1e-5},
	} {
		tokens, want := o.tokens, want
		if _, gpu := test.dev.(discrete); gpu && len(o.tokens) > 500 {
			// A software device takes minutes for a GPU's kernels in small steps: so
			// steps are long, and of the long prompt but one form sees all.
			if test.o.Chunk > 0 {
				continue
			}
			test.sizes = []int{301, 1, 1}
			if test.o.KV != "" {
				tokens, want = tokens[:400], want[:len(want)/len(tokens)*400]
			}
		}
		t.Run(test.name, func(t *testing.T) {
			test.o.Context = context
			e := load(t, test.dev, path, test.o)
			got := allLogits(t, e, tokens, test.sizes)
			if len(got) != len(want) {
				t.Fatalf("%d logits, want %d", len(got), len(want))
			}
			if x := nmse(got, want); !(x <= test.bar) {
				t.Errorf("NMSE %.3g, want at most %g", x, test.bar)
			} else {
				t.Logf("NMSE %.3g, %d steps a token, chunks of %d", x, e.decode.Steps(), e.chunk)
			}
			if test.o.KV == "" {
				sameTop(t, got, want, e.Vocabulary())
			}
		})
	}
	t.Run("greedy", func(t *testing.T) {
		e := load(t, dev, path, Options{Context: context})
		got := generate(t, e.NewSession(), o.tokens, Generation{Tokens: len(o.greedy[kind])})
		equalTokens(t, got, o.greedy[kind])
	})
}

// sameTop checks that the likeliest token is the reference's at every position,
// or one that the reference finds exactly as likely.
func sameTop(t *testing.T, got, want []float32, vocabulary int) {
	t.Helper()
	for at := 0; at < len(want); at += vocabulary {
		row := want[at:][:vocabulary]
		top := 0
		for i, x := range got[at:][:vocabulary] {
			if x > got[at+top] {
				top = i
			}
		}
		if best := slices.Max(row); row[top] != best {
			t.Errorf("position %d: token %d is the likeliest, whose logit should be %g, less than %g", at/vocabulary, top, row[top], best)
		}
	}
}

func allLogits(t *testing.T, e *Engine, ids []int32, sizes []int) (all []float32) {
	t.Helper()
	err := e.NewSession().Logits(context.Background(), ids, sizes, func(i int, logits []float32) error {
		all = append(all, logits...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func generate(t *testing.T, s *Session, prompt []int32, g Generation) (ids []int32) {
	t.Helper()
	for id, err := range s.Generate(context.Background(), prompt, g) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func equalTokens(t *testing.T, got, want []int32) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("token %d differs:\n got %v\nwant %v", i, got, want)
		}
	}
}
