// Package languagetest holds kernels written by hand in WGSL for one point each, and proves that they do what the compiled ones do.
package languagetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/x448/float16"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/emit/wgsl"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/templates"
)

// subject is a kernel at the point that KERNEL.wgsl was written for.
type subject struct {
	kernel, point string
	cases         func(*rand.Rand) []dispatch
	large         func(*rand.Rand) dispatch // to be timed
}

// dispatch is one use of a kernel.
type dispatch struct {
	params  []uint32
	grid    [3]uint32
	buffers []buffer // in the order of the bindings
}

type buffer struct {
	name  string
	words []uint32
	write bool
	close float64 // how far two floats may be apart, against the largest; 0: words are equal
}

var subjects = []subject{
	{"gemv", "W=q4_0,epilogue=store,norm=none,interleave=8,reduce=none,R=8,width=1,group=8,uniform_x=0",
		func(r *rand.Rand) []dispatch {
			return []dispatch{gemv(r, 1, 64, 0), gemv(r, 64, 128, 5), gemv(r, 203, 832, 3)}
		},
		func(r *rand.Rand) dispatch { return gemv(r, 4096, 4096, 0) }},
	{"attention_split", "KV=f32,D=64,V=64,G=4,span=64,group=64,reduce=shared,lanes=0",
		func(r *rand.Rand) []dispatch {
			return []dispatch{attention(r, 1, 8, 2, 190, 0, form{}), attention(r, 2, 9, 3, 64, 20, form{window: 40, softCap: 2}), attention(r, 3, 12, 2, 5, 0, form{mask: true, maxBias: 4, everyKey: true})}
		},
		func(r *rand.Rand) dispatch { return attention(r, 1, 32, 8, 4096, 0, form{}) }},
	{"softmax_topk", "reduce=shared,E=4,group=64",
		func(r *rand.Rand) []dispatch {
			return []dispatch{topk(r, 3, 1, 1), topk(r, 5, 97, 8), topk(r, 2, 256, 256)}
		},
		func(r *rand.Rand) dispatch { return topk(r, 512, 128, 8) }},
}

func gemv(r *rand.Rand, rows, cols, first int) dispatch {
	padded := (rows + 7) / 8 * 8
	scales := make([]uint32, padded*cols/64)
	for i := range scales {
		scales[i] = uint32(half(r)) | uint32(half(r))<<16
	}
	return dispatch{
		params: []uint32{uint32(rows), uint32(cols), uint32(first), 0, 0, 0, 0},
		grid:   [3]uint32{uint32((rows + 63) / 64), 1, 1},
		buffers: []buffer{
			{name: "w_d", words: scales},
			{name: "w_q", words: random(padded*cols/8, r.Uint32)},
			{name: "x", words: floats(r, cols)},
			{name: "bias", words: []uint32{0}}, // none
			{name: "y", words: floats(r, first+rows), write: true, close: 1e-5},
		},
	}
}

func half(r *rand.Rand) uint16 { return float16.Fromfloat32(float32(r.NormFloat64())).Bits() }

// form is what attention is beside the softmax.
type form struct {
	window           int
	softCap, maxBias float32
	mask, everyKey   bool
}

// attention is a query for each of some tokens over seen keys and those of the
// tokens before it, of which the cache holds those from first on.
func attention(r *rand.Rand, tokens, heads, kvHeads, seen, first int, f form) dispatch {
	const dim, span, spare = 64, 64, 1
	capacity := seen + tokens - first
	splits := (capacity + span - 1) / span
	slots := splits + spare
	causal, maskKeys := 1, 0
	if f.everyKey {
		causal = 0
	}
	if f.mask {
		maskKeys = seen + tokens
	}
	sizes := params(tokens, heads, kvHeads, dim, dim, dim, heads*dim, 0, capacity, first, spare, slots, splits, 0, causal, f.window, maskKeys, 0)
	return dispatch{
		params: append(sizes, math.Float32bits(0.125), math.Float32bits(f.softCap), math.Float32bits(f.maxBias)),
		grid:   [3]uint32{uint32(splits), uint32(kvHeads * ((heads/kvHeads + 3) / 4)), uint32(tokens)},
		buffers: []buffer{
			{name: "state", words: []uint32{uint32(seen - 1), 0, 0, 0}},
			{name: "q", words: floats(r, tokens*heads*dim)},
			{name: "k", words: floats(r, kvHeads*capacity*dim)},
			{name: "v", words: floats(r, kvHeads*capacity*dim)},
			{name: "mask", words: floats(r, tokens*max(maskKeys, 1))},
			{name: "y", words: floats(r, tokens*heads*slots*(dim+4)), write: true, close: 1e-5},
		},
	}
}

