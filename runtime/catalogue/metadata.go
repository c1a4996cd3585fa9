package catalogue

import "github.com/wgslgen/wgslgen/runtime/gguf"

// Describe sets the model's metadata, but for a tokeniser's.
func (m *Model) Describe(w *gguf.Writer) error {
	d := &describer{writer: w, architecture: m.Architecture}
	d.set("general.architecture", m.Architecture)
	d.set("general.name", m.Name)
	d.size("context_length", m.Context)
	d.size("embedding_length", m.Hidden)
	d.size("block_count", m.Layers)
	d.size("feed_forward_length", m.FeedForward)
	d.size("vocab_size", m.Vocabulary)
	d.size("attention.head_count", m.Heads)
	d.size("attention.head_count_kv", m.kvHeads())
	if m.layerNorm() {
		d.own("attention.layer_norm_epsilon", float32(1e-5))
	} else {
		d.own("attention.layer_norm_rms_epsilon", float32(1e-5))
	}
	base := m.RopeBase
	if base == 0 {
		base = 10000
	}
	d.own("rope.freq_base", float32(base))
	m.describeHeads(d)
	m.describeExperts(d)
	switch m.Architecture {
	case "gemma2":
		d.own("attn_logit_softcapping", float32(50))
		d.own("final_logit_softcapping", float32(30))
	case "stablelm":
		d.own("use_parallel_residual", false)
	}
	if m.Window > 0 {
		d.size("attention.sliding_window", m.Window)
	}
	return d.err
}

func (m *Model) describeHeads(d *describer) {
	if m.Latent.KV == 0 {
		d.size("attention.key_length", m.headDim())
		d.size("attention.value_length", m.headDim())
		d.size("rope.dimension_count", or(m.Rotated, m.headDim()))
		return
	}
	d.size("attention.key_length", m.Latent.KV+m.Rotated)
	d.size("attention.value_length", m.Latent.KV)
	d.size("attention.key_length_mla", m.Latent.Plain+m.Rotated)
	d.size("attention.value_length_mla", m.Latent.Value)
	d.size("attention.kv_lora_rank", m.Latent.KV)
	d.size("rope.dimension_count", m.Rotated)
	if m.Latent.Q > 0 {
		d.size("attention.q_lora_rank", m.Latent.Q)
	}
}

func (m *Model) describeExperts(d *describer) {
	e := m.Experts
	if e.Count == 0 {
		return
	}
	d.size("expert_count", e.Count)
	d.size("expert_used_count", e.Used)
	d.size("expert_feed_forward_length", e.FeedForward)
	if e.Dense > 0 {
		d.size("leading_dense_block_count", e.Dense)
	}
	switch {
	case m.Architecture == "qwen2moe":
		d.size("expert_shared_feed_forward_length", e.Shared)
	case e.Shared > 0:
		d.size("expert_shared_count", e.Shared/e.FeedForward)
	}
	if m.Architecture == "deepseek2" && m.Latent.Q > 0 { // V3
		d.own("expert_weights_scale", float32(2.5))
		d.own("expert_weights_norm", true)
		d.size("expert_gating_func", 2)
		d.size("expert_group_count", 8)
		d.size("expert_group_used_count", 4)
	}
}

// describer sets metadata until an error.
type describer struct {
	writer       *gguf.Writer
	architecture string
	err          error
}

func (d *describer) set(key string, value any) {
	if d.err == nil {
		d.err = d.writer.Set(key, value)
	}
}

// own sets a key of the architecture.
func (d *describer) own(name string, value any) { d.set(d.architecture+"."+name, value) }

func (d *describer) size(name string, n int) { d.own(name, uint32(n)) }
