package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/roofline"
	"github.com/wgslgen/wgslgen/runtime/synthetic"
)

func runBench(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer bench", flag.ContinueOnError)
	var model modelFlags
	model.register(flags)
	made := flags.String("synthetic", "", "`shape:type` of a model with random weights, such as llama-125m:q4_0")
	prefill := flags.Int("pp", 512, "`tokens` of a prompt; 0 does not measure it")
	decode := flags.Int("tg", 128, "`tokens` to generate; 0 does not measure it")
	repetitions := flags.Int("r", 5, "`times` to measure, after a warm-up")
	untuned := flags.Bool("untuned", false, "measure the engine without its tuning profile too, in turns, and print the ratios")
	asJSON := flags.Bool("json", false, "write JSON")
	if err := parse(flags, args, s); err != nil {
		return err
	}
	if err := model.check(); err != nil {
		return err
	}
	switch {
	case *prefill < 0 || *decode < 0 || *prefill+*decode == 0 || *repetitions < 1:
		return &usageError{"-pp and -tg must not be negative, nor both 0, and -r at least 1"}
	case *made != "" && model.path != "":
		return &usageError{"-m and -synthetic exclude each other"}
	}
	f, err := benchFile(&model, *made)
	if err != nil {
		return err
	}
	defer f.Close()
	options := model.options()
	if options.Context == 0 {
		options.Context = max(*prefill, *decode+1)
	}
	e, dev, closeAll, err := model.load(ctx, f, options, s.err)
	if err != nil {
		return err
	}
	defer closeAll()
	name, _ := f.String("general.name")
	b := &bench{engines: []*engine.Engine{e}, Device: dev.Caps().Name, Model: name, DecodeBytes: e.DecodeBytes(), PeakMemory: e.PeakMemory()}
	if b.Bandwidth, err = roofline.Bandwidth(ctx, dev); err != nil {
		return err
	}
	if *untuned {
		options.Untuned = true
		plain, err := engine.Load(ctx, dev, f, options)
		if err != nil {
			return err
		}
		defer plain.Close()
		b.engines = append(b.engines, plain)
	}
	if err := b.measureAll(ctx, *prefill, *decode, *repetitions); err != nil {
		return err
	}
	if *asJSON {
		return writeJSON(s.out, b)
	}
	b.print(s.out)
	return nil
}

func benchFile(model *modelFlags, made string) (*gguf.File, error) {
	if made != "" {
		f, err := synthetic.Open(made)
		if err != nil {
			return nil, &usageError{err.Error()}
		}
		return f, nil
	}
	return model.open()
}

// bench measures a model, as llama-bench defines it. Rates are tokens a second.
type bench struct {
	engines []*engine.Engine // the one to measure, and perhaps the one to compare it with

	Device      string  `json:"device"`
	Model       string  `json:"model"`
	Prefill     *result `json:"prefill,omitempty"`
	Decode      *result `json:"decode,omitempty"`
	DecodeBytes int64   `json:"decode_bytes"` // of weights that a decode step reads
	Bandwidth   float64 `json:"bandwidth"`    // bytes a second of the best plain read
	PeakMemory  int64   `json:"peak_memory"`
}

// result is the mean and the standard deviation of some rates.
type result struct {
	Tokens  int       `json:"tokens"`
	Mean    float64   `json:"mean"`
	SD      float64   `json:"sd"`
	Rates   []float64 `json:"rates"`
	Untuned *result   `json:"untuned,omitempty"`
	Ratio   float64   `json:"ratio,omitempty"` // to untuned: the median over the turns
}

func (b *bench) measureAll(ctx context.Context, prefill, decode, repetitions int) (err error) {
	if b.Prefill, err = b.measure(ctx, prefill, repetitions, prefillRate); err != nil {
		return err
	}
	b.Decode, err = b.measure(ctx, decode, repetitions, decodeRate)
	return err
}

