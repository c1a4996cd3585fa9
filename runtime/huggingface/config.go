package huggingface

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// config is what matters in config.json. Names that families have in place of the usual ones stand beside them.
type config struct {
	Architectures []string        `json:"architectures"`
	ModelType     string          `json:"model_type"`
	Name          string          `json:"_name_or_path"`
	Text          json.RawMessage `json:"text_config"`
	Quantization  *struct {
		Method string `json:"quant_method"`
	} `json:"quantization_config"`

	Layers        int      `json:"num_hidden_layers"`
	Hidden        int      `json:"hidden_size"`
	FeedForward   int      `json:"intermediate_size"`
	Heads         int      `json:"num_attention_heads"`
	KVHeads       int      `json:"num_key_value_heads"`
	HeadDim       int      `json:"head_dim"`
	Context       int      `json:"max_position_embeddings"`
	RMSEpsilon    float64  `json:"rms_norm_eps"`
	Epsilon       float64  `json:"layer_norm_eps"`
	Activation    string   `json:"hidden_act"`
	Activation2   string   `json:"hidden_activation"`
	Tied          *bool    `json:"tie_word_embeddings"`
	QueryScalar   float64  `json:"query_pre_attn_scalar"`
	AttentionCap  *float64 `json:"attn_logit_softcapping"`
	FinalCap      *float64 `json:"final_logit_softcapping"`
	Window        int      `json:"sliding_window"`
	UsesWindow    *bool    `json:"use_sliding_window"`
	WindowPattern *int     `json:"sliding_window_pattern"`
	Partial       float64  `json:"partial_rotary_factor"`
	Parallel      *bool    `json:"use_parallel_residual"`

	RopeTheta  float64  `json:"rope_theta"`
	LocalTheta float64  `json:"rope_local_base_freq"`
	Scaling    scaling  `json:"rope_scaling"`
	Parameters struct { // as newer files have it, some for each kind of layer
		scaling
		Full    *scaling `json:"full_attention"`
		Sliding *scaling `json:"sliding_attention"`
	} `json:"rope_parameters"`
	OriginalContext int `json:"original_max_position_embeddings"`

	Experts          int   `json:"num_experts"`
	LocalExperts     int   `json:"num_local_experts"`
	UsedExperts      int   `json:"num_experts_per_tok"`
	ExpertSize       int   `json:"moe_intermediate_size"`
	SharedExpertSize int   `json:"shared_expert_intermediate_size"`
	NormalizeTopK    *bool `json:"norm_topk_prob"`

	RoutedExperts int     `json:"n_routed_experts"` // DeepSeek
	SharedExperts int     `json:"n_shared_experts"`
	DenseLayers   int     `json:"first_k_dense_replace"`
	RoutedScale   float64 `json:"routed_scaling_factor"`

	ExpertPeriod  int    `json:"moe_layer_freq"`
	QueryRank     int    `json:"q_lora_rank"` // and V2, V3
	KVRank        int    `json:"kv_lora_rank"`
	PlainDim      int    `json:"qk_nope_head_dim"`
	RotatedDim    int    `json:"qk_rope_head_dim"`
	ValueDim      int    `json:"v_head_dim"`
	Groups        int    `json:"n_group"`
	UsedGroups    int    `json:"topk_group"`
	TopKMethod    string `json:"topk_method"`
	Scoring       string `json:"scoring_func"`
	NextLayers    int    `json:"num_nextn_predict_layers"`
	RopeNeighbour *bool  `json:"rope_interleave"`

	SwiGLULimit float64  `json:"swiglu_limit"` // gpt-oss
	UsedOfOSS   int      `json:"experts_per_token"`
	LayerTypes  []string `json:"layer_types"`

	MultiQuery      *bool   `json:"multi_query"` // Falcon
	NewDecoder      bool    `json:"new_decoder_architecture"`
	FalconKVHeads   int     `json:"num_kv_heads"`
	FalconEpsilon   float64 `json:"layer_norm_epsilon"`
	FalconParallel  *bool   `json:"parallel_attn"`
	Alibi           bool    `json:"alibi"`
	FeedForwardSize int     `json:"ffn_hidden_size"`
}

// scaling is how a context is stretched.
type scaling struct {
	Type            string    `json:"rope_type"`
	OldType         string    `json:"type"`
	Theta           float64   `json:"rope_theta"`
	Factor          float64   `json:"factor"`
	Low             float64   `json:"low_freq_factor"`
	High            float64   `json:"high_freq_factor"`
	OriginalContext int       `json:"original_max_position_embeddings"`
	Fast            float64   `json:"beta_fast"`
	Slow            float64   `json:"beta_slow"`
	AttentionFactor float64   `json:"attention_factor"`
	Truncate        *bool     `json:"truncate"`
	Mscale          float64   `json:"mscale"`
	MscaleAllDim    float64   `json:"mscale_all_dim"`
	Short           []float32 `json:"short_factor"`
	Long            []float32 `json:"long_factor"`
}

func (s *scaling) kind() string {
	if s.Type != "" {
		return s.Type
	}
	return s.OldType
}

