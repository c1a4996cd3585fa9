package huggingface

import (
	"errors"
	"fmt"
)

// family is how the models of an architecture are mapped.
type family struct {
	name        string            // of the architecture in GGUF
	layers      map[string]string // names of a layer's tensors, without their endings
	gelu        bool
	layerNorm   bool
	interleaved bool // Q and K turn by neighbours in GGUF
	normsPlus1  bool
	headSizes   bool             // the size of heads is stated
	special     map[string]place // tensors of a layer that are more than renamed
	check       func(c *config) error
	describe    func(m *mapper)
}

// place adds what becomes of a layer's tensor.
type place func(m *mapper, layer int, s source)

// outer are the names of tensors of no layer.
var outer = map[string]string{
	"model.embed_tokens": "token_embd", "model.norm": "output_norm", "model.final_layernorm": "output_norm", "lm_head": "output",
	"transformer.word_embeddings": "token_embd", "transformer.ln_f": "output_norm",
}

// layerPrefixes are what names of layers' tensors begin with.
var layerPrefixes = []string{"model.layers.", "transformer.h."}

var (
	projectionNames = map[string]string{
		"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "input_layernorm": "attn_norm",
	}
	attentionNames = union(projectionNames, map[string]string{"self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"})
	denseNames     = map[string]string{"mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
	usualNorm      = map[string]string{"post_attention_layernorm": "ffn_norm"}
	expertNames    = map[string]string{
		"mlp.gate": "ffn_gate_inp", "mlp.experts.*.gate_proj": "ffn_gate_exps", "mlp.experts.*.up_proj": "ffn_up_exps", "mlp.experts.*.down_proj": "ffn_down_exps",
		"mlp.shared_expert.gate_proj": "ffn_gate_shexp", "mlp.shared_expert.up_proj": "ffn_up_shexp", "mlp.shared_expert.down_proj": "ffn_down_shexp",
		"mlp.shared_expert_gate": "ffn_gate_inp_shexp",
	}
	mixtralNames = map[string]string{
		"block_sparse_moe.gate":         "ffn_gate_inp",
		"block_sparse_moe.experts.*.w1": "ffn_gate_exps", "block_sparse_moe.experts.*.w3": "ffn_up_exps", "block_sparse_moe.experts.*.w2": "ffn_down_exps",
	}
	gemmaNorms = map[string]string{
		"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
	}
	phi2Names   = map[string]string{"self_attn.dense": "attn_output", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down"}
	sharedNames = map[string]string{
		"mlp.shared_experts.gate_proj": "ffn_gate_shexp", "mlp.shared_experts.up_proj": "ffn_up_shexp", "mlp.shared_experts.down_proj": "ffn_down_shexp",
	}
	falconNames = map[string]string{
		"self_attention.query_key_value": "attn_qkv", "self_attention.dense": "attn_output", "input_layernorm": "attn_norm", "ln_mlp": "attn_norm",
		"ln_attn": "attn_norm_2", "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down",
	}
	stableLMNorms = map[string]string{"self_attn.q_layernorm.norms.*": "attn_q_norm", "self_attn.k_layernorm.norms.*": "attn_k_norm"}
	phi3Names     = map[string]string{"self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
)

func union(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, table := range tables {
		for from, to := range table {
			all[from] = to
		}
	}
	return all
}

// families are the architectures that can be opened, as config.json names them.
var families = map[string]family{
	"LlamaForCausalLM":               {name: "llama", layers: union(attentionNames, denseNames, usualNorm), interleaved: true, headSizes: true},
	"MistralForCausalLM":             {name: "llama", layers: union(attentionNames, denseNames, usualNorm), interleaved: true, headSizes: true, describe: describeWindow},
	"MixtralForCausalLM":             {name: "llama", layers: union(attentionNames, mixtralNames, usualNorm), interleaved: true, headSizes: true, describe: describeWindow},
	"Qwen2ForCausalLM":               {name: "qwen2", layers: union(attentionNames, denseNames, usualNorm), check: checkQwen},
	"Qwen3ForCausalLM":               {name: "qwen3", layers: union(attentionNames, denseNames, usualNorm), headSizes: true, check: checkQwen},
	"Qwen2MoeForCausalLM":            {name: "qwen2moe", layers: union(attentionNames, expertNames, usualNorm), check: checkQwen, describe: describeQwen2MoE},
	"Qwen3MoeForCausalLM":            {name: "qwen3moe", layers: union(attentionNames, expertNames, usualNorm), headSizes: true, check: checkQwen3MoE},
	"GemmaForCausalLM":               {name: "gemma", layers: union(attentionNames, denseNames, usualNorm), gelu: true, normsPlus1: true, headSizes: true},
	"Gemma2ForCausalLM":              {name: "gemma2", layers: union(attentionNames, denseNames, gemmaNorms), gelu: true, normsPlus1: true, headSizes: true, check: checkGemma, describe: describeGemma2},
	"Gemma3ForCausalLM":              {name: "gemma3", layers: union(attentionNames, denseNames, gemmaNorms), gelu: true, normsPlus1: true, headSizes: true, check: checkGemma, describe: describeGemma3},
	"Gemma3ForConditionalGeneration": {name: "gemma3", layers: union(attentionNames, denseNames, gemmaNorms), gelu: true, normsPlus1: true, headSizes: true, check: checkGemma, describe: describeGemma3},
	"PhiForCausalLM":                 {name: "phi2", layers: union(attentionNames, phi2Names), gelu: true, layerNorm: true},
	"Phi3ForCausalLM":                {name: "phi3", layers: union(attentionNames, phi3Names, usualNorm), describe: describeWindow},
	"DeepseekForCausalLM":            {name: "deepseek", layers: union(attentionNames, denseNames, expertNames, sharedNames, usualNorm), interleaved: true, describe: describeDeepSeek},
	"FalconForCausalLM":              {name: "falcon", layers: falconNames, gelu: true, layerNorm: true},
	"DeepseekV2ForCausalLM":          deepSeek2,
	"DeepseekV3ForCausalLM":          deepSeek2,
	"GptOssForCausalLM":              gptOSS,
	"StableLmForCausalLM":            {name: "stablelm", layers: union(projectionNames, denseNames, usualNorm, stableLMNorms), layerNorm: true, describe: describeStableLM},
}

// checkQwen refuses a window, which is for some layers only and mostly not used.
func checkQwen(c *config) error {
	if c.UsesWindow != nil && *c.UsesWindow && c.Window > 0 && c.Window < c.Context {
		return fmt.Errorf("use_sliding_window is true, with sliding_window %d; models of this architecture see all tokens", c.Window)
	}
	return nil
}

func checkQwen3MoE(c *config) error {
	if c.NormalizeTopK != nil && !*c.NormalizeTopK {
		return errors.New("norm_topk_prob is false; models of this architecture normalise the weights of the chosen experts")
	}
	return checkQwen(c)
}

// checkGemma refuses a scale of attention that follows neither from the size of heads nor, in the largest models, from
// the hidden size.
func checkGemma(c *config) error {
	scalar := float64(c.HeadDim)
	if c.Layers == 46 || c.Layers == 62 {
		scalar = float64(c.Hidden) / float64(c.Heads)
	}
	if c.QueryScalar != 0 && c.QueryScalar != scalar {
		return errors.New("query_pre_attn_scalar is another than models of this architecture have")
	}
	if c.Architectures[0] == "Gemma2ForCausalLM" {
		return c.checkLayers(2)
	}
	return c.checkLayers(6)
}

func describeQwen2MoE(m *mapper) {
	m.size("expert_shared_feed_forward_length", m.SharedExpertSize)
	if m.NormalizeTopK != nil {
		m.own("expert_weights_norm", *m.NormalizeTopK)
	}
}

func describeDeepSeek(m *mapper) {
	if m.ExpertPeriod > 1 {
		m.fail("%s: moe_layer_freq is %d; 1 is supported", ConfigFile, m.ExpertPeriod)
	}
	m.count("leading_dense_block_count", m.DenseLayers)
	m.count("expert_shared_count", m.SharedExperts)
	if m.RoutedScale > 0 {
		m.own("expert_weights_scale", float32(m.RoutedScale))
	}
	if m.NormalizeTopK != nil {
		m.own("expert_weights_norm", *m.NormalizeTopK)
	}
}

func describeGemma2(m *mapper) {
	m.size("attention.sliding_window", m.Window)
	if m.AttentionCap != nil {
		m.own("attn_logit_softcapping", float32(*m.AttentionCap))
	}
	if m.FinalCap != nil {
		m.own("final_logit_softcapping", float32(*m.FinalCap))
	}
}

func describeGemma3(m *mapper) {
	if m.WindowPattern != nil && *m.WindowPattern != 6 {
		m.fail("sliding_window_pattern is %d; 6 is supported", *m.WindowPattern)
	}
	m.size("attention.sliding_window", m.Window)
	if m.LocalTheta > 0 {
		m.own("rope.freq_base_swa", float32(m.LocalTheta))
	}
}

// describeWindow is for models all of whose layers have the window, if there is one: the first Mistral, Phi-3.
func describeWindow(m *mapper) { m.count("attention.sliding_window", m.Window) }

func describeStableLM(m *mapper) {
	if m.Parallel != nil {
		m.own("use_parallel_residual", *m.Parallel)
	}
}
