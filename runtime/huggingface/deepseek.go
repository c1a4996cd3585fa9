package huggingface

import (
	"errors"
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/rearrange"
)

// deepSeek2 is DeepSeek-V2 and V3. What is rotated of their queries and keys turns by neighbours as they are published.
var deepSeek2 = family{
	name: "deepseek2",
	layers: union(denseNames, expertNames, sharedNames, usualNorm, map[string]string{
		"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.q_a_proj": "attn_q_a", "self_attn.q_a_layernorm": "attn_q_a_norm",
		"self_attn.q_b_proj": "attn_q_b", "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa", "self_attn.kv_a_layernorm": "attn_kv_a_norm", "self_attn.o_proj": "attn_output",
	}),
	special: map[string]place{
		"self_attn.kv_b_proj.weight":       placeLatentUp,
		"mlp.gate.e_score_correction_bias": func(m *mapper, layer int, s source) { m.tensor(inBlock(layer, "exp_probs_b.bias"), s) },
	},
	check: checkDeepSeek2, describe: describeDeepSeek2,
}

// placeLatentUp splits the matrix that makes keys and values of latent vectors. Each head has its key's rows, then its
// value's; those of keys are transposed, as the engine takes them to the queries' side.
func placeLatentUp(m *mapper, layer int, s source) {
	heads, rank, key, value := int64(m.Heads), int64(m.KVRank), int64(m.PlainDim), int64(m.ValueDim)
	kind, ok := plain[s.Type]
	if !ok || len(s.Shape) != 2 || s.Shape[0] != uint64(heads*(key+value)) || s.Shape[1] != uint64(rank) {
		m.fail("tensor %q is %s %v; F32, F16 or BF16 of the shape %v can be read", s.Name, s.Type, s.Shape, []int64{heads * (key + value), rank})
		return
	}
	size := int64(kind.BlockBytes())
	keys := rearrange.Rows(s.reader(), rank*size, heads*key, ofHeads(key+value, 0, key))
	keys = rearrange.Transposed(keys, rearrange.Shape{Matrices: heads, Rows: key, Cols: rank, Element: size})
	m.add(inBlock(layer, "attn_k_b.weight"), kind, []uint64{uint64(key), uint64(rank), uint64(heads)}, keys)
	values := rearrange.Rows(s.reader(), rank*size, heads*value, ofHeads(key+value, key, value))
	m.add(inBlock(layer, "attn_v_b.weight"), kind, []uint64{uint64(rank), uint64(value), uint64(heads)}, values)
}

// sigmoidRouting reports whether experts are chosen by sigmoids, as in V3.
func (c *config) sigmoidRouting() bool {
	return c.Scoring == "sigmoid" || c.Scoring == "" && c.Architectures[0] == "DeepseekV3ForCausalLM"
}

func checkDeepSeek2(c *config) error {
	for _, n := range []struct {
		name  string
		value int
	}{{"kv_lora_rank", c.KVRank}, {"qk_nope_head_dim", c.PlainDim}, {"qk_rope_head_dim", c.RotatedDim}, {"v_head_dim", c.ValueDim}} {
		if n.value <= 0 || n.value > 1<<16 {
			return fmt.Errorf("%s is %d; 1 to %d make sense", n.name, n.value, 1<<16)
		}
	}
	normalised := c.NormalizeTopK != nil && *c.NormalizeTopK
	switch {
	case c.NextLayers < 0 || c.NextLayers > 1<<12:
		return fmt.Errorf("num_nextn_predict_layers is %d", c.NextLayers)
	case c.RopeNeighbour != nil && !*c.RopeNeighbour:
		return errors.New("rope_interleave is false, which is not supported")
	case c.Scoring != "" && c.Scoring != "sigmoid" && c.Scoring != "softmax":
		return fmt.Errorf("scoring_func is %q; softmax and sigmoid are supported", c.Scoring)
	case !c.sigmoidRouting() && normalised && c.RoutedScale != 0 && c.RoutedScale != 1:
		return errors.New("norm_topk_prob with a routed_scaling_factor: DeepSeek-V2 has either")
	}
	switch c.TopKMethod {
	case "", "greedy", "group_limited_greedy", "noaux_tc":
		return nil
	}
	return fmt.Errorf("topk_method is %q; greedy, group_limited_greedy and noaux_tc are supported", c.TopKMethod)
}

func describeDeepSeek2(m *mapper) {
	describeDeepSeek(m)
	m.size("attention.head_count_kv", 1) // all heads attend to the same latent vectors
	m.size("attention.key_length", m.KVRank+m.RotatedDim)
	m.size("attention.value_length", m.KVRank)
	m.size("attention.key_length_mla", m.PlainDim+m.RotatedDim)
	m.size("attention.value_length_mla", m.ValueDim)
	m.size("attention.kv_lora_rank", m.KVRank)
	m.count("attention.q_lora_rank", m.QueryRank)
	gating := uint32(1)
	if m.sigmoidRouting() {
		gating = 2
	}
	m.own("expert_gating_func", gating)
	if m.Groups > 1 && m.TopKMethod != "greedy" {
		m.size("expert_group_count", m.Groups)
		m.size("expert_group_used_count", m.UsedGroups)
	}
	m.describeMscale()
}

// describeMscale states by how much YaRN scales scores: mscale_all_dim squared. What is rotated is scaled by the ratio of
// mscale and mscale_all_dim, which published models have at 1.
func (m *mapper) describeMscale() {
	switch s := &m.Scaling; {
	case s.kind() != "yarn" || s.MscaleAllDim == 0 && (s.Mscale == 0 || s.Mscale == 1):
	case s.Mscale != s.MscaleAllDim:
		m.fail("%s: rope_scaling has mscale %g and mscale_all_dim %g; they must be the same", ConfigFile, s.Mscale, s.MscaleAllDim)
	default:
		m.own("rope.scaling.yarn_log_multiplier", float32(0.1*s.MscaleAllDim))
	}
}
