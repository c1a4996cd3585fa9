// Package model knows architectures: their configuration, their weights by name, and their forward pass.
package model

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Model is an architecture with its weights and caches planned.
type Model interface {
	// Vocabulary returns the number of tokens.
	Vocabulary() int
	// Forward records the layers for the step's tokens, and returns the hidden
	// state of each.
	Forward(r *plan.Recorder) *plan.Tensor
	// Logits records the output for the hidden state of one token.
	Logits(r *plan.Recorder, hidden *plan.Tensor) *plan.Tensor
	// AttentionWork returns the multiplications of one layer's attention for
	// one token that sees so many.
	AttentionWork(seen int) int64
}

// Options say how a model is laid out.
type Options struct {
	Tokens  int    // of a step, at most
	Context int    // positions of the cache; 0 is the model's own, DefaultContext at most
	KV      string // element type of the cache: one of plan.CacheTypes
	Binding int64  // bytes of a binding, at most
	// ExpertSlots is how many of a layer's experts the device holds at a time,
	// where there are more; 0 is all.
	ExpertSlots int
}

// DefaultContext bounds the context where none is asked for.
const DefaultContext = 4096

var architectures = map[string]func(*loader) Model{
	"llama":     loadLlama,
	"qwen2":     loadQwen,
	"qwen3":     loadQwen,
	"qwen2moe":  loadQwen2MoE,
	"qwen3moe":  loadQwen3MoE,
	"gemma":     loadGemma,
	"gemma2":    loadGemma2,
	"gemma3":    loadGemma3,
	"phi2":      loadPhi2,
	"phi3":      loadPhi3,
	"deepseek":  loadDeepSeek,
	"deepseek2": loadDeepSeek2,
	"stablelm":  loadStableLM,
	"falcon":    loadFalcon,
	"gpt-oss":   loadGPTOSS,
}

// ErrUnsupported says that a model is of a kind that the engine does not run.
var ErrUnsupported = errors.New("not supported")

// ContextError says that a longer context was asked for than the model has.
type ContextError struct{ Asked, Most int }

func (e *ContextError) Error() string {
	return fmt.Sprintf("a context of %d tokens: the model has at most %d", e.Asked, e.Most)
}

// Load plans the model in a file: its weights in set, its caches in memory. It
// returns the context too, in tokens.
func Load(f *gguf.File, library *op.Library, set *weights.Set, plan *memory.Plan, o Options) (Model, int, error) {
	name, err := f.String("general.architecture")
	if err != nil {
		return nil, 0, err
	}
	load, ok := architectures[name]
	if !ok {
		return nil, 0, fmt.Errorf("architecture %q is %w; these are: %s", name, ErrUnsupported, strings.Join(slices.Sorted(maps.Keys(architectures)), ", "))
	}
	l := &loader{file: f, architecture: name, library: library, set: set, memory: plan, options: o, used: map[string]bool{}}
	l.context = l.readContext()
	m := load(l)
	if o.ExpertSlots > 0 && !l.mixture {
		l.fail(fmt.Errorf("%d slots for experts: the model has no experts", o.ExpertSlots))
	}
	l.finishRopes()
	l.checkUnused()
	return m, l.context, l.err
}

// readContext returns the positions to plan for.
func (l *loader) readContext() int {
	trained := l.int("context_length")
	switch asked := l.options.Context; {
	case asked > trained:
		l.fail(&ContextError{asked, trained})
	case asked > 0:
		return asked
	}
	return min(trained, DefaultContext)
}
