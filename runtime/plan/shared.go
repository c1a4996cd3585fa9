package plan

import (
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// Words of the state buffer, which the sampler moves on.
const (
	StatePosition = iota // of the first token of the step: the tokens in the cache
	StateSampled         // tokens sampled: where in the history the next one goes
	StateSeed
	stateWords = 4
)

// Shared is the memory that all programs of a model have in common, as u32
// words.
type Shared struct {
	State   *memory.Buffer
	IDs     *memory.Buffer // tokens of a step; the sampler writes the next one to the first
	History *memory.Buffer // sampled tokens

	Numerics *Numerics // nil: not watched
}

// NewShared plans the memory for steps of up to so many tokens, and for so many
// sampled ones.
func NewShared(plan *memory.Plan, tokens, sampled int) *Shared {
	words := func(label string, n int) *memory.Buffer {
		return plan.New(memory.Tables, label, 4*int64(n), gpu.Storage)
	}
	return &Shared{State: words("state", stateWords), IDs: words("ids", tokens), History: words("history", sampled)}
}