func readConfig(folder fs.FS) (*config, error) {
	text, err := readFile(folder, ConfigFile)
	if err != nil {
		return nil, err
	}
	c := &config{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, err
	}
	if len(c.Architectures) != 1 {
		return nil, fmt.Errorf("architectures are %q; one is expected", c.Architectures)
	}
	if _, ok := families[c.Architectures[0]]; !ok {
		return nil, fmt.Errorf("architecture %s is not supported; these are: %s", c.Architectures[0], strings.Join(slices.Sorted(maps.Keys(families)), ", "))
	}
	if c.Architectures[0] == "Gemma3ForConditionalGeneration" { // the text model within
		if c.Text == nil {
			return nil, errors.New("no text_config")
		}
		c.Heads, c.KVHeads, c.HeadDim, c.Context, c.RMSEpsilon = 8, 4, 256, 131072, 1e-6 // where they are left out
		c.RopeTheta, c.LocalTheta, c.Activation2 = 1e6, 1e4, "gelu_pytorch_tanh"
		outer := c.Architectures
		if err := json.Unmarshal(c.Text, c); err != nil {
			return nil, fmt.Errorf("text_config: %w", err)
		}
		c.Architectures = outer
	}
	if c.Architectures[0] == "FalconForCausalLM" {
		if err := c.completeFalcon(); err != nil {
			return nil, err
		}
	}
	switch c.Architectures[0] {
	case "DeepseekV2ForCausalLM", "DeepseekV3ForCausalLM":
		if c.HeadDim = c.PlainDim + c.RotatedDim; c.HeadDim > 0 {
			c.Partial = float64(c.RotatedDim) / float64(c.HeadDim)
		}
	case "GptOssForCausalLM":
		c.ExpertSize, c.UsedExperts = c.FeedForward, max(c.UsedExperts, c.UsedOfOSS)
	}
	return c, c.complete()
}

// completeFalcon brings what Falcon's configurations name in their own way under the usual names.
func (c *config) completeFalcon() error {
	if c.Alibi || c.FalconParallel != nil && !*c.FalconParallel {
		return errors.New("alibi, and layers that are not parallel, are not supported")
	}
	c.Activation, c.Epsilon = "gelu", c.FalconEpsilon
	c.FeedForward = c.FeedForwardSize
	if c.FeedForward == 0 {
		c.FeedForward = 4 * c.Hidden
	}
	if c.Context == 0 {
		c.Context = 2048
	}
	switch {
	case c.NewDecoder:
		c.KVHeads = c.FalconKVHeads
	case c.MultiQuery == nil || *c.MultiQuery:
		c.KVHeads = 1
	default:
		return errors.New("multi_query is false; only grouped queries are supported")
	}
	return nil
}

// complete fills in what may be left out, and refuses what would make no sense.
func (c *config) complete() error {
	if q := c.Quantization; q != nil && (q.Method != "mxfp4" || c.Architectures[0] != "GptOssForCausalLM") {
		return fmt.Errorf("weights quantised by %q; BF16, F16 and F32 can be read, and gpt-oss's MXFP4", q.Method)
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"num_hidden_layers", c.Layers}, {"hidden_size", c.Hidden}, {"intermediate_size", c.FeedForward},
		{"num_attention_heads", c.Heads}, {"max_position_embeddings", c.Context},
	} {
		if n.value <= 0 || n.value > 1<<24 {
			return fmt.Errorf("%s is %d; 1 to %d make sense", n.name, n.value, 1<<24)
		}
	}
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 {
		if c.Hidden%c.Heads != 0 {
			return fmt.Errorf("hidden_size is %d, which %d heads do not divide", c.Hidden, c.Heads)
		}
		c.HeadDim = c.Hidden / c.Heads
	}
	if c.KVHeads < 0 || c.HeadDim < 0 || c.HeadDim > 1<<16 || c.Heads > 1<<16 || c.Heads%c.KVHeads != 0 {
		return fmt.Errorf("%d heads of %d values on %d KV heads", c.Heads, c.HeadDim, c.KVHeads)
	}
	if c.Experts == 0 {
		c.Experts = max(c.LocalExperts, c.RoutedExperts)
	}
	if c.Experts < 0 || c.Experts > 1<<12 {
		return fmt.Errorf("%d experts", c.Experts)
	}
	if p := &c.Parameters; p.Full != nil {
		p.scaling = *p.Full
		if p.Sliding != nil && c.LocalTheta == 0 {
			c.LocalTheta = p.Sliding.Theta
		}
	}
	if c.Parameters.kind() != "" && c.Scaling.kind() == "" {
		c.Scaling = c.Parameters.scaling
	}
	if c.RopeTheta == 0 {
		c.RopeTheta = max(c.Scaling.Theta, c.Parameters.Theta)
	}
	if c.RopeTheta == 0 {
		c.RopeTheta = 10000
	}
	if c.Partial == 0 {
		c.Partial = 1
	}
	if c.Activation2 != "" {
		c.Activation = c.Activation2
	}
	return nil
}

// checkActivation refuses another activation than GELU, or SiLU, whichever the family has.
func (c *config) checkActivation(gelu bool) error {
	if strings.HasPrefix(c.Activation, "gelu") != gelu || !gelu && c.Activation != "silu" {
		return fmt.Errorf("hidden_act is %q, which models of this architecture do not have", c.Activation)
	}
	return nil
}

// checkLayers refuses layers that see another part of the context than every period-th seeing all of it, and the others the
// window.
func (c *config) checkLayers(period int) error {
	for i, kind := range c.LayerTypes {
		want := "sliding_attention"
		if (i+1)%period == 0 {
			want = "full_attention"
		}
		if kind != want {
			return fmt.Errorf("layer_types has %q for layer %d; in models of this architecture that is %s", kind, i, want)
		}
	}
	return nil
}
