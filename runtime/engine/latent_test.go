package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/reference/decoder"
	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/quantize"
)

// latentUps are the two matrices of a layer by which latent vectors become keys
// and values, in both forms that files have.
type latentUps struct {
	both         []byte    // of a kind
	keys, values []float32 // what both means: of each head rank × plain, and value × rank
}

// joinUps makes one tensor of a layer's two.
func joinUps(t *testing.T, f *gguf.File, layer string, kind gguf.Type) latentUps {
	t.Helper()
	keys, values := decoded(t, f, layer+"attn_k_b.weight"), decoded(t, f, layer+"attn_v_b.weight")
	const heads, rank, plain, value = 4, 512, 128, 128
	both := make([]float32, 0, len(keys)+len(values))
	for h := range heads {
		for d := range plain {
			for r := range rank {
				both = append(both, keys[(h*rank+r)*plain+d])
			}
		}
		both = append(both, values[h*value*rank:(h+1)*value*rank]...)
	}
	blocks, err := quantize.Encode(kind, both)
	if err != nil {
		t.Fatal(err)
	}
	if both, err = quantize.Decode(kind, blocks); err != nil {
		t.Fatal(err)
	}
	for h := range heads {
		head := both[h*(plain+value)*rank:]
		for d := range plain {
			for r := range rank {
				keys[(h*rank+r)*plain+d] = head[d*rank+r]
			}
		}
		copy(values[h*value*rank:(h+1)*value*rank], head[plain*rank:])
	}
	return latentUps{blocks, keys, values}
}

func decoded(t *testing.T, f *gguf.File, name string) []float32 {
	t.Helper()
	tensor, ok := f.Tensor(name)
	if !ok {
		t.Fatalf("no tensor %s", name)
	}
	data, err := f.Data(tensor)
	if err != nil {
		t.Fatal(err)
	}
	x, err := quantize.Decode(tensor.Type, data)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// rewritten returns a copy of a file without its attn_k_b and attn_v_b, for each
// of which add is called.
func rewritten(t *testing.T, f *gguf.File, set map[string]any, add func(w *gguf.Writer, layer, part string) error) *gguf.File {
	t.Helper()
	w := &gguf.Writer{Metadata: f.Metadata.Clone()}
	for key, value := range set {
		if err := w.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	for i := range f.Tensors {
		tensor := &f.Tensors[i]
		layer, part, _ := strings.Cut(tensor.Name, ".attn_")
		var err error
		if part == "k_b.weight" || part == "v_b.weight" {
			err = add(w, layer+".", part)
		} else {
			err = w.AddTensor(tensor.Name, tensor.Type, tensor.Dims, f.Reader(tensor))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return w.File()
}

// TestOlderLatentAttention runs files from before attn_kv_b was stored as two
// tensors, with the metadata that they have.
func TestOlderLatentAttention(t *testing.T) {
	dev := openDevice(t)
	dir := shared.Path(t, "oracle", "deepseek2")
	o := readOracle(t, dir)
	f, err := gguf.Open(dir + "/model-Q4_K.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	older := map[string]any{
		"deepseek2.attention.head_count_kv": uint32(4), "deepseek2.attention.key_length": uint32(192), "deepseek2.attention.value_length": uint32(128),
	}
	for _, kind := range []gguf.Type{gguf.F32, gguf.Q8_0} {
		t.Run(kind.String(), func(t *testing.T) {
			whole := rewritten(t, f, older, func(w *gguf.Writer, layer, part string) error {
				if part == "v_b.weight" {
					return nil
				}
				ups := joinUps(t, f, layer, kind)
				return w.AddTensor(layer+"attn_kv_b.weight", kind, []uint64{512, 4 * 256}, bytes.NewReader(ups.both))
			})
			whole.Metadata.Delete("deepseek2.attention.key_length_mla")
			whole.Metadata.Delete("deepseek2.attention.value_length_mla")
			split := rewritten(t, f, nil, func(w *gguf.Writer, layer, part string) error {
				ups := joinUps(t, f, layer, kind)
				dims, x := []uint64{128, 512, 4}, ups.keys
				if part == "v_b.weight" {
					dims, x = []uint64{512, 128, 4}, ups.values
				}
				data, _ := binary.Append(nil, binary.LittleEndian, x)
				return w.AddTensor(layer+"attn_"+part, gguf.F32, dims, bytes.NewReader(data))
			})
			rows, err := decoder.Logits(split, o.tokens, 96)
			if err != nil {
				t.Fatal(err)
			}
			var want []float32
			for _, row := range rows {
				for _, x := range row {
					want = append(want, float32(x))
				}
			}
			if kind == gguf.F32 { // the same numbers in another form
				if x := nmse(want, o.logits(t, "Q4_K")); !(x <= 1e-9) {
					t.Fatalf("the reference is another: NMSE %.3g", x)
				}
			}
			e, err := Load(context.Background(), dev, whole, Options{Context: 96})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			for _, sizes := range [][]int{nil, {7, 1, 13, 2, 5}} {
				if x := nmse(allLogits(t, e, o.tokens, sizes), want); !(x <= 1e-9) {
					t.Errorf("chunks %v: NMSE %.3g", sizes, x)
				}
			}
		})
	}
}

// TestManyHeads plans a model with a damaged number of heads: that takes an
// error, and no memory.
func TestManyHeads(t *testing.T) {
	f, err := gguf.Open(shared.Path(t, "oracle", "deepseek2", "model-Q4_K.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := &gguf.Writer{Metadata: f.Metadata.Clone()}
	if err := w.Set("deepseek2.attention.head_count", uint32(1<<24)); err != nil {
		t.Fatal(err)
	}
	for i := range f.Tensors {
		if err := w.AddTensor(f.Tensors[i].Name, f.Tensors[i].Type, f.Tensors[i].Dims, f.Reader(&f.Tensors[i])); err != nil {
			t.Fatal(err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = Plan(gpu.Caps{Kind: gpu.KindDiscrete, Limits: gpu.DefaultLimits()}, w.File(), Options{})
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "load blk.0.attn_q_b.weight: shape") {
		t.Errorf("error %v", err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("%d MiB allocated", n>>20)
	}
}
