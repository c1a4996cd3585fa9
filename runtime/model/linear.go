package model

import (
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// linear is one or more matrices whose products stand side by side, and a bias.
type linear struct {
	matrices []*weights.Matrix
	rows     int             // of all
	bias     *weights.Vector // nil: none
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
		n.bias = l.vectors(biases...)
	}
	return n
}

// of returns the products with x.
func (n *linear) of(r *plan.Recorder, label string, x *plan.Tensor) *plan.Tensor {
	y := r.MatMul(label, x, n.matrices...)
	if n.bias != nil {
		r.AddBias(y, 0, n.bias)
	}
	return y
}

// add adds the product with x to y.
func (n *linear) add(r *plan.Recorder, y, x *plan.Tensor) {
	r.AddMatMul(y, x, n.matrices[0])
	if n.bias != nil {
		r.AddBias(y, 0, n.bias)
	}
}
