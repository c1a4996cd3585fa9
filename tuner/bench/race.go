package bench

import (
	"context"
	"slices"
	"time"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// Of software, prompts and generations of so many tokens are long enough to
// tell.
const (
	runTokens      = 128
	softwarePrompt = 64
	softwareTokens = 24
)

// task is what is run: a prompt and tokens after it, of which a phase is timed.
type task struct {
	phase          phase
	prompt, tokens int
}

// prefill is the task of a prompt.
func (b *Bench) prefill(prompt int) task {
	return task{prefilling, b.length(prompt, softwarePrompt), 1}
}

// decode is the task of a generation after a prompt.
func (b *Bench) decode(prompt int) task {
	return task{decoding, b.length(prompt, softwarePrompt), b.length(runTokens, softwareTokens)}
}

// length bounds tokens by the model's context, and by what suffices for software.
func (b *Bench) length(tokens, software int) int {
	if b.software() {
		tokens = min(tokens, software)
	}
	return min(tokens, b.engine.Context()/2)
}

// WholeTime returns about how long TuneWhole and TuneEngine take together, once
// Problems has weighed the model's steps.
func (b *Bench) WholeTime() time.Duration {
	takes := func(t task) time.Duration {
		return b.steps[prefilling]*time.Duration(t.prompt)/time.Duration(b.engine.Chunk()) + b.steps[decoding]*time.Duration(t.tokens)
	}
	loads, turn := time.Duration(0), time.Duration(0)
	add := func(engines, ways int, tasks ...task) {
		if ways < 2 {
			return // there is nothing to compare
		}
		loads += time.Duration(engines)
		for _, t := range tasks {
			turn += time.Duration(ways) * takes(t)
		}
	}
	add(2, 2, b.prefill(wholePrompt), b.decode(1))
	for range b.chunks()[1:] {
		add(2, 2, b.prefill(longPrompt))
	}
	add(1, len(b.aheads()), b.decode(1))
	add(1, len(b.submissions()), b.prefill(wholePrompt))
	return (1+mostTurns)*turn + loads*b.engine.LoadTime()
}

// rate returns the tokens a second of the task's phase on an engine.
func (t task) rate(ctx context.Context, e *engine.Engine) (float64, error) {
	s, err := generate(ctx, e, t.prompt, t.tokens)
	if t.phase == prefilling {
		return s.PrefillRate(), err
	}
	return s.DecodeRate(), err
}

// How often runs are taken in turns. The first turn, which compiles, does not
// count; fewer than leastTurns more say nothing.
const (
	mostTurns  = 5
	leastTurns = 3
)

// lead is how much faster another way must be to take the place of one that was
// there before it.
const lead = 1.03

// run is a whole run of the model; it returns tokens a second.
type run func(ctx context.Context) (float64, error)

// race takes runs in turns, one of each a turn, so that a device that slows down
// slows all of them, and returns the median of the rates of each. Where the time
// that ctx has is over before the last turn, the complete ones count.
func race(ctx context.Context, runs ...run) (medians []float64, err error) {
	rates := make([][]float64, len(runs))
	for range 1 + mostTurns {
		var turn []float64
		if turn, err = once(ctx, runs); err != nil {
			break
		}
		for i, rate := range turn {
			rates[i] = append(rates[i], rate)
		}
	}
	if err != nil && (ctx.Err() != context.DeadlineExceeded || len(rates[0]) < 1+leastTurns) {
		return nil, err
	}
	for _, r := range rates {
		medians = append(medians, middle(r[1:]))
	}
	return medians, nil
}

// once returns the rate of one of each of some runs.
func once(ctx context.Context, runs []run) (rates []float64, err error) {
	for _, r := range runs {
		rate, err := r(ctx)
		if err != nil {
			return nil, err
		}
		rates = append(rates, rate)
	}
	return rates, nil
}

func middle(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// compare runs tasks in several ways of driving the model, in turns where the
// device holds all of them and else one way after the other, and returns the
// rates: of the first way's tasks, then of the second's, and so on.
func (b *Bench) compare(ctx context.Context, tasks []task, ways ...engine.Options) (rates []float64, err error) {
	if n := int64(len(ways)); n > 1 && n*b.footprint > b.memory() {
		for _, way := range ways {
			alone, err := b.compare(ctx, tasks, way)
			if err != nil {
				return nil, err
			}
			rates = append(rates, alone...)
		}
		return rates, nil
	}
	var runs []run
	for _, way := range ways {
		e, err := b.load(ctx, way)
		if err != nil {
			return nil, err
		}
		defer e.Close()
		for _, t := range tasks {
			runs = append(runs, func(ctx context.Context) (float64, error) { return t.rate(ctx, e) })
		}
	}
	return race(ctx, runs...)
}

// fastest returns which way has the highest rate of a task: the first, unless
// another is clearly faster. Each challenges the best of those before it. What ctx
// cuts off counts for nothing: the best until then is returned with the error.
func (b *Bench) fastest(ctx context.Context, t task, ways []engine.Options) (best int, err error) {
	for i := 1; i < len(ways); i++ {
		rates, err := b.compare(ctx, []task{t}, ways[best], ways[i])
		if err != nil {
			return best, err
		}
		if rates[1] > lead*rates[0] {
			best = i
		}
	}
	return best, nil
}

// load loads the model in a way, beside what is loaded already.
func (b *Bench) load(ctx context.Context, way engine.Options) (*engine.Engine, error) {
	way.Memory = b.options.Memory
	return engine.Load(ctx, b.dev, b.options.Model, way)
}

// byChoices is the way of a profile's choices alone: how the engine drives the
// device may have been found with another model.
func byChoices(p *profile.Profile) engine.Options {
	choices := *p
	choices.Engine = profile.Engine{}
	return engine.Options{Profile: &choices}
}

// generate runs a made-up prompt on an engine.
func generate(ctx context.Context, e *engine.Engine, prompt, tokens int) (engine.Stats, error) {
	s := e.NewSession()
	for _, err := range s.Generate(ctx, promptOf(e, prompt), engine.Generation{Tokens: tokens}) {
		if err != nil {
			return engine.Stats{}, err
		}
	}
	return s.Stats(), nil
}

// promptOf returns a made-up prompt of n tokens.
func promptOf(e *engine.Engine, n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*7919 + 1) % e.Vocabulary())
	}
	return ids
}
