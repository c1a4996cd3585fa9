package huggingface

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/quantize"
	"github.com/wgslgen/wgslgen/runtime/rearrange"
)

// mapper writes a model's metadata and tensors. It keeps the first error.
type mapper struct {
	*config
	family
	writer     *gguf.Writer
	sources    map[string]source
	vocabulary int // rows of the embedding
	err        error
}

func (m *mapper) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

func (m *mapper) write() error {
	m.family = families[m.Architectures[0]]
	if err := m.checkActivation(m.gelu); err != nil {
		return fmt.Errorf("%s: %w", ConfigFile, err)
	}
	if m.check != nil {
		if err := m.check(m.config); err != nil {
			return fmt.Errorf("%s: %w", ConfigFile, err)
		}
	}
	m.describeModel()
	m.tensors()
	return m.err
}

func (m *mapper) set(key string, value any) {
	if err := m.writer.Set(key, value); err != nil {
		m.fail("%w", err)
	}
}

// own sets a key of the architecture.
func (m *mapper) own(name string, value any) { m.set(m.name+"."+name, value) }

// count sets a number of things, unless there are none.
func (m *mapper) count(name string, n int) {
	if n != 0 {
		m.size(name, n)
	}
}

func (m *mapper) size(name string, n int) {
	if n < 0 {
		m.fail("%s: %s is %d", ConfigFile, name, n)
	}
	m.own(name, uint32(n))
}

func (m *mapper) describeModel() {
	m.set("general.architecture", m.name)
	if m.config.Name != "" {
		m.set("general.name", m.config.Name)
	}
	m.size("context_length", m.Context)
	m.size("embedding_length", m.Hidden)
	m.size("block_count", m.Layers)
	m.size("feed_forward_length", m.FeedForward)
	m.size("attention.head_count", m.Heads)
	m.size("attention.head_count_kv", m.KVHeads)
	if m.headSizes {
		m.size("attention.key_length", m.HeadDim)
		m.size("attention.value_length", m.HeadDim)
	}
	if m.layerNorm {
		m.own("attention.layer_norm_epsilon", float32(m.Epsilon))
	} else {
		m.own("attention.layer_norm_rms_epsilon", float32(m.RMSEpsilon))
	}
	m.size("rope.dimension_count", m.rotated())
	m.own("rope.freq_base", float32(m.RopeTheta))
	m.describeScaling()
	if m.config.Experts > 0 {
		m.size("expert_count", m.config.Experts)
		m.size("expert_used_count", m.UsedExperts)
		if m.ExpertSize > 0 {
			m.size("expert_feed_forward_length", m.ExpertSize)
		}
	}
	if m.describe != nil {
		m.describe(m)
	}
}

// describeScaling states how the context is stretched: by numbers, or by tensors of factors.
func (m *mapper) describeScaling() {
	s := &m.Scaling
	original := s.OriginalContext
	if original == 0 {
		original = m.OriginalContext
	}
	switch kind := s.kind(); kind {
	case "", "default":
	case "linear":
		m.own("rope.scaling.type", "linear")
		m.own("rope.scaling.factor", float32(s.Factor))
	case "llama3":
		m.factors("rope_freqs.weight", m.llama3Factors(original))
	case "yarn":
		m.describeYaRN(original)
	case "longrope", "su":
		m.size("rope.scaling.original_context_length", original)
		m.factors("rope_factors_short.weight", s.Short)
		m.factors("rope_factors_long.weight", s.Long)
		factor := s.AttentionFactor
		if ratio := float64(m.Context) / float64(original); factor == 0 && ratio > 1 {
			factor = math.Sqrt(1 + math.Log(ratio)/math.Log(float64(original)))
		}
		if factor > 0 {
			m.own("rope.scaling.attn_factor", float32(factor))
		}
	default:
		m.fail("%s: rope_scaling of type %q; linear, llama3, yarn and longrope are supported", ConfigFile, kind)
	}
}

