package plan

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Sizes of the block under test; the rows of down fill no block on the device.
const (
	testHidden     = 128
	testWidth      = 96
	testExperts    = 8
	testUsed       = 3
	testVocabulary = 11
	testEps        = 1e-5
)

// TestExperts records a norm, a mixture of experts and a gated shared one, for one token and
// for many, and compares it with float64.
func TestExperts(t *testing.T) {
	dev, err := native.Open(native.Options{})
	if errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "" {
		t.Skipf("no GPU to test on: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	plain := reference.Router{K: testUsed, Scale: 1, Groups: 1, Kept: 1, Best: 1}
	grouped := reference.Router{K: testUsed, Scale: 2.5, Groups: 4, Kept: 2, Best: 2, Sigmoid: true, Normalize: true, Bias: []float64{0, .5, -.25, 1, 0, -1, .125, .25}}
	whole, little := Limits{Binding: 1 << 27, Work: 1 << 40}, Limits{Binding: 1 << 27, Work: 1 << 20}
	for _, test := range []struct {
		name        string
		kind        gpu.Kind
		most, run   int
		router      reference.Router
		biased      bool
		binding     int64 // of weights
		limits      Limits
		leastShares int // dispatches of products
	}{
		{"one token", gpu.KindSoftware, 1, 1, plain, false, 1 << 27, whole, 2},
		{"one token, small bindings", gpu.KindSoftware, 1, 1, grouped, true, 1 << 14, whole, 8},
		{"few tokens", gpu.KindSoftware, 9, 4, plain, true, 1 << 27, whole, 2},
		{"many tokens, small bindings and little work", gpu.KindSoftware, 150, 131, grouped, true, 1 << 14, little, 24},
		{"one token, kernels for GPUs", gpu.KindDiscrete, 1, 1, grouped, true, 1 << 27, whole, 2},
		{"many tokens, kernels for GPUs", gpu.KindDiscrete, 70, 70, plain, true, 1 << 27, whole, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &expertBlock{rand: rand.New(rand.NewPCG(1, 2)), dev: of{dev, test.kind}, router: test.router, limits: test.limits}
			b.library = op.NewLibrary(b.dev)
			defer b.library.Release()
			b.set = weights.NewSet(&b.plan, weights.Limits{Binding: test.binding, Buffer: 1 << 27, Align: 256})
			got, want, products := b.run(t, test.most, test.run, test.biased)
			var errors, power float64
			for i := range want {
				errors += (got[i] - want[i]) * (got[i] - want[i])
				power += want[i] * want[i]
			}
			nmse := errors / power
			t.Logf("NMSE %.1e, %d products by expert", nmse, products)
			if !(nmse < 1e-12) {
				t.Error("that is too far")
			}
			if products < test.leastShares {
				t.Errorf("%d products; the limits ask for %d", products, test.leastShares)
			}
		})
	}
}

// of is a device that says it is of some kind.
type of struct {
	gpu.Device
	kind gpu.Kind
}

func (d of) Caps() gpu.Caps {
	caps := d.Device.Caps()
	caps.Kind = d.kind
	return caps
}

// expertBlock is a block with random weights.
type expertBlock struct {
	rand    *rand.Rand
	dev     gpu.Device
	library *op.Library
	plan    memory.Plan
	set     *weights.Set
	router  reference.Router
	limits  Limits
}

// matrix returns random rows in a GGUF type, as a file and as numbers.
func (b *expertBlock) matrix(t *testing.T, name string, ggml, rows, cols int) (*weights.Tensor, [][]float64) {
	t.Helper()
	f, err := reference.FormatOf(ggml)
	if err != nil {
		t.Fatal(err)
	}
	data := f.Random(b.rand, rows*cols/f.Block, reference.Sane)
	var numbers [][]float64
	for r := range rows {
		numbers = append(numbers, f.Dequantize(data[r*f.RowBytes(cols):][:f.RowBytes(cols)]))
	}
	return &weights.Tensor{Name: name, Format: Format(ggml), Rows: rows, Cols: cols, RowBytes: f.RowBytes(cols), Data: bytes.NewReader(data)}, numbers
}

// vectors returns random numbers, or the given ones, n from each of several
// readers.
func (b *expertBlock) vectors(name string, readers, n int, x []float64) (*weights.Vector, []float64) {
	var all []io.ReaderAt
	for i := range readers {
		var data []byte
		for j := i * n; j < (i+1)*n; j++ {
			if len(x) == j {
				x = append(x, float64(float32(b.rand.NormFloat64())))
			}
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(x[j])))
		}
		all = append(all, bytes.NewReader(data))
	}
	return b.set.Vector(name, n, all...), x
}

