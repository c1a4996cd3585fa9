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
			for !g.sample(s.n, s.sampler) {
				g.cases = g.cases[:len(g.cases)-1]
			}
		}
	},
})

// sample adds a case; false says that its outcome hangs on rounding.
func (g *generator) sample(n int, s reference.Sampler) bool {
	c := g.add()
	c.size("n", n)
	c.size("top_k", s.TopK)
	s.Temperature = c.float("temperature", s.Temperature)
	s.TopP = c.float("top_p", s.TopP)
	logits := g.normal(n)
	for i := range logits { // equal ones, and no two that differ by little
		logits[i] = math.Round(logits[i]*3*64) / 64
	}
	logits = c.floats("logits", logits)
	var margin float64
	c.step(11, func(seed, step uint32) (token int) {
		token, margin = s.Draw(logits, reference.Uniform(seed, step))
		return token
	})
	return margin > 1e-5
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
