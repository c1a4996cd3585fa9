package engine

import (
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
)

// Tier is how a device's memory lies to the host's.
type Tier string

// The tiers of memory.
const (
	Unified  Tier = "unified"  // the host's own
	Discrete Tier = "discrete" // the device's, of 4 GiB and more
	Small    Tier = "small"    // less than 4 GiB, whosever it is
)

const smallMemory = 4 << 30

func tierOf(kind gpu.Kind, bytes int64) Tier {
	switch {
	case bytes < smallMemory:
		return Small
	case kind == gpu.KindIntegrated || kind == gpu.KindSoftware:
		return Unified
	}
	return Discrete
}

// Estimate is what a model takes on a device, known before anything is loaded.
type Estimate struct {
	Tier        Tier  `json:"tier"`
	Memory      int64 `json:"memory"` // bytes that the engine may use
	Weights     int64 `json:"weights"`
	ExpertCache int64 `json:"expert_cache,omitempty"`
	ExpertSlots int   `json:"expert_slots,omitempty"` // experts of a layer in it; 0: the device holds all weights
	Experts     int   `json:"experts,omitempty"`      // of a layer, where the device does not hold all
	Cache       int64 `json:"kv_cache"`
	Activations int64 `json:"activations"`
	Tables      int64 `json:"tables"`
	Total       int64 `json:"total"`
	Context     int   `json:"context"`     // positions of the cache
	Chunk       int   `json:"chunk"`       // tokens of a prefill step
	Dispatches  int   `json:"dispatches"`  // of a greedy decode step
	DecodeBytes int64 `json:"decode_read"` // bytes of weights that a decode step reads
	// Refusal says why the model does not fit; empty if it does.
	Refusal string `json:"refusal,omitempty"`
}

// Plan returns what the model in f takes on a device with such capabilities. It
// needs no device, and of the file only the directory and some small tensors.
func Plan(caps gpu.Caps, f *gguf.File, o Options) (*Estimate, error) {
	e := &Engine{caps: caps, library: op.Describe(caps)}
	e.tune(&o)
	if err := o.complete(caps); err != nil {
		return nil, err
	}
	if err := e.recordToFit(f, o); err != nil {
		return nil, err
	}
	p := &Estimate{
		Tier: tierOf(caps.Kind, o.Memory), Memory: o.Memory,
		Weights: e.memory.Sum(memory.Weights), ExpertCache: e.memory.Sum(memory.Experts), ExpertSlots: e.ExpertSlots(),
		Experts: e.experts(), Cache: e.memory.Sum(memory.Cache),
		Activations: e.memory.Sum(memory.Activations), Tables: e.memory.Sum(memory.Tables), Total: e.memory.Bytes(),
		Context: e.context, Chunk: e.chunk, Dispatches: e.marks[3], DecodeBytes: e.decode.WeightBytes(),
	}
	if err := e.memory.Fit(o.Memory, caps.Limits); err != nil {
		p.Refusal = err.Error()
	}
	return p, nil
}