func topk(r *rand.Rand, tokens, n, k int) dispatch {
	x := floats(r, tokens*n)
	for range n / 8 {
		x[r.IntN(len(x))] = x[r.IntN(len(x))] // ties
	}
	return dispatch{
		params: params(tokens, n, k),
		grid:   [3]uint32{uint32(tokens), 1, 1},
		buffers: []buffer{
			{name: "x", words: x},
			{name: "values", words: floats(r, tokens*k), write: true, close: 1e-5},
			{name: "indices", words: random(tokens*k, r.Uint32), write: true},
		},
	}
}

func params(sizes ...int) []uint32 {
	words := make([]uint32, len(sizes))
	for i, n := range sizes {
		words[i] = uint32(n)
	}
	return words
}

func random(n int, f func() uint32) []uint32 {
	words := make([]uint32, n)
	for i := range words {
		words[i] = f()
	}
	return words
}

func floats(r *rand.Rand, n int) []uint32 {
	return random(n, func() uint32 { return math.Float32bits(float32(r.NormFloat64())) })
}

// compiled returns what the compiler makes of a subject.
func compiled(s subject) (wgsl.Module, error) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		return wgsl.Module{}, err
	}
	k := lib.Kernel(s.kernel)
	point, err := emit.ParsePoint(lib, k, s.point)
	if err != nil {
		return wgsl.Module{}, err
	}
	u, err := pass.Compile(lib, k, point, "")
	if err != nil {
		return wgsl.Module{}, err
	}
	return wgsl.Emit(u), nil
}

// byHand returns what the file next to this one says.
func byHand(s subject) (wgsl.Module, error) {
	text, err := os.ReadFile(s.kernel + ".wgsl")
	return wgsl.Module{Text: string(text), Entry: s.kernel}, err
}

