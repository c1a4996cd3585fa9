// Package engine loads models onto a device and runs sessions on them: prompts in, tokens out.
package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pbnjay/memory"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	planned "github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/model"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Options say how a model is loaded. The zero value suits most devices.
type Options struct {
	Context    int                     // most tokens of a session; 0 is the model's own, model.DefaultContext at most
	KV         string                  // element type of the KV cache: f32 (default), f16 or q8_0
	Chunk      int                     // most tokens of a prefill step; 0 is DefaultChunk
	Memory     int64                   // device memory in bytes; 0 is DefaultMemory
	MaxBinding int64                   // bytes of a binding; 0 is the device's limit
	Progress   func(done, total int64) // of the bytes of weights; may be nil
	Compiled   func(done, total int)   // of the pipelines, before that; may be nil

	// ExpertSlots is how many experts of a layer the device holds at a time, where
	// a layer has more: the others come from the file when they are wanted. 0 is
	// all of them if they fit, else as many as do.
	ExpertSlots int

	// LatePrefill puts off compiling the kernels of prefill until a prompt has more
	// than so many tokens; shorter ones are fed token by token. 0: Load compiles all.
	LatePrefill int

	// Fast lets products round activations to 8 bits, or both sides to f16, where
	// the device multiplies these faster and the weights' type has kernels for it.
	// Logits are then good to some 1e-3 of their size.
	Fast bool

	// CheckNumerics makes a session look, after every layer, for values that are
	// infinite or NaN, and fail with a plan.NonFiniteError. It takes time.
	CheckNumerics bool

	// Profile is the tuning profile to run by; nil is the one that profile.Find
	// finds, unless Untuned is set.
	Profile *profile.Profile
	Untuned bool
}

// DefaultChunk is the tokens of a prefill step where no other number is asked for.
const DefaultChunk = 512

// maxWork bounds the multiplications of a dispatch, so that it ends within a
// fraction of the two seconds that a driver's watchdog gives: 0.3 s at 100
// GFLOP/s.
const maxWork = 16e9

// sampleAhead is how many tokens the device may sample beyond a full context.
const sampleAhead = 64

// Engine is a model on a device. It runs one session at a time.
type Engine struct {
	dev        gpu.Device
	caps       gpu.Caps
	library    *op.Library
	fast       bool // products may round
	memory     planned.Plan
	weights    *weights.Set
	shared     *plan.Shared
	context    int
	vocab      int
	chunk      int
	ahead      int // decode steps that are submitted together, at most
	batches    int // of them that may be submitted and not read yet
	dispatches int // of a prefill step that are submitted together, at most
	loading    time.Duration

	decode     *plan.Program
	prefill    *plan.Program // nil where chunks have one token
	late       int           // Options.LatePrefill
	ready      bool          // whether prefill is built
	body, head gpu.CommandList
	greedy     gpu.CommandList
	sample     gpu.CommandList
	marks      [5]int       // steps of the decode program where body, head, greedy and sample begin and end
	hidden     *plan.Tensor // of the decode program: what the head reads
	chunked    *plan.Tensor // hidden states of the prefill program
	logits     *plan.Tensor

	pager *pager // nil where the device holds all weights

	session *Session // that the cache belongs to
}

// ErrTooLarge says that a model needs more memory than there is.
var ErrTooLarge = errors.New("the model does not fit")

// Load plans the model in f, refuses it with the sums if it cannot fit, and
// loads it onto the device. The file may be closed afterwards, unless experts
// come from it: see Engine.ExpertSlots.
func Load(ctx context.Context, dev gpu.Device, f *gguf.File, o Options) (*Engine, error) {
	begin := time.Now()
	e := &Engine{dev: dev, caps: dev.Caps(), library: op.NewLibrary(dev)}
	if err := e.load(ctx, f, o); err != nil {
		e.Close()
		return nil, err
	}
	e.loading = time.Since(begin)
	return e, nil
}

