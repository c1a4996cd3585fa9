package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/wgslgen/wgslgen/runtime/embedded"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/modelfile"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// usageError is a mistake on the command line. The flag package has reported
// it already where the message is empty.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

// parse parses flags, after which nothing may follow.
func parse(flags *flag.FlagSet, args []string, s streams) error {
	flags.SetOutput(s.err)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return &usageError{}
	}
	if flags.NArg() > 0 {
		return &usageError{fmt.Sprintf("unexpected argument %q", flags.Arg(0))}
	}
	return nil
}

// given reports whether a flag stood on the command line.
func given(flags *flag.FlagSet, name string) (found bool) {
	flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// isTerminal reports whether people read w, or write r.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// modelFlags say which model runs where.
type modelFlags struct {
	path, device, kv string
	context, experts int
	memory           memory.Size
	fast             bool
	checkNumerics    bool
}

func (m *modelFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&m.path, "m", "", "`file` or folder of the model: GGUF (of several files the first), safetensors with config.json, or RDRR (default: the built-in story model)")
	flags.StringVar(&m.device, "device", "", "part of the GPU's `name` (default: the best; see dreamer devices)")
	flags.IntVar(&m.context, "ctx", 0, "most `tokens` of a conversation (default: the model's, at most 4096)")
	flags.StringVar(&m.kv, "kv", "f32", "`type` of the KV cache: "+strings.Join(plan.CacheTypes, ", "))
	flags.IntVar(&m.experts, "experts", 0, "experts of a layer to hold on the GPU, in `slots`; others come from the file (default: all, or as many as fit)")
	flags.BoolVar(&m.fast, "fast", false, "round activations to 8 or 16 bits in products, where the GPU multiplies these faster: text may differ")
	flags.Var(&m.memory, "memory", "device memory to use, such as 6GiB (default: 75% of RAM where the GPU shares it, else 4GiB)")
}

// registerNumerics is for commands that need not be fast.
func (m *modelFlags) registerNumerics(flags *flag.FlagSet) {
	flags.BoolVar(&m.checkNumerics, "check-numerics", false, "after every layer, look for values that are infinite or NaN, and stop at the first")
}

// check returns what is wrong with the flags.
func (m *modelFlags) check() error {
	switch {
	case m.context < 0 || m.context > math.MaxInt32:
		return &usageError{"-ctx must not be negative, nor above 2147483647"}
	case m.experts < 0 || m.experts > math.MaxInt32:
		return &usageError{"-experts must not be negative, nor above 2147483647"}
	case !slices.Contains(plan.CacheTypes, m.kv):
		return &usageError{fmt.Sprintf("-kv is %q; %s are supported", m.kv, strings.Join(plan.CacheTypes, ", "))}
	}
	return nil
}

// open opens the model's file.
func (m *modelFlags) open() (*gguf.File, error) {
	if m.path == "" {
		return embedded.Open()
	}
	return modelfile.Open(m.path)
}

func (m *modelFlags) options() engine.Options {
	return engine.Options{
		Context: m.context, KV: m.kv, Memory: int64(m.memory), ExpertSlots: m.experts, Fast: m.fast, CheckNumerics: m.checkNumerics,
	}
}

// load opens a device and loads a model onto it. The caller calls the function
// returned.
func (m *modelFlags) load(ctx context.Context, f *gguf.File, o engine.Options, stderr io.Writer) (*engine.Engine, gpu.Device, func(), error) {
	dev, err := native.Open(native.Options{Adapter: m.device})
	if err != nil {
		return nil, nil, nil, err
	}
	bar := newBar(stderr, "loading")
	o.Progress = bar.set
	e, err := engine.Load(ctx, dev, f, o)
	bar.finish()
	if err != nil {
		dev.Close()
		return nil, nil, nil, err
	}
	return e, dev, func() { e.Close(); dev.Close() }, nil
}

// samplingFlags say how tokens are drawn.
type samplingFlags struct {
	temperature, topP float64
	topK              int
	seed              uint64
}

func (f *samplingFlags) register(flags *flag.FlagSet) {
	flags.Float64Var(&f.temperature, "temp", 0, "`temperature`; 0 always takes the likeliest token (default 0.7 on a terminal, else 0)")
	flags.IntVar(&f.topK, "top-k", 40, "draw from the `n` likeliest tokens; 0 is all")
	flags.Float64Var(&f.topP, "top-p", 0.95, "draw from the likeliest tokens that together have this `probability`")
	flags.Uint64Var(&f.seed, "seed", 0, "`number` that fixes what is drawn (default: random)")
}

// sampling returns what the flags say, for text that goes to out.
func (f *samplingFlags) sampling(flags *flag.FlagSet, out io.Writer) (plan.Sampling, error) {
	if !given(flags, "temp") && isTerminal(out) {
		f.temperature = 0.7
	}
	switch {
	case !(f.temperature >= 0 && f.temperature <= math.MaxFloat32):
		return plan.Sampling{}, &usageError{"-temp must not be negative, and finite"}
	case !(f.topP > 0 && f.topP <= 1):
		return plan.Sampling{}, &usageError{"-top-p must be above 0 and at most 1"}
	case f.topK < 0 || f.topK > math.MaxInt32:
		return plan.Sampling{}, &usageError{"-top-k must not be negative"}
	case f.seed > math.MaxUint32:
		return plan.Sampling{}, &usageError{"-seed must be below 2^32"}
	}
	seed := uint32(f.seed)
	if !given(flags, "seed") {
		seed = rand.Uint32()
	}
	return plan.Sampling{Temperature: float32(f.temperature), TopK: f.topK, TopP: float32(f.topP), Seed: seed}, nil
}