// planned plans a matrix of experts, or a plain one.
func (b *expertBlock) planned(t *testing.T, experts int, tensors ...*weights.Tensor) *weights.Matrix {
	t.Helper()
	layout, err := ExpertLayout(b.library, tensors[0].Format.Name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.set.Experts(layout, experts, tensors...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run records the block for up to most tokens, runs it for some, and returns what
// it adds up to, what it should, and how many products by expert it took.
func (b *expertBlock) run(t *testing.T, most, tokens int, biased bool) (got, want []float64, products int) {
	t.Helper()
	const f32, q40, q80 = 0, 2, 8
	residual, y := b.matrix(t, "residual", f32, testVocabulary, testHidden)
	routes, route := b.matrix(t, "router", f32, testExperts, testHidden)
	gates, gate := b.matrix(t, "gate", q80, testExperts*testWidth, testHidden)
	ups, up := b.matrix(t, "up", q80, testExperts*testWidth, testHidden)
	downs, down := b.matrix(t, "down", q40, testExperts*testHidden, testWidth)
	shares, share := b.matrix(t, "shared gate", f32, 1, testHidden)
	e := &Experts{GateUp: b.planned(t, testExperts, gates, ups), Down: b.planned(t, testExperts, downs), Activation: kernel.SiLU}
	norm, normWeight := b.vectors("norm", 1, testHidden, nil)
	var upBias, downBias []float64
	if biased {
		e.Activation = kernel.SwiGLUOAI
		e.GateUpBias, upBias = b.vectors("up bias", 2, testExperts*testWidth, nil)
		e.DownBias, downBias = b.vectors("down bias", 1, testExperts*testHidden, nil)
	}
	routing := Routing{
		Experts: testExperts, Used: b.router.K, Sigmoid: b.router.Sigmoid, Normalize: b.router.Normalize, Scale: float32(b.router.Scale),
		Groups: Groups{b.router.Groups, b.router.Kept, b.router.Best},
	}
	if b.router.Bias != nil {
		routing.Bias, _ = b.vectors("router bias", 1, testExperts, b.router.Bias)
	}

	shared := NewShared(&b.plan, most, 1)
	r := NewRecorder(b.library, shared, b.limits, most)
	out := r.Embed(b.planned(t, 1, residual), testHidden)
	r.Keep(out)
	in := r.RMSNorm(out, norm, testEps)
	chosen := r.Route(r.MatMul("router", in, b.planned(t, 1, routes)), routing)
	r.AddExperts(out, in, chosen, e)
	r.AddGated(out, in, r.MatMul("shared gate", in, b.planned(t, 1, shares)))
	program, err := r.Finish(&b.plan)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range program.steps {
		if strings.HasPrefix(s.variant.Name, "expert_gem") {
			products++
		}
	}

	ids := make([]byte, 0, 4*tokens)
	for i := range tokens {
		token := i * i % testVocabulary
		ids = binary.LittleEndian.AppendUint32(ids, uint32(token))
		want = append(want, y[token]...)
		row := want[i*testHidden:]
		x := reference.RMSNorm(y[token], normWeight, testEps)
		logits := make([]float64, testExperts)
		for j := range logits {
			logits[j], _ = reference.Dot(route[j], x)
		}
		experts, shares := b.router.Route(logits)
		for rank, expert := range experts {
			addExpert(row, x, expert, shares[rank], gate, up, down, upBias, downBias)
		}
		gate, _ := reference.Dot(share[0], x)
		for j := range row {
			row[j] += reference.Sigmoid(gate) * x[j]
		}
	}
	return b.play(t, program, shared, out, ids), want, products
}

// addExpert adds to y what an expert makes of x, times its share.
func addExpert(y, x []float64, expert int, share float64, gate, up, down [][]float64, upBias, downBias []float64) {
	hidden := make([]float64, testWidth)
	for r := range hidden {
		at := expert*testWidth + r
		g, _ := reference.Dot(gate[at], x)
		u, _ := reference.Dot(up[at], x)
		hidden[r] = reference.SiLU(g) * u
		if upBias != nil {
			hidden[r] = reference.SwiGLUOAI(g+upBias[at], u+upBias[testExperts*testWidth+at], 1.702, 7)
		}
	}
	for r := range y {
		at := expert*testHidden + r
		v, _ := reference.Dot(down[at], hidden)
		if downBias != nil {
			v += downBias[at]
		}
		y[r] += share * v
	}
}

// play runs a program for as many tokens as there are ids, twice in a row, and
// returns the rows of out, which must be the same both times.
func (b *expertBlock) play(t *testing.T, program *Program, shared *Shared, out *Tensor, ids []byte) (got []float64) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	must(b.plan.Allocate(b.dev))
	defer b.plan.Release()
	must(b.set.Upload(ctx, b.dev, func(int64) {}))
	must(program.Build(b.dev))
	must(b.dev.Write(shared.IDs.GPU(), 0, ids))
	tokens := len(ids) / 4
	must(program.SetTokens(b.dev, tokens))
	var before []byte
	for range 2 {
		must(b.dev.Submit(program.Commands(0, program.Steps())))
		bytes := int64(tokens * out.Stride * 4)
		read, err := b.dev.StartRead(out.buffer.GPU(), 0, bytes)
		must(err)
		after, err := read.Wait(ctx)
		must(err)
		if before != nil && string(before) != string(after) {
			t.Error("two runs differ")
		}
		before = after
	}
	for i := range tokens {
		for j := range out.Cols {
			got = append(got, float64(math.Float32frombits(binary.LittleEndian.Uint32(before[4*(i*out.Stride+j):]))))
		}
	}
	return got
}

// TestRouting checks that choices which the router can't make are refused.
func TestRouting(t *testing.T) {
	for _, r := range []Routing{
		{Experts: 8, Used: 9, Groups: Groups{1, 1, 1}},
		{Experts: 8, Used: 0, Groups: Groups{1, 1, 1}},
		{Experts: 8, Used: 5, Groups: Groups{4, 2, 1}},
		{Experts: 8, Used: 2, Groups: Groups{3, 2, 1}},
		{Experts: 8, Used: 2, Groups: Groups{4, 5, 1}},
		{Experts: 8, Used: 2, Groups: Groups{4, 2, 3}},
		{Experts: 8, Used: 2, Groups: Groups{8, 4, 2}},
		{Experts: 64, Used: 2, Groups: Groups{64, 4, 1}},
	} {
		if r.check() == nil {
			t.Errorf("%+v is no error", r)
		}
	}
	if err := (&Routing{Experts: 256, Used: 8, Groups: Groups{8, 4, 2}}).check(); err != nil {
		t.Error(fmt.Errorf("DeepSeek-V3: %w", err))
	}
}

// Tiles of one size hold the slots that those of another do.
func TestRetiled(t *testing.T) {
	offsets := []uint32{0, 5, 5, 37, 38} // of expert 1 there are none
	list := func(size uint32) (all []uint32) {
		for e := range uint32(4) {
			all = appendTiles(all, e, offsets[e], offsets[e+1], size)
		}
		return all
	}
	for _, from := range []uint32{4, 8, 64} {
		padded := append(list(from), make([]uint32, 12)...) // as expert_tiles leaves it
		for _, to := range []uint32{1, 4, 8, 32, 64} {
			if got := retiled(padded, to); !slices.Equal(got, list(to)) {
				t.Errorf("tiles of %d from those of %d: %d, want %d", to, from, got, list(to))
			}
		}
	}
}
