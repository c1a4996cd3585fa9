package model

import (
	"fmt"
	"io"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/rearrange"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// experts is a mixture of experts (Shazeer et al., 2017), with a shared expert
// where there is one.
type experts struct {
	router  linear
	routing plan.Routing
	experts plan.Experts
	shared  *mlp            // nil: none
	gate    *weights.Matrix // of the shared expert; nil: none
}

// routing reads how experts are chosen. Its weights are softmax probabilities
// among all, unless the caller says otherwise.
func (l *loader) routing() plan.Routing {
	g := plan.Routing{
		Experts: l.int("expert_count"), Used: l.int("expert_used_count"),
		Scale:     float32(l.positiveOr("expert_weights_scale", 1)),
		Normalize: l.boolOr("expert_weights_norm", false),
	}
	switch f := l.count("expert_gating_func"); f {
	case 0, 1:
	case 2:
		g.Sigmoid = true
	default:
		l.fail(fmt.Errorf("%s is %d; 1 (softmax) and 2 (sigmoid) are supported", l.key("expert_gating_func"), f))
	}
	if n := l.count("expert_group_count"); n > 1 {
		g.Groups = plan.Groups{Count: n, Kept: l.int("expert_group_used_count"), Best: 1}
		if g.Sigmoid {
			g.Groups.Best = 2
		}
	}
	return g
}

// experts loads a layer's experts of so many hidden values each.
func (l *loader) experts(i int, routing plan.Routing, feedForward int, activation kernel.Activation) *experts {
	n, hidden := routing.Experts, l.hidden()
	if name := name(i, "exp_probs_b.bias"); l.hasTensor(name) {
		routing.Bias = l.vector(name, n)
	}
	e := &experts{router: l.linear(part{name(i, "ffn_gate_inp"), n}, hidden), routing: routing}
	cache := l.expertCache(n)
	e.experts = plan.Experts{
		GateUp:     l.ofExperts(cache, n, l.expertTensor(name(i, "ffn_gate_exps.weight"), n, feedForward, hidden), l.expertTensor(name(i, "ffn_up_exps.weight"), n, feedForward, hidden)),
		Down:       l.ofExperts(cache, n, l.expertTensor(name(i, "ffn_down_exps.weight"), n, hidden, feedForward)),
		Activation: activation,
		Cache:      cache,
	}
	if l.hasTensor(name(i, "ffn_gate_exps.bias")) {
		e.experts.GateUpBias = l.expertVectors(cache, n, part{name(i, "ffn_gate_exps.bias"), feedForward}, part{name(i, "ffn_up_exps.bias"), feedForward})
		e.experts.DownBias = l.expertVectors(cache, n, part{name(i, "ffn_down_exps.bias"), hidden})
	}
	if gate := name(i, "ffn_gate_inp_shexp.weight"); l.hasTensor(gate) {
		e.gate = l.matrix(gate, 1, hidden)
	}
	return e
}

// expertTensor returns the tensor of all experts' matrices, one after the other,
// as which old files of Mixtral, with a tensor for each expert, are read too.
func (l *loader) expertTensor(name string, experts, rows, cols int) *weights.Tensor {
	of := func(expert int) string { return strings.Replace(name, "_exps.", fmt.Sprintf(".%d.", expert), 1) }
	if !l.hasTensor(name) && l.hasTensor(of(0)) {
		return l.joinedTensors(name, experts, rows, cols, of)
	}
	return l.stored(l.find(name, cols, rows, experts), experts*rows, cols)
}

// joinedTensors returns n tensors of one shape and type, one after the other.
func (l *loader) joinedTensors(name string, n, rows, cols int, of func(i int) string) *weights.Tensor {
	all := &weights.Tensor{Name: name, Rows: n * rows, Cols: cols}
	var parts []io.ReaderAt
	for i := range n {
		t := l.tensor(of(i), rows, cols)
		if t == nil {
			return nil
		}
		if i == 0 {
			all.Format, all.RowBytes = t.Format, t.RowBytes
		}
		if t.Format != all.Format {
			l.fail(fmt.Errorf("load %s: type %s, but %s has type %s; experts need the same", t.Name, t.Format.Name, of(0), all.Format.Name))
			return nil
		}
		parts = append(parts, t.Data)
	}
	all.Data = rearrange.Joined(int64(rows)*int64(all.RowBytes), parts...)
	return all
}

// expertCache returns the cache of a layer's experts; nil where the device holds
// them all.
func (l *loader) expertCache(n int) *weights.ExpertCache {
	l.mixture = true
	if slots := l.options.ExpertSlots; slots > 0 && slots < n && l.err == nil {
		return l.set.ExpertCache(n, slots)
	}
	return nil
}

// ofExperts plans n experts' matrices, or the slots for them in a cache.
func (l *loader) ofExperts(cache *weights.ExpertCache, n int, tensors ...*weights.Tensor) *weights.Matrix {
	if l.err != nil {
		return nil
	}
	for _, t := range tensors[1:] {
		if t.Format != tensors[0].Format {
			l.fail(fmt.Errorf("load %s: type %s, but %s has type %s; kernels need the same", t.Name, t.Format.Name, tensors[0].Name, tensors[0].Format.Name))
			return nil
		}
	}
	layout, err := plan.ExpertLayout(l.library, tensors[0].Format.Name)
	if err != nil {
		l.fail(fmt.Errorf("load %s: %w", tensors[0].Name, err))
		return nil
	}
	var m *weights.Matrix
	if cache != nil {
		m, err = cache.Matrix(layout, tensors...)
	} else {
		m, err = l.set.Experts(layout, n, tensors...)
	}
	if err != nil {
		l.fail(err)
	}
	return m
}

// expertVectors plans vectors of n experts, one after the other, or the slots
// for them in a cache. All parts have as many values for an expert.
func (l *loader) expertVectors(cache *weights.ExpertCache, n int, parts ...part) *weights.Vector {
	var data []io.ReaderAt
	for _, p := range parts {
		reader := l.values(p.name, n*p.rows)
		if reader == nil {
			return nil
		}
		data = append(data, reader)
	}
	if cache != nil {
		return cache.Vector(parts[0].name, parts[0].rows, data...)
	}
	return l.set.Vector(parts[0].name, n*parts[0].rows, data...)
}

// add adds the chosen experts first: they read a norm that is settled, so that
// the shared one may read it after y, which it is the norm of, has changed.
func (e *experts) add(r *plan.Recorder, y, x *plan.Tensor) {
	r.AddExperts(y, x, r.Route(e.router.of(r, "router", x), e.routing), &e.experts)
	switch {
	case e.gate != nil:
		r.AddGated(y, e.shared.of(r, x), r.MatMul("shared expert's gate", x, e.gate))
	case e.shared != nil:
		e.shared.add(r, y, x)
	}
}
