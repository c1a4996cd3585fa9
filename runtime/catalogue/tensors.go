package catalogue

import "fmt"

// Tensor is a tensor that a model's file has.
type Tensor struct {
	Name  string
	Dims  []uint64 // contiguous first
	Layer int      // -1: of no layer
}

// Elements returns the number of elements.
func (t *Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Dims {
		n *= int64(d)
	}
	return n
}

// lister collects the tensors of a model.
type lister struct {
	*Model
	layer int
	all   []Tensor
}

// add adds the tensor of a name, which within a layer begins with the layer's.
func (l *lister) add(name string, dims ...int) {
	if l.layer >= 0 {
		name = fmt.Sprintf("blk.%d.%s", l.layer, name)
	}
	t := Tensor{Name: name, Layer: l.layer}
	for _, d := range dims {
		t.Dims = append(t.Dims, uint64(d))
	}
	l.all = append(l.all, t)
}

// norm adds a norm's weights, and its bias where the architecture has that.
func (l *lister) norm(name string, n int) {
	l.add(name+".weight", n)
	if l.layerNorm() {
		l.add(name+".bias", n)
	}
}

// layerNorm reports whether norms subtract the mean and add a bias.
func (m *Model) layerNorm() bool {
	return m.Architecture == "phi2" || m.Architecture == "stablelm" || m.Architecture == "falcon"
}

// Tensors returns the tensors of the model's GGUF file.
func (m *Model) Tensors() []Tensor {
	l := &lister{Model: m, layer: -1}
	l.add("token_embd.weight", m.Hidden, m.Vocabulary)
	l.norm("output_norm", m.Hidden)
	if !m.Tied {
		l.add("output.weight", m.Hidden, m.Vocabulary)
	}
	if m.Architecture == "phi2" {
		l.add("output.bias", m.Vocabulary)
	}
	for l.layer = 0; l.layer < m.Layers; l.layer++ {
		l.norm("attn_norm", m.Hidden)
		if m.Latent.KV > 0 {
			l.latentAttention()
		} else {
			l.attention()
		}
		l.feedForward()
	}
	return l.all
}

func (l *lister) attention() {
	q, kv := l.Heads*l.headDim(), l.kvHeads()*l.headDim()
	arch := l.Architecture
	bias := arch == "qwen2" || arch == "qwen2moe" || arch == "phi2" || arch == "gpt-oss"
	switch arch {
	case "phi3", "falcon":
		l.add("attn_qkv.weight", l.Hidden, q+2*kv)
	default:
		for _, part := range []struct {
			name string
			rows int
		}{{"attn_q", q}, {"attn_k", kv}, {"attn_v", kv}} {
			l.add(part.name+".weight", l.Hidden, part.rows)
			if bias {
				l.add(part.name+".bias", part.rows)
			}
		}
	}
	if arch == "qwen3" || arch == "qwen3moe" || arch == "gemma3" {
		l.add("attn_q_norm.weight", l.headDim())
		l.add("attn_k_norm.weight", l.headDim())
	}
	l.add("attn_output.weight", q, l.Hidden)
	switch {
	case arch == "phi2":
		l.add("attn_output.bias", l.Hidden)
	case arch == "gpt-oss":
		l.add("attn_output.bias", l.Hidden)
		l.add("attn_sinks.weight", l.Heads)
	case arch == "gemma2" || arch == "gemma3":
		l.add("post_attention_norm.weight", l.Hidden)
	case arch == "falcon" && l.kvHeads() > 1: // the 40B model norms twice
		l.norm("attn_norm_2", l.Hidden)
	}
}

func (l *lister) latentAttention() {
	key := l.Latent.Plain + l.Rotated
	if l.Latent.Q > 0 {
		l.add("attn_q_a.weight", l.Hidden, l.Latent.Q)
		l.add("attn_q_a_norm.weight", l.Latent.Q)
		l.add("attn_q_b.weight", l.Latent.Q, l.Heads*key)
	} else {
		l.add("attn_q.weight", l.Hidden, l.Heads*key)
	}
	l.add("attn_kv_a_mqa.weight", l.Hidden, l.Latent.KV+l.Rotated)
	l.add("attn_kv_a_norm.weight", l.Latent.KV)
	l.add("attn_k_b.weight", l.Latent.Plain, l.Latent.KV, l.Heads)
	l.add("attn_v_b.weight", l.Latent.KV, l.Latent.Value, l.Heads)
	l.add("attn_output.weight", l.Heads*l.Latent.Value, l.Hidden)
}

func (l *lister) feedForward() {
	arch := l.Architecture
	switch {
	case arch == "gpt-oss":
		l.add("post_attention_norm.weight", l.Hidden)
	case arch != "phi2" && arch != "falcon": // whose attention and feed-forward share a norm
		l.norm("ffn_norm", l.Hidden)
	}
	switch e := l.Experts; {
	case e.Count > 0 && l.layer >= e.Dense:
		l.experts()
	case arch == "phi3": // gate and up in one
		l.add("ffn_up.weight", l.Hidden, 2*l.FeedForward)
		l.add("ffn_down.weight", l.FeedForward, l.Hidden)
	case arch == "falcon" || arch == "phi2":
		l.add("ffn_up.weight", l.Hidden, l.FeedForward)
		l.add("ffn_down.weight", l.FeedForward, l.Hidden)
		if arch == "phi2" {
			l.add("ffn_up.bias", l.FeedForward)
			l.add("ffn_down.bias", l.Hidden)
		}
	default:
		l.gated("", l.FeedForward)
	}
	if arch == "gemma2" || arch == "gemma3" {
		l.add("post_ffw_norm.weight", l.Hidden)
	}
}

func (l *lister) gated(suffix string, feedForward int) {
	l.add("ffn_gate"+suffix+".weight", l.Hidden, feedForward)
	l.add("ffn_up"+suffix+".weight", l.Hidden, feedForward)
	l.add("ffn_down"+suffix+".weight", feedForward, l.Hidden)
}

func (l *lister) experts() {
	e := l.Experts
	l.add("ffn_gate_inp.weight", l.Hidden, e.Count)
	l.add("ffn_gate_exps.weight", l.Hidden, e.FeedForward, e.Count)
	l.add("ffn_up_exps.weight", l.Hidden, e.FeedForward, e.Count)
	l.add("ffn_down_exps.weight", e.FeedForward, l.Hidden, e.Count)
	switch l.Architecture {
	case "gpt-oss":
		l.add("ffn_gate_inp.bias", e.Count)
		l.add("ffn_gate_exps.bias", e.FeedForward, e.Count)
		l.add("ffn_up_exps.bias", e.FeedForward, e.Count)
		l.add("ffn_down_exps.bias", l.Hidden, e.Count)
	case "qwen2moe":
		l.add("ffn_gate_inp_shexp.weight", l.Hidden)
	case "deepseek2":
		if l.Latent.Q > 0 { // V3 corrects the scores
			l.add("exp_probs_b.bias", e.Count)
		}
	}
	if e.Shared > 0 {
		l.gated("_shexp", e.Shared)
	}
}
