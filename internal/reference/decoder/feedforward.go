package decoder

import (
	"math"
	"slices"
	"sort"

	"github.com/wgslgen/wgslgen/internal/reference"
)

// feedForward returns a layer's feed-forward, dense or of experts.
func (m *model) feedForward(layer int, name func(string) string, x []float64) []float64 {
	if !m.has(name("ffn_gate_inp.weight")) {
		return m.dense(name, "", x)
	}
	ids, weights := m.route(name, x)
	y := make([]float64, len(x))
	for i, id := range ids {
		y = plus(y, times(weights[i], m.expert(name, id, x)))
	}
	if m.has(name("ffn_up_shexp.weight")) {
		shared := m.dense(name, "_shexp", x)
		if m.has(name("ffn_gate_inp_shexp.weight")) {
			gate, _ := reference.Dot(m.vector(name("ffn_gate_inp_shexp.weight")), x)
			shared = times(reference.Sigmoid(gate), shared)
		}
		y = plus(y, shared)
	}
	return y
}

// dense is a gated feed-forward (Shazeer, 2020) where there is a gate, else a plain one. Phi-3 stores gate and up as
// one matrix.
func (m *model) dense(name func(string) string, suffix string, x []float64) []float64 {
	up := m.linear(name("ffn_up"+suffix), x)
	switch gate := name("ffn_gate" + suffix); {
	case m.has(gate + ".weight"):
		up = m.gated(m.linear(gate, x), up)
	case m.arch == "phi3":
		up = m.gated(up[:len(up)/2], up[len(up)/2:])
	default:
		for i := range up {
			up[i] = m.activation(up[i])
		}
	}
	return m.linear(name("ffn_down"+suffix), up)
}

func (m *model) gated(gate, up []float64) []float64 {
	out := make([]float64, len(up))
	for i := range out {
		out[i] = m.activation(gate[i]) * up[i]
	}
	return out
}

// expert returns one expert's feed-forward.
func (m *model) expert(name func(string) string, id int, x []float64) []float64 {
	part := func(which string, x []float64) []float64 {
		rows := m.matrix(name(which + ".weight"))
		n := len(rows) / m.experts
		y := product(rows[id*n:(id+1)*n], x)
		if m.has(name(which + ".bias")) {
			y = plus(y, m.matrix(name(which + ".bias"))[id])
		}
		return y
	}
	gate, up := part("ffn_gate_exps", x), part("ffn_up_exps", x)
	if m.arch != "gpt-oss" {
		return part("ffn_down_exps", m.gated(gate, up))
	}
	for i := range up { // gpt-oss (OpenAI, 2025): a clamped gate
		g, u := min(gate[i], 7), min(max(up[i], -7), 7)
		up[i] = g * reference.Sigmoid(1.702*g) * (u + 1)
	}
	return part("ffn_down_exps", up)
}

// route returns the chosen experts, best first, and their weights.
func (m *model) route(name func(string) string, x []float64) (ids []int, weights []float64) {
	scores := m.linear(name("ffn_gate_inp"), x)
	switch {
	case m.softmaxAfter:
	case m.sigmoidRouting:
		for i := range scores {
			scores[i] = reference.Sigmoid(scores[i])
		}
	default:
		scores = reference.Softmax(scores)
	}
	ranked := m.withinGroups(plus(scores, m.vector(name("exp_probs_b.bias"))))
	for i := range ranked {
		ids = append(ids, i)
	}
	sort.SliceStable(ids, func(a, b int) bool { return ranked[ids[a]] > ranked[ids[b]] })
	ids = ids[:m.used]
	for _, id := range ids {
		weights = append(weights, scores[id])
	}
	if m.softmaxAfter {
		weights = reference.Softmax(weights)
	}
	if m.renormalise {
		sum := 0.0
		for _, w := range weights {
			sum += w
		}
		weights = times(1/sum, weights)
	}
	return ids, times(m.expertScale, weights)
}

// withinGroups leaves only the experts of the best groups in the ranking (DeepSeek-V2: a group counts as its best
// expert; V3: as the sum of its two best).
func (m *model) withinGroups(ranked []float64) []float64 {
	if m.groups <= 1 {
		return ranked
	}
	each := len(ranked) / m.groups
	merit := make([]float64, m.groups)
	order := make([]int, m.groups)
	for g := range merit {
		best := slices.Sorted(slices.Values(ranked[g*each : (g+1)*each]))
		merit[g] = best[each-1]
		if m.sigmoidRouting && each > 1 {
			merit[g] += best[each-2]
		}
		order[g] = g
	}
	sort.SliceStable(order, func(a, b int) bool { return merit[order[a]] > merit[order[b]] })
	out := slices.Clone(ranked)
	for _, g := range order[m.usedGroups:] {
		for i := g * each; i < (g+1)*each; i++ {
			out[i] = math.Inf(-1)
		}
	}
	return out
}