func (e *Engine) load(ctx context.Context, f *gguf.File, o Options) error {
	e.tune(&o)
	if err := o.complete(e.caps); err != nil {
		return err
	}
	if err := e.recordToFit(f, o); err != nil {
		return err
	}
	if err := e.memory.Fit(o.Memory, e.caps.Limits); err != nil {
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	if err := e.memory.Allocate(e.dev); err != nil {
		return err
	}
	if err := e.build(ctx, o); err != nil {
		return err
	}
	if e.ExpertSlots() > 0 {
		e.pager = newPager(e)
	}
	total := e.weights.Bytes()
	return e.weights.Upload(ctx, e.dev, func(done int64) {
		if o.Progress != nil {
			o.Progress(done, total)
		}
	})
}

// complete fills in what was left out.
func (o *Options) complete(caps gpu.Caps) error {
	limit := caps.Limits.MaxStorageBinding
	if o.MaxBinding == 0 || o.MaxBinding > limit {
		o.MaxBinding = limit
	}
	if o.Chunk == 0 {
		o.Chunk = DefaultChunk
	}
	if o.Memory == 0 {
		o.Memory = DefaultMemory(caps.Kind)
	}
	if o.ExpertSlots < 0 {
		return fmt.Errorf("%d slots for experts", o.ExpertSlots)
	}
	if o.KV == "" {
		o.KV = "f32"
	}
	if !slices.Contains(plan.CacheTypes, o.KV) {
		return fmt.Errorf("KV cache of type %q; %s are supported", o.KV, strings.Join(plan.CacheTypes, ", "))
	}
	return nil
}

// DefaultMemory guesses what WebGPU does not tell, a device's memory in bytes: 75 %
// of RAM where the device shares it, else 4 GiB.
func DefaultMemory(kind gpu.Kind) int64 {
	if kind == gpu.KindIntegrated || kind == gpu.KindSoftware {
		if ram := memory.TotalMemory(); ram > 0 {
			return int64(ram / 4 * 3)
		}
	}
	return 4 << 30
}

// record plans all memory and records all programs.
func (e *Engine) record(f *gguf.File, o Options) error {
	limits := e.caps.Limits
	e.memory, e.prefill, e.fast = planned.Plan{}, nil, o.Fast
	e.weights = weights.NewSet(&e.memory, weights.Limits{
		Binding: o.MaxBinding, Buffer: limits.MaxBufferSize, Align: int64(limits.StorageOffsetAlign),
	})
	m, context, err := model.Load(f, e.library, e.weights, &e.memory, model.Options{Tokens: o.Chunk, Context: o.Context, KV: o.KV, Binding: o.MaxBinding, ExpertSlots: o.ExpertSlots})
	if err != nil {
		return err
	}
	e.context, e.vocab = context, m.Vocabulary()
	chunk := int(min(int64(o.Chunk), int64(context), maxWork/m.AttentionWork(context)))
	e.shared = plan.NewShared(&e.memory, max(chunk, 1), context+sampleAhead)
	if o.CheckNumerics {
		e.ahead, e.batches = 1, 1 // so that it is known which token went wrong
		e.shared.WatchNumerics(&e.memory)
	}
	if err := e.recordDecode(m, o.MaxBinding); err != nil {
		return err
	}
	return e.recordPrefill(m, o.MaxBinding, chunk)
}

func (e *Engine) recordDecode(m model.Model, binding int64) (err error) {
	r := e.recorder(binding, 1)
	e.hidden = m.Forward(r)
	head := r.Mark()
	r.Keep(e.hidden)
	e.logits = m.Logits(r, e.hidden)
	r.Keep(e.logits)
	greedy := r.Mark()
	r.Argmax(e.logits)
	sample := r.Mark()
	r.Sample(e.logits)
	if e.decode, err = r.Finish(&e.memory); err != nil {
		return err
	}
	e.marks = [5]int{0, head, greedy, sample, r.Mark()}
	return nil
}

// recordPrefill records the program for the longest chunk whose activations fit.
func (e *Engine) recordPrefill(m model.Model, binding int64, chunk int) (err error) {
	for e.chunk = chunk; e.chunk > 1; {
		r := e.recorder(binding, e.chunk)
		e.chunked = m.Forward(r)
		r.Keep(e.chunked)
		e.prefill, err = r.Finish(&e.memory)
		var wide *plan.TooWideError
		if !errors.As(err, &wide) {
			return err
		}
		e.chunk = min(wide.Fits(), e.chunk-1)
	}
	e.chunk = 1
	return nil
}

func (e *Engine) recorder(binding int64, tokens int) *plan.Recorder {
	r := plan.NewRecorder(e.library, e.shared, plan.Limits{Binding: binding, Work: maxWork}, tokens)
	r.Fast = e.fast
	return r
}

// build makes pipelines and bind groups: with LatePrefill, only those of the
// decode program.
func (e *Engine) build(ctx context.Context, o Options) error {
	e.late, e.ready = o.LatePrefill, e.prefill != nil && o.LatePrefill == 0
	programs := []*plan.Program{e.decode}
	if e.ready {
		programs = append(programs, e.prefill)
	}
	if err := e.buildAll(ctx, o.Compiled, programs...); err != nil {
		return err
	}
	e.body = e.decode.Commands(e.marks[0], e.marks[1])
	e.head = e.decode.Commands(e.marks[1], e.marks[2])
	e.greedy = e.decode.Commands(e.marks[2], e.marks[3])
	e.sample = e.decode.Commands(e.marks[3], e.marks[4])
	return nil
}

// buildAll builds programs, whose pipelines are compiled together.
func (e *Engine) buildAll(ctx context.Context, compiled func(done, total int), programs ...*plan.Program) error {
	var variants []*kernel.Variant
	for _, p := range programs {
		variants = append(variants, p.Variants()...)
	}
	if err := e.library.Compile(ctx, variants, compiled); err != nil {
		return err
	}
	for _, p := range programs {
		if err := p.Build(e.dev); err != nil {
			return err
		}
	}
	return nil
}

// readyFor builds the prefill program where n tokens are the first that are worth
// it.
func (e *Engine) readyFor(ctx context.Context, n int) error {
	if e.ready || e.prefill == nil || n <= e.late {
		return nil
	}
	err := e.buildAll(ctx, nil, e.prefill)
	e.ready = err == nil
	return err
}

// Programs returns the steps of a decode, with both ways to sample, and those of
// a prefill, which is nil where chunks have one token.
func (e *Engine) Programs() (decode, prefill *plan.Program) { return e.decode, e.prefill }

// Context returns the most tokens of a session.
func (e *Engine) Context() int { return e.context }

// Vocabulary returns the number of tokens.
func (e *Engine) Vocabulary() int { return e.vocab }

// Chunk returns the most tokens of a prefill step.
func (e *Engine) Chunk() int { return e.chunk }

// WeightBytes returns the device memory of the weights that stay there.
func (e *Engine) WeightBytes() int64 { return e.weights.Bytes() }

// DecodeBytes returns the bytes of weights that a decode step reads.
func (e *Engine) DecodeBytes() int64 { return e.decode.WeightBytes() }

// LoadTime returns how long Load took.
func (e *Engine) LoadTime() time.Duration { return e.loading }

// Close releases everything but the device.
func (e *Engine) Close() {
	e.session = nil
	e.library.Release()
	e.memory.Release()
}
