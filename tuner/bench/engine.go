package bench

import (
	"context"
	"slices"

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

// longPrompt is the tokens of a prompt that is long enough for all chunks, and
// for a generation after it to read much of the cache.
const longPrompt = 2048

// TuneEngine measures whole prompts and generations by a profile's choices, and
// sets how the engine drives the device in it, unless a larger model has told that
// before: what suits a small one may slow down a large one. Where ctx ends it,
// what was found until then stays, to be measured anew by the next tuning. The
// bench runs no more candidates afterwards.
func (b *Bench) TuneEngine(ctx context.Context, p *profile.Profile) error {
	weights := b.engine.WeightBytes()
	if p.Engine.Weights >= weights {
		return nil
	}
	b.makeRoom()
	sizes := b.chunks()
	var ways []engine.Options
	for _, size := range sizes {
		way := byChoices(p)
		way.Chunk = size
		ways = append(ways, way)
	}
	best, err := b.fastest(ctx, b.prefill(longPrompt), ways)
	if best > 0 || err == nil {
		p.Engine.Chunk = sizes[best]
	}
	if err != nil {
		return err
	}
	ahead, err := b.ahead(ctx, byChoices(p))
	if err != nil {
		return err
	}
	p.Engine.Ahead, p.Engine.Weights = ahead, weights
	return nil
}

func (b *Bench) chunks() []int {
	if b.software() {
		return softwareChunks
	}
	return chunks
}

// aheads returns those numbers of decode steps that make a difference: the engine
// submits fewer together where they take too long.
func (b *Bench) aheads() (distinct []int) {
	most := max(int(engine.BatchTime/max(b.steps[decoding], 1)), 1)
	for _, n := range aheads {
		if !slices.ContainsFunc(distinct, func(m int) bool { return min(m, most) == min(n, most) }) {
			distinct = append(distinct, n)
		}
	}
	return distinct
}

// ahead returns how many decode steps it is best to submit together.
func (b *Bench) ahead(ctx context.Context, way engine.Options) (best int, err error) {
	numbers := b.aheads()
	if len(numbers) == 1 {
		return numbers[0], nil
	}
	e, err := b.load(ctx, way)
	if err != nil {
		return 0, err
	}
	defer e.Close()
	var runs []run
	for _, n := range numbers {
		runs = append(runs, func(ctx context.Context) (float64, error) {
			e.SetAhead(n)
			return b.decode(1).rate(ctx, e)
		})
	}
	rates, err := race(ctx, runs...)
	if err != nil {
		return 0, err
	}
	fastest := 0
	for i, rate := range rates {
		if rate > lead*rates[fastest] {
			fastest = i
		}
	}
	return numbers[fastest], nil
}
