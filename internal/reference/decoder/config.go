package decoder

import (
	"fmt"
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

// config is what a file's metadata says, with what its architecture implies.
type config struct {
	arch                            string
	layers, hidden, heads, kvHeads  int
	dk, dv                          int // values of a key and of a value
	eps                             float64
	layerNorm                       bool
	parallel                        bool // attention and feed-forward read the same norm
	scale                           float64
	embedScale                      float64
	attentionCap, finalCap          float64
	window                          int
	local                           func(layer int) bool // layers that see the window only
	global, near                    reference.Rotation   // of layers that see all, and of local ones
	activation                      func(float64) float64
	experts, used                   int
	denseLayers                     int
	sigmoidRouting, renormalise     bool
	softmaxAfter                    bool // over the chosen experts
	expertScale                     float64
	groups, usedGroups              int
	qRank, kvRank, mlaKey, mlaValue int // MLA (DeepSeek-AI, 2024)
}

func (m *model) number(name string, otherwise float64) float64 {
	key := m.arch + "." + name
	if !m.file.Has(key) {
		return otherwise
	}
	if x, err := m.file.Float(key); err == nil {
		return x
	}
	x, err := m.file.Int(key)
	if err != nil {
		panic(missing{err})
	}
	return float64(x)
}

func (m *model) size(name string, otherwise int) int { return int(m.number(name, float64(otherwise))) }

func (m *model) flag(name string, otherwise bool) bool {
	if v, err := m.file.Bool(m.arch + "." + name); err == nil {
		return v
	}
	return otherwise
}

func (m *model) configure(context int) {
	var err error
	if m.arch, err = m.file.String("general.architecture"); err != nil {
		panic(missing{err})
	}
	m.layers = m.size("block_count", 0)
	m.hidden = m.size("embedding_length", 0)
	m.heads = m.size("attention.head_count", 0)
	m.kvHeads = m.size("attention.head_count_kv", m.heads)
	m.dk = m.size("attention.key_length", m.hidden/m.heads)
	m.dv = m.size("attention.value_length", m.dk)
	m.eps = m.number("attention.layer_norm_rms_epsilon", m.number("attention.layer_norm_epsilon", 0))
	m.layerNorm = m.file.Has(m.arch + ".attention.layer_norm_epsilon")
	m.scale = 1 / math.Sqrt(float64(m.dk))
	m.embedScale = 1
	m.window = m.size("attention.sliding_window", 0)
	m.local = func(int) bool { return m.window > 0 }
	m.activation = reference.SiLU
	m.experts, m.used = m.size("expert_count", 0), m.size("expert_used_count", 0)
	m.denseLayers = m.size("leading_dense_block_count", 0)
	m.expertScale = m.number("expert_weights_scale", 1)
	m.groups, m.usedGroups = m.size("expert_group_count", 1), m.size("expert_group_used_count", 1)
	m.renormalise = m.flag("expert_weights_norm", false)
	half := true
	switch m.arch {
	case "llama":
		half, m.renormalise = false, true
	case "qwen2", "qwen3", "qwen2moe":
	case "qwen3moe":
		m.renormalise = true
	case "gemma", "gemma2", "gemma3":
		m.configureGemma()
	case "phi2":
		m.parallel, m.activation = true, reference.GELU
	case "phi3":
	case "falcon":
		m.parallel, m.activation = true, reference.GELU
	case "stablelm":
		m.parallel = m.flag("use_parallel_residual", true)
	case "deepseek":
		half = false
	case "deepseek2":
		half = false
		m.configureMLA()
	case "gpt-oss":
		m.softmaxAfter = true
		m.local = func(layer int) bool { return layer%2 == 0 }
	default:
		panic(missing{fmt.Errorf("no reference for architecture %q", m.arch)})
	}
	m.global = m.rotation(m.number("rope.freq_base", 10000), half, context)
	m.near = m.global
	if m.arch == "gemma3" {
		m.near = reference.Rotation{Dims: m.global.Dims, Half: true, Base: m.number("rope.freq_base_swa", 10000), MScale: 1}
	}
}

// configureGemma: Gemma (2024), Gemma 2 (2024), Gemma 3 (2025).
func (m *model) configureGemma() {
	m.embedScale, m.activation = math.Sqrt(float64(m.hidden)), reference.GELU
	m.attentionCap, m.finalCap = m.number("attn_logit_softcapping", 0), m.number("final_logit_softcapping", 0)
	switch {
	case m.arch == "gemma2":
		m.local = func(layer int) bool { return layer%2 == 0 }
	case m.arch == "gemma3":
		m.local = func(layer int) bool { return layer%6 != 5 }
	}
	if (m.arch == "gemma2" && m.layers == 46) || (m.arch == "gemma3" && m.layers == 62) { // the 27B models
		m.scale = 1 / math.Sqrt(float64(m.hidden/m.heads))
	}
}

// configureMLA: DeepSeek-V2 (2024) and V3 (2024).
func (m *model) configureMLA() {
	m.qRank, m.kvRank = m.size("attention.q_lora_rank", 0), m.size("attention.kv_lora_rank", 0)
	m.mlaKey, m.mlaValue = m.size("attention.key_length_mla", 0), m.size("attention.value_length_mla", 0)
	m.sigmoidRouting = m.size("expert_gating_func", 1) == 2
	m.scale = 1 / math.Sqrt(float64(m.mlaKey))
	if multiplier := m.number("rope.scaling.yarn_log_multiplier", 0); multiplier != 0 {
		mscale := 1 + multiplier*math.Log(m.number("rope.scaling.factor", 1))
		m.scale *= mscale * mscale
	}
}

// rotation reads how positions turn: plain (Su et al., 2021), by a factor a pair (Llama 3.1; LongRoPE, Ding et al.,
// 2024), linear (Chen et al., 2023), or YaRN (Peng et al., 2023).
func (m *model) rotation(base float64, half bool, context int) reference.Rotation {
	r := reference.Rotation{Dims: m.size("rope.dimension_count", m.dk), Half: half, Base: base, MScale: 1}
	r.Factor = m.vector("rope_freqs.weight")
	original := m.size("rope.scaling.original_context_length", m.size("context_length", 0))
	if m.has("rope_factors_long.weight") {
		r.Factor = m.vector("rope_factors_short.weight")
		if context > original {
			r.Factor = m.vector("rope_factors_long.weight")
		}
	}
	kind, _ := m.file.String(m.arch + ".rope.scaling.type")
	factor := m.number("rope.scaling.factor", 1)
	switch {
	case kind == "yarn":
		r.Factor = yarn(r, factor, float64(original))
		if m.number("rope.scaling.yarn_log_multiplier", 0) == 0 { // DeepSeek scales the scores instead
			r.MScale = 1 + 0.1*math.Log(factor)
		}
	case factor != 1:
		r.Factor = make([]float64, r.Dims/2)
		for i := range r.Factor {
			r.Factor[i] = factor
		}
	}
	r.MScale *= m.number("rope.scaling.attn_factor", 1)
	return r
}

// yarn returns the divisor of each pair's angle: 1 for pairs that turn 32 times or more within the original context,
// the factor for those that turn once or less, and between them the angles blend linearly.
func yarn(r reference.Rotation, factor, original float64) []float64 {
	pair := func(turns float64) float64 {
		return float64(r.Dims) * math.Log(original/(turns*2*math.Pi)) / (2 * math.Log(r.Base))
	}
	low, high := max(math.Floor(pair(32)), 0), min(math.Ceil(pair(1)), float64(r.Dims-1))
	out := make([]float64, r.Dims/2)
	for i := range out {
		blend := min(max((float64(i)-low)/max(high-low, 0.001), 0), 1)
		out[i] = 1 / (blend/factor + 1 - blend)
	}
	return out
}
