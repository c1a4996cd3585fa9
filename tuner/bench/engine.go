package bench

import (
	"context"
	"time"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// How the engine may drive a device: prefill steps of so many tokens, and so
// many decode steps submitted together.
var (
	chunks         = []int{engine.DefaultChunk, 128, 256, 1024}
	softwareChunks = []int{engine.DefaultChunk, 32}
	aheads         = []int{engine.DefaultAhead, 2, 4, 16, 32}
)

// What the engine is measured by: a prompt, tokens after it, and how often. The
// fastest run counts.
const (
	enginePrompt   = 2048
	softwarePrompt = 64
	engineTokens   = 128
	softwareTokens = 24
	engineRuns     = 3
)

// lead is how much faster than the default another way must be to be chosen.
const lead = 1.03

// TuneEngine measures whole prompts and generations by a profile, and sets how
// the engine drives the device in it, unless a larger model has told that
// before: what suits a small one may slow down a large one. It ends early, when
// ctx does or the deadline has passed; then it sets nothing. The bench runs no
// more candidates afterwards.
func (b *Bench) TuneEngine(ctx context.Context, p *profile.Profile, deadline time.Time) error {
	weights := b.engine.WeightBytes()
	if p.Engine.Weights >= weights {
		return nil
	}
	b.leave()
	b.engine.Close()
	prompt, tokens := b.wholeRun()
	sizes := chunks
	if b.software() {
		sizes = softwareChunks
	}
	over := func() bool { return ctx.Err() != nil || time.Now().After(deadline) }
	tuned := *p
	tuned.Engine = profile.Engine{}
	best, rate := 0, 0.0
	var err error
	for _, size := range sizes {
		if over() {
			return ctx.Err()
		}
		o := engine.Options{Profile: &tuned, Chunk: size}
		if b.engine, err = engine.Load(ctx, b.dev, b.options.Model, o); err != nil {
			return err
		}
		r, err := b.fastest(ctx, prompt, 1, engine.Stats.PrefillRate)
		if err != nil {
			return err
		}
		if best == 0 || r > lead*rate {
			best, rate = size, r
		}
		if size != sizes[len(sizes)-1] {
			b.engine.Close()
		}
	}
	ahead, rate := 0, 0.0
	for _, n := range aheads {
		if over() {
			return ctx.Err()
		}
		b.engine.SetAhead(n)
		r, err := b.fastest(ctx, 1, tokens, engine.Stats.DecodeRate)
		if err != nil {
			return err
		}
		if ahead == 0 || r > lead*rate {
			ahead, rate = n, r
		}
	}
	p.Engine = profile.Engine{Chunk: best, Ahead: ahead, Weights: weights}
	return nil
}

// fastest returns the best rate of some generations.
func (b *Bench) fastest(ctx context.Context, prompt, tokens int, rate func(engine.Stats) float64) (best float64, err error) {
	for range engineRuns + 1 { // the first compiles
		s, err := generate(ctx, b.engine, prompt, tokens)
		if err != nil {
			return 0, err
		}
		best = max(best, rate(s))
	}
	return best, nil
}