// describeYaRN states YaRN's numbers, or, where its range is not rounded to whole pairs, what it makes of each pair: GGUF has
// no word for that.
func (m *mapper) describeYaRN(original int) {
	s := &m.Scaling
	fast, slow := s.Fast, s.Slow
	if fast == 0 {
		fast = 32
	}
	if slow == 0 {
		slow = 1
	}
	if !(s.Factor >= 1 && original > 0 && m.RopeTheta > 1 && fast > slow) {
		m.fail("%s: rope_scaling has factor %g, original_max_position_embeddings %d, beta_fast %g, beta_slow %g", ConfigFile, s.Factor, original, fast, slow)
		return
	}
	usual := 1 + 0.1*math.Log(s.Factor) // of what is rotated
	if s.Truncate != nil && !*s.Truncate {
		m.factors("rope_freqs.weight", m.yarnFactors(float64(original), fast, slow))
		if s.AttentionFactor > 0 {
			usual = s.AttentionFactor
		}
		m.own("rope.scaling.attn_factor", float32(usual))
		return
	}
	m.own("rope.scaling.type", "yarn")
	m.own("rope.scaling.factor", float32(s.Factor))
	m.size("rope.scaling.original_context_length", original)
	m.own("rope.scaling.yarn_beta_fast", float32(fast))
	m.own("rope.scaling.yarn_beta_slow", float32(slow))
	if s.AttentionFactor > 0 { // in place of YaRN's own
		m.own("rope.scaling.attn_factor", float32(s.AttentionFactor/usual))
	}
}

// yarnFactors are the divisors of YaRN's angles: 1 for pairs that turn fast within the original context, the factor for
// those that turn slowly, and between them angles blend.
func (m *mapper) yarnFactors(original, fast, slow float64) []float32 {
	dims := m.rotated()
	pair := func(turns float64) float64 {
		return float64(dims) * math.Log(original/(turns*2*math.Pi)) / (2 * math.Log(m.RopeTheta))
	}
	low, high := max(pair(fast), 0), min(pair(slow), float64(dims-1))
	factors := make([]float32, dims/2)
	for i := range factors {
		blend := min(max((float64(i)-low)/max(high-low, 0.001), 0), 1)
		factors[i] = float32(1 / (blend/m.Scaling.Factor + 1 - blend))
	}
	return factors
}

// rotated returns how many values of a head turn.
func (m *mapper) rotated() int { return int(m.Partial*float64(m.HeadDim) + 1e-9) }

// llama3Factors are the divisors of the angles of Llama 3.1: 1 for pairs that turn often within the original context, the
// factor for those that turn seldom, blended between.
func (m *mapper) llama3Factors(original int) []float32 {
	s := &m.Scaling
	if !(s.Factor > 0 && s.Low > 0 && s.High > s.Low && original > 0) {
		m.fail("%s: rope_scaling has factor %g, low_freq_factor %g, high_freq_factor %g, original_max_position_embeddings %d", ConfigFile, s.Factor, s.Low, s.High, original)
		return nil
	}
	factors := make([]float32, m.HeadDim/2)
	for i := range factors {
		turns := float64(original) * math.Pow(m.RopeTheta, -2*float64(i)/float64(m.HeadDim)) / (2 * math.Pi)
		own := min(max((turns-s.Low)/(s.High-s.Low), 0), 1)
		factors[i] = float32(1 / (own + (1-own)/s.Factor))
	}
	return factors
}

// factors adds a tensor of numbers that config.json has.
func (m *mapper) factors(name string, values []float32) {
	if m.err != nil {
		return
	}
	if len(values) == 0 {
		m.fail("%s: rope_scaling has no factors", ConfigFile)
		return
	}
	var data bytes.Buffer
	binary.Write(&data, binary.LittleEndian, values)
	m.add(name, gguf.F32, []uint64{uint64(len(values))}, bytes.NewReader(data.Bytes()))
}

func (m *mapper) add(name string, kind gguf.Type, dims []uint64, data io.ReaderAt) {
	if m.err != nil {
		return
	}
	if err := m.writer.AddTensor(name, kind, dims, data); err != nil {
		m.fail("%w", err)
	}
}

