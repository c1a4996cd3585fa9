package decoder

import (
	"fmt"
	"math"

	"github.com/wgslgen/wgslgen/internal/reference"
)

func (m *model) forward(tokens []int32) [][]float64 {
	x := make([][]float64, len(tokens))
	for t, id := range tokens {
		x[t] = times(m.embedScale, m.matrix("token_embd.weight")[id])
	}
	for layer := range m.layers {
		m.layer(layer, x)
	}
	output := "output.weight"
	if !m.has(output) {
		output = "token_embd.weight"
	}
	logits := make([][]float64, len(x))
	for t := range x {
		logits[t] = plus(product(m.matrix(output), m.norm("output_norm", x[t])), m.vector("output.bias"))
		for i, v := range logits[t] {
			logits[t][i] = capped(v, m.finalCap)
		}
	}
	return logits
}

// layer adds a layer's attention and feed-forward to x.
func (m *model) layer(layer int, x [][]float64) {
	name := func(s string) string { return fmt.Sprintf("blk.%d.%s", layer, s) }
	normed := make([][]float64, len(x))
	attended := make([][]float64, len(x))
	for t := range x {
		normed[t] = m.norm(name("attn_norm"), x[t])
		attended[t] = normed[t]
		if m.has(name("attn_norm_2.weight")) { // Falcon 40B: its own norm for attention
			attended[t] = m.norm(name("attn_norm_2"), x[t])
		}
	}
	attention := m.attention
	if m.kvRank > 0 {
		attention = m.latentAttention
	}
	for t, y := range attention(layer, name, attended) {
		if m.arch != "gpt-oss" && m.has(name("post_attention_norm.weight")) {
			y = m.norm(name("post_attention_norm"), y)
		}
		x[t] = plus(x[t], y)
		if !m.parallel || m.has(name("ffn_norm.weight")) {
			before := "ffn_norm"
			if m.arch == "gpt-oss" {
				before = "post_attention_norm"
			}
			normed[t] = m.norm(name(before), x[t])
		}
		y = m.feedForward(layer, name, normed[t])
		if m.has(name("post_ffw_norm.weight")) {
			y = m.norm(name("post_ffw_norm"), y)
		}
		x[t] = plus(x[t], y)
	}
}

// attention returns grouped-query attention (Ainslie et al., 2023) and its output projection.
func (m *model) attention(layer int, name func(string) string, x [][]float64) [][]float64 {
	rotation := m.global
	if m.local(layer) {
		rotation = m.near
	}
	q, k, v := make([][][]float64, len(x)), make([][][]float64, len(x)), make([][][]float64, len(x))
	for t := range x {
		var qkv []float64
		if m.has(name("attn_qkv.weight")) {
			qkv = m.linear(name("attn_qkv"), x[t])
		} else {
			for _, part := range []string{"attn_q", "attn_k", "attn_v"} {
				qkv = append(qkv, m.linear(name(part), x[t])...)
			}
		}
		q[t] = split(qkv, m.heads, m.dk)
		k[t] = split(qkv[m.heads*m.dk:], m.kvHeads, m.dk)
		v[t] = split(qkv[(m.heads+m.kvHeads)*m.dk:], m.kvHeads, m.dv)
		for _, side := range []struct {
			norm  string
			heads [][]float64
		}{{"attn_q_norm", q[t]}, {"attn_k_norm", k[t]}} {
			for h := range side.heads {
				if m.has(name(side.norm + ".weight")) {
					side.heads[h] = m.headNorm(name(side.norm), h, side.heads[h])
				}
				side.heads[h] = rotation.Apply(side.heads[h], t)
			}
		}
	}
	sinks := m.vector(name("attn_sinks.weight"))
	out := make([][]float64, len(x))
	for t := range x {
		var row []float64
		for h := range m.heads {
			kv := h / (m.heads / m.kvHeads)
			sink := math.Inf(-1)
			if sinks != nil {
				sink = sinks[h]
			}
			row = append(row, m.attend(layer, t, q[t][h],
				func(j int) []float64 { return k[j][kv] }, func(j int) []float64 { return v[j][kv] }, sink)...)
		}
		out[t] = m.linear(name("attn_output"), row)
	}
	return out
}

// headNorm norms a head: by weights that all heads share, or that each has.
func (m *model) headNorm(name string, head int, x []float64) []float64 {
	rows := m.matrix(name + ".weight")
	return m.normBy(rows[head%len(rows)], nil, x)
}

// attend returns softmax(scale·q·Kᵀ)·V for the query at t; a sink is one more score, with no value.
func (m *model) attend(layer, t int, q []float64, key, value func(int) []float64, sink float64) []float64 {
	from := 0
	if m.local(layer) {
		from = max(t-m.window+1, 0)
	}
	scores := []float64{sink}
	for j := from; j <= t; j++ {
		dot, _ := reference.Dot(q, key(j))
		scores = append(scores, capped(m.scale*dot, m.attentionCap))
	}
	out := make([]float64, len(value(t)))
	for i, p := range reference.Softmax(scores)[1:] {
		for d, v := range value(from + i) {
			out[d] += p * v
		}
	}
	return out
}

// latentAttention is multi-head latent attention (DeepSeek-V2, 2024): keys and values of all heads come from one
// latent vector a token; a part of each key, the same for all heads, is rotated.
func (m *model) latentAttention(layer int, name func(string) string, x [][]float64) [][]float64 {
	rot, plain := m.global.Dims, m.mlaKey-m.global.Dims
	q := make([][][]float64, len(x))
	k, v := make([][][]float64, len(x)), make([][][]float64, len(x))
	keyUp, valueUp := m.matrix(name("attn_k_b.weight")), m.matrix(name("attn_v_b.weight"))
	for t := range x {
		down := x[t]
		up := "attn_q"
		if m.qRank > 0 {
			down = m.norm(name("attn_q_a_norm"), m.linear(name("attn_q_a"), x[t]))
			up = "attn_q_b"
		}
		q[t] = split(m.linear(name(up), down), m.heads, m.mlaKey)
		both := m.linear(name("attn_kv_a_mqa"), x[t])
		latent := m.norm(name("attn_kv_a_norm"), both[:m.kvRank])
		turned := m.global.Apply(both[m.kvRank:], t)
		for h := range m.heads {
			q[t][h] = append(append([]float64(nil), q[t][h][:plain]...), m.global.Apply(q[t][h][plain:], t)...)
			key := make([]float64, plain, plain+rot)
			for r, row := range keyUp[h*m.kvRank : (h+1)*m.kvRank] {
				for i, w := range row {
					key[i] += w * latent[r]
				}
			}
			k[t] = append(k[t], append(key, turned...))
			v[t] = append(v[t], product(valueUp[h*m.mlaValue:(h+1)*m.mlaValue], latent))
		}
	}
	out := make([][]float64, len(x))
	for t := range x {
		var row []float64
		for h := range m.heads {
			row = append(row, m.attend(layer, t, q[t][h],
				func(j int) []float64 { return k[j][h] }, func(j int) []float64 { return v[j][h] }, math.Inf(-1))...)
		}
		out[t] = m.linear(name("attn_output"), row)
	}
	return out
}

func split(x []float64, n, each int) [][]float64 {
	out := make([][]float64, n)
	for i := range out {
		out[i] = x[i*each : (i+1)*each : (i+1)*each]
	}
	return out
}
