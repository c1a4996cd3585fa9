package model

import (
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// linear is one or more matrices, with or without biases, whose products stand
// side by side.
type linear struct {
	matrices []*weights.Matrix
	rows     int // of all
}

// part is the name of a tensor, without its ending, and its rows.
type part struct {
	name string
	rows int
}

// linear loads name.weight, and name.bias if there is one.
func (l *loader) linear(p part, cols int) linear { return l.side(cols, p) }

// side loads tensors whose products stand side by side. Either all have a bias,
// or none.
func (l *loader) side(cols int, parts ...part) linear {
	var n linear
	var tensors []*weights.Tensor
	var biases []part
	for _, p := range parts {
		tensors = append(tensors, l.tensor(p.name+".weight", p.rows, cols))
		n.rows += p.rows
		if l.hasTensor(parts[0].name + ".bias") {
			biases = append(biases, part{p.name + ".bias", p.rows})
		}
	}
	n.matrices = l.stacked(tensors...)
	if len(biases) > 0 {
		bias, first := l.vectors(biases...), 0
		for _, m := range n.matrices {
			m.Bias, m.BiasFirst = bias, first
			first += m.Rows
		}
	}
	return n
}

// of returns the products with x.
func (n *linear) of(r *plan.Recorder, label string, x *plan.Tensor) *plan.Tensor {
	return r.MatMul(label, x, n.matrices...)
}

// add adds the product with x to y.
func (n *linear) add(r *plan.Recorder, y, x *plan.Tensor) {
	r.AddMatMul(y, x, n.matrices[0])
}