// tensors maps all tensors, in the order of their names.
func (m *mapper) tensors() {
	stacks := map[string][]source{}
	for _, name := range slices.Sorted(maps.Keys(m.sources)) {
		s := m.sources[name]
		layer, part := layerOf(name)
		place, special := m.special[part]
		to, one, ok := m.rename(name, layer, part)
		switch {
		case special && layer >= 0 && layer < m.Layers:
			place(m, layer, s)
		case !ok:
			m.fail("tensor %q: models of architecture %s have no such tensor", name, m.Architectures[0])
		case to == "": // not needed
		case one.of == 0:
			m.tensor(to, s)
		case one.number >= one.of:
			m.fail("tensor %q: there are %d of them", name, one.of)
		default:
			if stacks[to] == nil {
				stacks[to] = make([]source, one.of)
			}
			stacks[to][one.number] = s
		}
		if m.err != nil {
			return
		}
	}
	for _, name := range slices.Sorted(maps.Keys(stacks)) {
		m.stack(name, stacks[name])
	}
	if _, ok := m.sources["lm_head.weight"]; !ok && m.Tied != nil && !*m.Tied {
		m.fail("no tensor lm_head.weight, though tie_word_embeddings is false")
	}
}

// layerOf returns the layer that a tensor is of, and its name there; -1 of one that is of no layer.
func layerOf(name string) (layer int, part string) {
	for _, prefix := range layerPrefixes {
		if rest, found := strings.CutPrefix(name, prefix); found {
			number, part, _ := strings.Cut(rest, ".")
			if layer, err := strconv.Atoi(number); err == nil && layer >= 0 {
				return layer, part
			}
		}
	}
	return -1, ""
}

// member tells which of how many tensors one is that become one in GGUF; of is 0 where a tensor stays alone.
type member struct{ number, of int }

// stacked are the parts of names after which the number of a member stands, and how many there are.
func (m *mapper) stacked() map[string]int {
	return map[string]int{
		".experts.": m.config.Experts, ".q_layernorm.norms.": m.Heads, ".k_layernorm.norms.": m.KVHeads,
	}
}

// rename returns the name that GGUF has for a tensor, "" for one that is not needed, and which of several it is there.
func (m *mapper) rename(name string, layer int, part string) (to string, one member, ok bool) {
	if m.Architectures[0] == "Gemma3ForConditionalGeneration" {
		if strings.HasPrefix(name, "vision_tower.") || strings.HasPrefix(name, "multi_modal_projector.") {
			return "", one, true
		}
		name = strings.TrimPrefix(name, "language_model.")
		layer, part = layerOf(name)
	}
	if strings.HasSuffix(name, ".rotary_emb.inv_freq") || name == "lm_head.weight" && m.Tied != nil && *m.Tied {
		return "", one, true
	}
	if layer >= m.Layers && layer < m.Layers+m.NextLayers { // which guess at further tokens
		return "", one, true
	}
	stem, ending := name, ""
	for _, e := range []string{".weight", ".bias"} {
		if s, found := strings.CutSuffix(name, e); found {
			stem, ending = s, e
		}
	}
	if to, ok := outer[stem]; ok && ending != "" {
		return to + ending, one, true
	}
	if ending == "" || layer < 0 || layer >= m.Layers {
		return "", one, false
	}
	part = strings.TrimSuffix(part, ending)
	for among, count := range m.stacked() {
		before, after, ok := strings.Cut(part, among)
		if !ok {
			continue
		}
		number, rest, dot := strings.Cut(after, ".")
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || count == 0 {
			return "", one, false
		}
		one, part = member{n, count}, before+among+"*"
		if dot {
			part += "." + rest
		}
		break
	}
	to, ok = m.layers[part]
	return inBlock(layer, to+ending), one, ok
}

// inBlock is the name that GGUF has for a tensor of a layer.
func inBlock(layer int, name string) string { return fmt.Sprintf("blk.%d.%s", layer, name) }

// plain are the types that can be read.
var plain = map[string]gguf.Type{"F32": gguf.F32, "F16": gguf.F16, "BF16": gguf.BF16}

