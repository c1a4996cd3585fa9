package bench

import (
	"context"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// How the engine may drive a device: prefill steps of so many tokens, so many
// decode steps submitted together, and so many dispatches of a prefill step (0 is
// all).
var (
	chunks         = []int{engine.DefaultChunk, 128, 256, 1024}
	softwareChunks = []int{engine.DefaultChunk, 32}
	aheads         = []int{engine.DefaultAhead, 2, 4, 16, 32}
	dispatches     = []int{0, 16, 64}
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
	ahead, err := b.drive(ctx, p, b.decode(1), b.aheads())
	if err != nil {
		return err
	}
	submission, err := b.drive(ctx, p, b.prefill(wholePrompt), b.submissions())
	if err != nil {
		return err
	}
	p.Engine.Ahead, p.Engine.Dispatches, p.Engine.Weights = ahead.Ahead, submission.Dispatches, weights
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
func (b *Bench) aheads() (distinct []profile.Engine) {
	most := max(int(engine.BatchTime/max(b.steps[decoding], 1)), 1)
	for _, n := range aheads {
		if !slices.ContainsFunc(distinct, func(e profile.Engine) bool { return min(e.Ahead, most) == min(n, most) }) {
			distinct = append(distinct, profile.Engine{Ahead: n})
		}
	}
	return distinct
}

// submissions returns the numbers of dispatches to submit together: all, where a
// prefill step takes so long that what comes before the device begins is nothing
// against it.
func (b *Bench) submissions() (all []profile.Engine) {
	for _, n := range dispatches {
		all = append(all, profile.Engine{Dispatches: n})
	}
	if b.steps[prefilling] > engine.BatchTime {
		return all[:1]
	}
	return all
}

// drive returns which way to drive the device has the highest rate of a task: the
// first, unless another is clearly faster.
func (b *Bench) drive(ctx context.Context, p *profile.Profile, t task, hows []profile.Engine) (best profile.Engine, err error) {
	if len(hows) == 1 {
		return hows[0], nil
	}
	e, err := b.load(ctx, byChoices(p))
	if err != nil {
		return best, err
	}
	defer e.Close()
	var runs []run
	for _, how := range hows {
		runs = append(runs, func(ctx context.Context) (float64, error) {
			e.Drive(how)
			return t.rate(ctx, e)
		})
	}
	rates, err := race(ctx, runs...)
	if err != nil {
		return best, err
	}
	fastest := 0
	for i, rate := range rates {
		if rate > lead*rates[fastest] {
			fastest = i
		}
	}
	return hows[fastest], nil
}
