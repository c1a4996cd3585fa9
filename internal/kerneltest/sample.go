package kerneltest

import (
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

var _ = describe(Spec{
	Kernel: "sample",
	Why:    "exact, where no decision is closer than float32 can tell",
	cases: func(g *generator) {
		for _, s := range []struct {
			n       int
			sampler reference.Sampler
		}{
			{1, reference.Sampler{Temperature: 1, TopP: 1}},
			{7, reference.Sampler{Temperature: 0.7, TopK: 3, TopP: 0.9}},
			{37, reference.Sampler{Temperature: 1.5, TopP: 0.5}},
			{257, reference.Sampler{Temperature: 0.7, TopK: 40, TopP: 0.95}},
			{1009, reference.Sampler{Temperature: 2, TopP: 1}},
			{1009, reference.Sampler{Temperature: 0.01, TopK: 5000, TopP: 0.99}},
			{63, reference.Sampler{Temperature: 1, TopK: 1, TopP: 1}},
			{64, reference.Sampler{Temperature: 1, TopK: 9, TopP: 0}},
		} {
			g.sample(s.n, s.sampler, 1)
			g.sample(s.n, s.sampler, 1e-3) // a near thing
		}
	},
})

// sample adds a case whose outcome does not hang on rounding, but on a
// difference of at most so much where that can be.
func (g *generator) sample(n int, s reference.Sampler, most float64) {
	for try := 0; ; try++ {
		c := g.add()
		if margin := c.sample(n, s); margin > 1e-5 && (margin < most || try > 2000) {
			return
		}
		g.cases = g.cases[:len(g.cases)-1]
	}
}

// sample fills the case, and returns how near another outcome is.
func (c *Case) sample(n int, s reference.Sampler) (margin float64) {
	c.size("n", n)
	c.size("top_k", s.TopK)
	s.Temperature = c.float("temperature", s.Temperature)
	s.TopP = c.float("top_p", s.TopP)
	logits := c.random.normal(n)
	for i := range logits { // equal ones, and no two that differ by little
		logits[i] = math.Round(logits[i]*3*64) / 64
	}
	logits = c.floats("logits", logits)
	c.step(11, func(seed, step uint32) (token int) {
		token, margin = s.Draw(logits, reference.Uniform(seed, step))
		return token
	})
	return margin
}

// step fills the bindings that the end of a step moves on, with a history of
// so many tokens, and says what they become.
func (c *Case) step(history int, token func(seed, step uint32) int) {
	c.size("history_len", history)
	state := c.output("state", 4)
	step, seed := uint32(state.was(1)), uint32(state.was(2))
	next := float64(token(seed, step))
	state.put(0, float64(uint32(state.was(0))+1), 0)
	state.put(1, float64(step+1), 0)
	c.output("ids", 1).put(0, next, 0)
	c.output("history", history).put(int(step)%history, next, 0)
}
