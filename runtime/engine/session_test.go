package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/embedded"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

func loadEmbedded(t testing.TB, dev gpu.Device, o Options) *Engine {
	t.Helper()
	f, err := embedded.Open()
	if err != nil {
		t.Fatal(err)
	}
	e, err := Load(context.Background(), dev, f, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// counter counts what a device is asked to make.
type counter struct {
	gpu.Device
	made int
}

func (c *counter) NewBuffer(label string, size int64, usage gpu.Usage) (gpu.Buffer, error) {
	c.made++
	return c.Device.NewBuffer(label, size, usage)
}

func (c *counter) NewPipeline(desc gpu.PipelineDesc) (gpu.Pipeline, error) {
	c.made++
	return c.Device.NewPipeline(desc)
}

func (c *counter) NewBindGroup(p gpu.Pipeline, label string, b []gpu.BufferRange) (gpu.BindGroup, error) {
	c.made++
	return c.Device.NewBindGroup(p, label, b)
}

var prompt = []int32{1019, 461, 459, 258, 406}

// TestNothingMadeAfterLoad checks that generating makes no buffer, pipeline or
// bind group.
func TestNothingMadeAfterLoad(t *testing.T) {
	dev := &counter{Device: openDevice(t)}
	e := loadEmbedded(t, dev, Options{})
	made := dev.made
	if made == 0 {
		t.Fatal("loading made nothing")
	}
	generate(t, e.NewSession(), prompt, Generation{Tokens: 40})
	generate(t, e.NewSession(), prompt, Generation{Tokens: 20, Sampling: plan.Sampling{Temperature: 1, TopK: 10, TopP: 0.9}})
	allLogits(t, e, prompt, []int{2, 1})
	if dev.made != made {
		t.Errorf("%d things made after load", dev.made-made)
	}
}

// TestLatePrefill checks that short prompts need no kernels of prefill, and that
// a long one has them made, once.
func TestLatePrefill(t *testing.T) {
	dev := &counter{Device: openDevice(t)}
	whole := loadEmbedded(t, dev, Options{})
	all := dev.made
	e := loadEmbedded(t, dev, Options{LatePrefill: len(prompt)})
	loaded := dev.made - all
	if loaded >= all {
		t.Errorf("loading made %d things, and %d with all kernels", loaded, all)
	}
	want := generate(t, whole.NewSession(), prompt, Generation{Tokens: 8})
	equalTokens(t, generate(t, e.NewSession(), prompt, Generation{Tokens: 8}), want)
	if made := dev.made - all - loaded; made != 0 {
		t.Errorf("a short prompt made %d things", made)
	}
	long := append(slices.Clone(prompt), want...)
	want = generate(t, whole.NewSession(), long, Generation{Tokens: 8})
	for range 2 {
		equalTokens(t, generate(t, e.NewSession(), long, Generation{Tokens: 8}), want)
		if made := dev.made - all; made != all {
			t.Errorf("a long prompt left %d things made, want %d", made, all)
		}
	}
}

// TestSampling checks that a seed fixes what is drawn, also across a session's
// calls, and that top-k 1 is greedy.
func TestSampling(t *testing.T) {
	e := loadEmbedded(t, openDevice(t), Options{})
	draw := func(s plan.Sampling) []int32 {
		return generate(t, e.NewSession(), prompt, Generation{Tokens: 30, Sampling: s})
	}
	warm := plan.Sampling{Temperature: 1, TopP: 1, Seed: 7}
	equalTokens(t, draw(warm), draw(warm))
	other := warm
	other.Seed = 8
	if a, b := draw(warm), draw(other); len(a) == alike(a, b) {
		t.Error("two seeds draw alike")
	}
	equalTokens(t, draw(plan.Sampling{Temperature: 2, TopK: 1, TopP: 1}), draw(plan.Sampling{}))
}

// TestConversation checks that going on in a session equals starting anew.
func TestConversation(t *testing.T) {
	e := loadEmbedded(t, openDevice(t), Options{})
	s := e.NewSession()
	first := generate(t, s, prompt, Generation{Tokens: 13})
	longer := append(append([]int32{}, prompt...), append(first, 46, 383, 301)...)
	again := generate(t, s, longer, Generation{Tokens: 20})
	if n := s.Stats().PromptTokens; n > 4 {
		t.Errorf("%d tokens of the prompt were computed again", n)
	}
	equalTokens(t, again, generate(t, e.NewSession(), longer, Generation{Tokens: 20}))
}

func TestContextEnd(t *testing.T) {
	e := loadEmbedded(t, openDevice(t), Options{Context: 16})
	var n int
	var last error
	for _, err := range e.NewSession().Generate(context.Background(), prompt, Generation{}) {
		if last = err; err == nil {
			n++
		}
	}
	if !errors.Is(last, ErrContextFull) || n != 16-len(prompt)+1 {
		t.Errorf("%d tokens, then %v", n, last)
	}
	for _, err := range e.NewSession().Generate(context.Background(), make([]int32, 17), Generation{}) {
		if !errors.Is(err, ErrContextFull) {
			t.Errorf("a prompt that is too long gives %v", err)
		}
	}
}

func TestCancel(t *testing.T) {
	e := loadEmbedded(t, openDevice(t), Options{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := e.NewSession()
	begin := time.Now()
	var last error
	n := 0
	for _, err := range s.Generate(ctx, prompt, Generation{}) {
		if n++; n == 3 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) || time.Since(begin) > 20*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), last)
	}
	equalTokens(t, generate(t, s, prompt, Generation{Tokens: 5}), generate(t, e.NewSession(), prompt, Generation{Tokens: 5}))
}

func TestRefusals(t *testing.T) {
	dev := openDevice(t)
	f, err := embedded.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		o    Options
		want []string
	}{
		{"memory", Options{Memory: 1 << 20}, []string{"does not fit", "weights", "KV cache", "the limit is 1.0 MiB"}},
		{"context", Options{Context: 5000}, []string{"5000", "512"}},
		{"cache type", Options{KV: "q8"}, []string{`"q8"`, "f32, f16, q8_0"}},
		{"binding", Options{MaxBinding: 256}, []string{"do not fit a binding of 256 bytes"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(context.Background(), dev, f, test.o)
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
			if now, _ := dev.MemoryUse(); now != 0 {
				t.Errorf("%d bytes in use after a refusal", now)
			}
		})
	}
}

func TestWrongToken(t *testing.T) {
	e := loadEmbedded(t, openDevice(t), Options{})
	err := e.NewSession().Logits(context.Background(), []int32{5, 1024}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "token 1024 at position 1 is outside the vocabulary of 1024") {
		t.Errorf("error %v", err)
	}
}

// Up to fewAlone tokens go one by one on a software device, but where chunks are
// as short as that.
func TestFewTokens(t *testing.T) {
	for _, x := range []struct {
		kind           gpu.Kind
		chunk, n, want int
	}{
		{gpu.KindSoftware, 16, fewAlone, 1},
		{gpu.KindSoftware, 16, fewAlone + 1, fewAlone + 1},
		{gpu.KindSoftware, 16, 20, 16},
		{gpu.KindSoftware, 4, 3, 3},
		{gpu.KindDiscrete, 16, 2, 2},
		{gpu.KindDiscrete, 16, 20, 16},
	} {
		e := &Engine{library: op.Describe(gpu.Caps{Kind: x.kind}), chunk: x.chunk, ready: true}
		if got := e.next(x.n); got != x.want {
			t.Errorf("kind %v, chunks of %d: %d of %d tokens, want %d", x.kind, x.chunk, got, x.n, x.want)
		}
	}
}