func open(t testing.TB) gpu.Device {
	t.Helper()
	d, err := native.Open(native.Options{})
	switch {
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skipf("no GPU to test on: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// run is a dispatch that is ready to be submitted.
type run struct {
	device  gpu.Device
	command gpu.Command
	buffers []gpu.Buffer
}

func prepare(d gpu.Device, m wgsl.Module, c dispatch) (*run, error) {
	r := &run{device: d}
	desc := gpu.PipelineDesc{Label: m.Entry, WGSL: m.Text, Entry: m.Entry}
	var ranges []gpu.BufferRange
	bind := func(name string, words []uint32, usage gpu.Usage, access gpu.Access) error {
		var data []byte
		for _, w := range words {
			data = binary.LittleEndian.AppendUint32(data, w)
		}
		b, err := d.NewBuffer(name, int64(len(data)), usage)
		if err != nil {
			return err
		}
		r.buffers = append(r.buffers, b)
		desc.Bindings = append(desc.Bindings, access)
		ranges = append(ranges, gpu.BufferRange{Buffer: b})
		return d.Write(b, 0, data)
	}
	for _, b := range c.buffers {
		access := gpu.ReadOnly
		if b.write {
			access = gpu.ReadWrite
		}
		if err := bind(b.name, b.words, gpu.Storage, access); err != nil {
			return nil, err
		}
	}
	block := make([]uint32, kernel.ParamBytes(len(c.params))/4)
	copy(block, c.params)
	if err := bind("params", block, gpu.Uniform, gpu.UniformAccess); err != nil {
		return nil, err
	}
	pipeline, err := d.NewPipeline(desc)
	if err != nil {
		return nil, err
	}
	group, err := d.NewBindGroup(pipeline, m.Entry, ranges)
	r.command = gpu.Command{Pipeline: pipeline, BindGroup: group, Grid: c.grid}
	return r, err
}

// times plays the dispatch n times, and waits.
func (r *run) times(ctx context.Context, n int) error {
	if err := r.device.Submit(slices.Repeat(gpu.CommandList{r.command}, n)); err != nil {
		return err
	}
	return r.device.Wait(ctx)
}

// result returns the words of buffer i.
func (r *run) result(ctx context.Context, i int) ([]uint32, error) {
	pending, err := r.device.StartRead(r.buffers[i], 0, r.buffers[i].Size())
	if err != nil {
		return nil, err
	}
	data, err := pending.Wait(ctx)
	var words []uint32
	for len(data) >= 4 {
		words = append(words, binary.LittleEndian.Uint32(data))
		data = data[4:]
	}
	return words, err
}

// TestByHand holds each kernel written by hand against the compiled one: what
// they write must agree, and both must leave the same words alone.
func TestByHand(t *testing.T) {
	d := open(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for _, s := range subjects {
		t.Run(s.kernel, func(t *testing.T) {
			for i, c := range s.cases(rand.New(rand.NewPCG(seed, 0))) {
				var got [2][][]uint32
				for j, module := range []func(subject) (wgsl.Module, error){compiled, byHand} {
					m, err := module(s)
					if err != nil {
						t.Fatal(err)
					}
					if got[j], err = results(ctx, d, m, c); err != nil {
						t.Fatal(err)
					}
				}
				for b, want := range got[0] {
					if err := c.buffers[b].compare(want, got[1][b]); err != nil {
						t.Errorf("case %d: %s: %v", i, c.buffers[b].name, err)
					}
				}
			}
		})
	}
}

func results(ctx context.Context, d gpu.Device, m wgsl.Module, c dispatch) ([][]uint32, error) {
	r, err := prepare(d, m, c)
	if err != nil {
		return nil, err
	}
	if err := r.times(ctx, 1); err != nil {
		return nil, err
	}
	out := make([][]uint32, len(c.buffers))
	for i := range c.buffers {
		if out[i], err = r.result(ctx, i); err != nil {
			return nil, err
		}
	}
	return out, d.Err()
}

func (b *buffer) compare(compiled, byHand []uint32) error {
	if b.write && slices.Equal(compiled, b.words) {
		return errors.New("the compiled kernel writes nothing")
	}
	largest := 0.0
	for _, w := range compiled {
		largest = max(largest, math.Abs(float64(math.Float32frombits(w))))
	}
	for i, w := range compiled {
		if w == byHand[i] {
			continue
		}
		x, y := math.Float32frombits(w), math.Float32frombits(byHand[i])
		if !(math.Abs(float64(x)-float64(y)) <= b.close*largest) {
			return fmt.Errorf("word %d is %#x (%g) compiled, and %#x (%g) by hand", i, w, x, byHand[i], y)
		}
	}
	return nil
}

// BenchmarkByHand times both of each kernel.
func BenchmarkByHand(b *testing.B) {
	d := open(b)
	for _, s := range subjects {
		for name, module := range map[string]func(subject) (wgsl.Module, error){"compiled": compiled, "byhand": byHand} {
			b.Run(s.kernel+"/"+name, func(b *testing.B) {
				m, err := module(s)
				if err != nil {
					b.Fatal(err)
				}
				r, err := prepare(d, m, s.large(rand.New(rand.NewPCG(1, 2))))
				if err != nil {
					b.Fatal(err)
				}
				if err := r.times(b.Context(), 1); err != nil { // compiles
					b.Fatal(err)
				}
				b.ResetTimer()
				if err := r.times(b.Context(), b.N); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