// measure calls once as a warm-up and then repeatedly, each engine in its turn.
func (b *bench) measure(ctx context.Context, tokens, repetitions int, once func(context.Context, *engine.Engine, int) (float64, error)) (*result, error) {
	if tokens == 0 {
		return nil, nil
	}
	results := make([]*result, len(b.engines))
	for j := range results {
		results[j] = &result{Tokens: tokens}
	}
	for i := range repetitions + 1 {
		for j, r := range results {
			rate, err := once(ctx, b.engines[j], tokens)
			if err != nil {
				return nil, err
			}
			if i > 0 {
				r.Rates = append(r.Rates, rate)
			}
		}
	}
	for _, r := range results {
		r.sum()
	}
	if len(results) > 1 {
		results[0].compare(results[1])
	}
	return results[0], nil
}

// sum computes the mean and the standard deviation.
func (r *result) sum() {
	for _, x := range r.Rates {
		r.Mean += x / float64(len(r.Rates))
	}
	for _, x := range r.Rates {
		r.SD += (x - r.Mean) * (x - r.Mean) / float64(max(len(r.Rates)-1, 1))
	}
	r.SD = math.Sqrt(r.SD)
}

// compare sets the ratio to what was measured in the same turns.
func (r *result) compare(untuned *result) {
	var ratios []float64
	for i, rate := range r.Rates {
		ratios = append(ratios, rate/untuned.Rates[i])
	}
	slices.Sort(ratios)
	r.Untuned, r.Ratio = untuned, ratios[len(ratios)/2]
}

// prefillRate feeds random tokens to an empty session.
func prefillRate(ctx context.Context, e *engine.Engine, tokens int) (float64, error) {
	stats, err := generate(ctx, e, tokens, 1)
	return stats.PrefillRate(), err
}

// decodeRate generates tokens after a single one.
func decodeRate(ctx context.Context, e *engine.Engine, tokens int) (float64, error) {
	stats, err := generate(ctx, e, 1, tokens+1)
	return stats.DecodeRate(), err
}

func generate(ctx context.Context, e *engine.Engine, prompt, tokens int) (engine.Stats, error) {
	ids := make([]int32, prompt)
	for i := range ids {
		ids[i] = rand.Int32N(int32(e.Vocabulary()))
	}
	session := e.NewSession()
	for _, err := range session.Generate(ctx, ids, engine.Generation{Tokens: tokens}) {
		if err != nil {
			return engine.Stats{}, err
		}
	}
	return session.Stats(), nil
}

func (b *bench) print(w io.Writer) {
	fmt.Fprintf(w, "%s on %s\n", b.Model, b.Device)
	if r := b.Prefill; r != nil {
		fmt.Fprintf(w, "pp%-5d %10.2f ± %.2f tok/s%s\n", r.Tokens, r.Mean, r.SD, r.compared())
	}
	if r := b.Decode; r != nil {
		rate := r.Mean * float64(b.DecodeBytes)
		fmt.Fprintf(w, "tg%-5d %10.2f ± %.2f tok/s, %.2f GB/s of weights, %.0f%% of the read bandwidth%s\n",
			r.Tokens, r.Mean, r.SD, rate/1e9, 100*rate/b.Bandwidth, r.compared())
	}
	fmt.Fprintf(w, "read bandwidth %.2f GB/s, %.1f MB of weights a decode step, peak GPU memory %.1f MB\n",
		b.Bandwidth/1e9, float64(b.DecodeBytes)/1e6, float64(b.PeakMemory)/1e6)
	fmt.Fprintln(w, "tokenising is not measured; each step ends with a greedy choice on the GPU")
}

// compared says how the engine does without its profile, where that was measured.
func (r *result) compared() string {
	if r.Untuned == nil {
		return ""
	}
	return fmt.Sprintf("; untuned %.2f ± %.2f tok/s, ratio %.2f", r.Untuned.Mean, r.Untuned.SD, r.Ratio)
}