// tensor adds a tensor. Vectors and routers become F32.
func (m *mapper) tensor(name string, s source) {
	kind, ok := plain[s.Type]
	if !ok {
		m.fail("tensor %q: dtype %s; F32, F16 and BF16 can be read", s.Name, s.Type)
		return
	}
	dims := slices.Clone(s.Shape)
	slices.Reverse(dims)
	if strings.HasSuffix(name, "ffn_gate_inp_shexp.weight") && len(dims) == 2 && dims[1] == 1 {
		dims = dims[:1]
	}
	data := s.reader()
	if s.Size == 0 {
		m.fail("tensor %q has the shape %v: there is nothing in it", s.Name, s.Shape)
		return
	}
	if turned := strings.Contains(name, ".attn_q.") || strings.Contains(name, ".attn_k."); turned && m.interleaved && len(dims) > 0 {
		rows := dims[len(dims)-1]
		if rows%uint64(m.HeadDim) != 0 || m.HeadDim%2 != 0 {
			m.fail("tensor %q has %d rows, which heads of %d do not divide", s.Name, rows, m.HeadDim)
			return
		}
		data = rearrange.Rows(data, s.Size/int64(rows), int64(rows), interleaved(int64(m.HeadDim)))
	}
	if rows := int64((m.Heads + 2*m.KVHeads) * m.HeadDim); m.NewDecoder && strings.Contains(name, ".attn_qkv.") {
		if s.Shape[0] != uint64(rows) {
			m.fail("tensor %q has the shape %v; %d rows are expected", s.Name, s.Shape, rows)
			return
		}
		data = rearrange.Rows(data, s.Size/rows, rows, ungrouped(int64(m.Heads), int64(m.KVHeads), int64(m.HeadDim)))
	}
	if len(dims) == 1 || strings.Contains(name, "ffn_gate_inp") {
		data, kind = m.asF32(data, s), gguf.F32
		if m.normsPlus1 && strings.HasSuffix(name, "norm.weight") {
			data = &plusOne{data, s.Size / int64(plain[s.Type].BlockBytes()) * 4}
		}
	}
	if name == "token_embd.weight" && len(dims) == 2 {
		m.vocabulary = int(min(dims[1], 1<<24))
	}
	m.add(name, kind, dims, data)
}

// asF32 returns what data, which has the type of s, means.
func (m *mapper) asF32(data io.ReaderAt, s source) io.ReaderAt {
	kind, ok := plain[s.Type]
	if !ok {
		m.fail("tensor %q: dtype %s; F32, F16 and BF16 can be read", s.Name, s.Type)
		return data
	}
	f32, err := quantize.Reader(data, kind, gguf.F32, s.Size/int64(kind.BlockBytes()))
	if err != nil {
		m.fail("tensor %q: %w", s.Name, err)
	}
	return f32
}

// stack adds tensors as one. Vectors become F32.
func (m *mapper) stack(name string, members []source) {
	first := members[0]
	for i, s := range members {
		switch {
		case s.Tensor == nil || first.Tensor == nil:
			m.fail("tensor %s: number %d of %d is missing", name, i, len(members))
			return
		case s.Type != first.Type || !slices.Equal(s.Shape, first.Shape):
			m.fail("tensor %q is %s %v; the first is %s %v", s.Name, s.Type, s.Shape, first.Type, first.Shape)
			return
		}
	}
	kind, ok := plain[first.Type]
	if !ok || first.Size == 0 {
		m.fail("tensor %q: dtype %s, %d bytes; F32, F16 and BF16 can be read", first.Name, first.Type, first.Size)
		return
	}
	size, vectors := first.Size, len(first.Shape) == 1
	if vectors {
		size, kind = size/int64(kind.BlockBytes())*4, gguf.F32
	}
	var parts []io.ReaderAt
	for _, s := range members {
		if vectors {
			parts = append(parts, m.asF32(s.reader(), s))
		} else {
			parts = append(parts, s.reader())
		}
	}
	dims := slices.Clone(first.Shape)
	slices.Reverse(dims)
	m.add(name, kind, append(dims, uint64(len(members))), rearrange.Joined(size, parts...))
}
