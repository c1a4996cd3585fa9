package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Generation says what to generate.
type Generation struct {
	Sampling plan.Sampling
	Tokens   int              // at most so many; 0 is until the end
	Stop     func(int32) bool // says which tokens end it; they are yielded too
}

// DefaultAhead is how many decode steps are submitted together, at most.
const DefaultAhead = 8

// BatchTime is about how long decode steps that are submitted together take at
// most: of slow steps fewer are.
const BatchTime = 60 * time.Millisecond

// batchesAhead is how far the host runs ahead of the device: of so many batches of
// steps.
const batchesAhead = 2

// Generate feeds the prompt and yields the tokens that follow. What the prompt
// shares with the tokens of the session is not computed again: a conversation
// gives all of itself each time. A sequence that does not end yields
// ErrContextFull when there is no more room; an error ends the iteration.
func (s *Session) Generate(ctx context.Context, prompt []int32, o Generation) iter.Seq2[int32, error] {
	return func(yield func(int32, error) bool) {
		g := &generation{Session: s, ctx: ctx, options: o, begin: time.Now(), traffic: s.e.weights.Traffic()}
		defer g.finish()
		if err := g.run(prompt, yield); err != nil {
			yield(0, err)
		}
	}
}

// generation is the state of one call of Generate.
type generation struct {
	*Session
	ctx     context.Context
	options Generation
	begin   time.Time
	stats   Stats
	traffic weights.Traffic // before it

	step      []gpu.CommandList // a decode step with its sampler, as often as may be submitted together
	batches   []batch           // submitted and not read yet
	submitted int               // tokens that the device has been asked for
	limit     int               // most of them
	emitted   []int32
	stepTime  time.Duration
	arrived   time.Time // when the last batch did
}

// batch is n tokens on their way from the device.
type batch struct {
	n    int
	read gpu.Readback
}

func (g *generation) run(prompt []int32, yield func(int32, error) bool) error {
	if err := g.start(prompt); err != nil {
		return err
	}
	room := g.e.context - len(g.tokens) + 1 // the last token needs no place
	g.limit = room
	if g.options.Tokens > 0 {
		g.limit = min(room, g.options.Tokens)
	}
	for len(g.emitted) < g.limit {
		if err := g.submitAhead(); err != nil {
			return err
		}
		tokens, err := g.receive()
		if err != nil {
			return err
		}
		for _, token := range tokens {
			g.emitted = append(g.emitted, token)
			g.stats.Tokens++
			if !yield(token, nil) {
				return nil
			}
			if g.options.Stop != nil && g.options.Stop(token) {
				return nil
			}
		}
	}
	if g.limit == g.options.Tokens {
		return nil
	}
	return fmt.Errorf("%w: all %d tokens are used", ErrContextFull, g.e.context)
}

// start feeds what is new of the prompt and samples the first token.
func (g *generation) start(prompt []int32) error {
	if len(prompt) == 0 {
		return fmt.Errorf("the prompt has no tokens")
	}
	g.tokens = g.tokens[:alike(g.tokens, prompt[:len(prompt)-1])]
	prompt = prompt[len(g.tokens):]
	if err := g.check(prompt); err != nil {
		return err
	}
	sampler := g.e.greedy
	if g.options.Sampling.Temperature > 0 {
		sampler = g.e.sample
		if err := g.e.decode.SetSampling(g.e.dev, g.options.Sampling); err != nil {
			return err
		}
	}
	g.stats.PromptTokens = len(prompt)
	last, err := g.prefill(g.ctx, prompt)
	if err != nil {
		return err
	}
	if err := g.writeState(len(g.tokens)-1, g.options.Sampling.Seed); err != nil {
		return err
	}
	for range g.e.ahead {
		g.step = append(g.step, g.e.body, g.e.head, sampler)
	}
	return g.submit(1, g.hiddenFrom(last-1, last), g.e.head, sampler)
}

// alike returns how many tokens a and b begin with alike.
func alike(a, b []int32) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// submit submits lists that sample n tokens, and starts reading those.
func (g *generation) submit(n int, lists ...gpu.CommandList) error {
	if err := g.e.dev.Submit(lists...); err != nil {
		return err
	}
	if err := g.checkNumerics(g.ctx, len(g.tokens)-1+g.submitted, n); err != nil {
		return err
	}
	read, err := g.e.dev.StartRead(g.e.shared.History.GPU(), 4*int64(g.place()), 4*int64(n))
	if err != nil {
		return err
	}
	g.batches = append(g.batches, batch{n, read})
	g.submitted += n
	return nil
}

// place returns where in the history the next token goes, which begins anew
// when it is full.
func (g *generation) place() int { return (int(g.sampled) + g.submitted) % g.history() }

func (g *generation) history() int { return int(g.e.shared.History.Size() / 4) }

// submitAhead keeps the device busy while the host reads.
func (g *generation) submitAhead() error {
	for len(g.batches) < g.e.batches && g.submitted < g.limit {
		n := min(g.steps(), g.limit-g.submitted, g.history()-g.place())
		if g.e.pager != nil {
			if err := g.page(); err != nil {
				return err
			}
			continue
		}
		if err := g.submit(n, g.step[:3*n]...); err != nil {
			return err
		}
	}
	return nil
}

// page submits a step whose experts come from the file: one at a time.
func (g *generation) page() error {
	if err := g.e.play(g.ctx, g.e.decode, g.e.marks[1]); err != nil {
		return err
	}
	return g.submit(1, g.step[1:3]...)
}

// steps returns how many steps to submit together: few while it is not known
// how long they take.
func (g *generation) steps() int {
	if g.stepTime == 0 {
		return 1
	}
	return int(min(max(BatchTime/g.stepTime, 1), time.Duration(g.e.ahead)))
}

// receive waits for the oldest batch.
func (g *generation) receive() ([]int32, error) {
	b := g.batches[0]
	g.batches = g.batches[1:]
	data, err := b.read.Wait(g.ctx)
	if err != nil {
		return nil, err
	}
	g.time(b.n)
	tokens := make([]int32, b.n)
	for i := range tokens {
		tokens[i] = int32(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return tokens, nil
}

// time notes that n tokens arrived.
func (g *generation) time(n int) {
	now := time.Now()
	if g.stats.arrived == 0 {
		g.stats.FirstToken = now.Sub(g.begin)
	} else {
		g.stepTime = max(now.Sub(g.arrived)/time.Duration(n), 1)
	}
	g.arrived = now
	g.stats.arrived += n
	g.stats.Decode = now.Sub(g.begin) - g.stats.FirstToken
}

// giveUp ends reads whose bytes are not wanted any more.
func giveUp(reads ...gpu.Readback) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for _, r := range reads {
		r.Wait(done)
	}
}

// finish gives up what is still on its way, and notes what the cache holds: the
// device may have run beyond the last token that was wanted.
func (g *generation) finish() {
	for _, b := range g.batches {
		giveUp(b.read)
	}
	g.tokens = append(g.tokens, g.emitted[:max(min(len(g.emitted), g.submitted-1), 0)]...)
	g.sampled += uint32(len(g.emitted))
	g.stats.Experts = g.e.weights.Traffic().Sub(g.traffic)
	g.Session.stats = g.stats
}
