package model

import (
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// feedForward is a layer's part that looks at one token alone.
type feedForward interface {
	// add adds what it makes of the normed x to y.
	add(r *plan.Recorder, y, x *plan.Tensor)
}

// mlp is a dense feed-forward: gated (Shazeer, 2020), or plain.
type mlp struct {
	activation kernel.Activation
	fused      *weights.Matrix // gate and up as one; nil where that can't be
	gateUp     linear          // else: side by side, or where gated is false up alone
	gated      bool
	down       linear
}

// gatedMLP loads ffn_gate, ffn_up and ffn_down with a suffix.
func (l *loader) gatedMLP(i int, suffix string, feedForward int, activation kernel.Activation) *mlp {
	m := &mlp{activation: activation, gated: true}
	gate := l.tensor(name(i, "ffn_gate"+suffix+".weight"), feedForward, l.hidden())
	up := l.tensor(name(i, "ffn_up"+suffix+".weight"), feedForward, l.hidden())
	m.join(l, gate, up)
	m.down = l.linear(part{name(i, "ffn_down"+suffix), l.hidden()}, feedForward)
	return m
}

// join plans gate and up for kernels that compute both, where they can.
func (m *mlp) join(l *loader, gate, up *weights.Tensor) {
	if l.err != nil {
		return
	}
	if gate.Format == up.Format {
		m.fused = l.gated(gate, up)
		return
	}
	m.gateUp = linear{matrices: l.stacked(gate, up), rows: gate.Rows + up.Rows}
}

// splitMLP loads an ffn_up whose first half is the gate (Phi-3).
func (l *loader) splitMLP(i, feedForward int, activation kernel.Activation) *mlp {
	m := &mlp{activation: activation, gated: true}
	if both := l.tensor(name(i, "ffn_up.weight"), 2*feedForward, l.hidden()); both != nil {
		m.join(l, both.Slice(0, feedForward), both.Slice(feedForward, feedForward))
	}
	m.down = l.linear(part{name(i, "ffn_down"), l.hidden()}, feedForward)
	return m
}

// plainMLP loads an ffn_up without a gate.
func (l *loader) plainMLP(i, feedForward int, activation kernel.Activation) *mlp {
	return &mlp{
		activation: activation,
		gateUp:     l.linear(part{name(i, "ffn_up"), feedForward}, l.hidden()),
		down:       l.linear(part{name(i, "ffn_down"), l.hidden()}, feedForward),
	}
}

// inner returns what the down projection reads.
func (m *mlp) inner(r *plan.Recorder, x *plan.Tensor) *plan.Tensor {
	if m.fused != nil {
		return r.GatedMatMul(m.activation, x, m.fused)
	}
	y := m.gateUp.of(r, "feed-forward", x)
	if m.gated {
		return r.Gated(m.activation, y)
	}
	r.Activate(y, m.activation)
	return y
}

func (m *mlp) add(r *plan.Recorder, y, x *plan.Tensor) { m.down.add(r, y, m.inner(r, x)) }

func (m *mlp) of(r *plan.Recorder, x *plan.Tensor) *plan.Tensor {
	return m.down.of(r, "feed-forward output", m.inner(r, x))
}
