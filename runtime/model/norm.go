package model

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// normKind is a kind of norm and where its epsilon stands.
type normKind struct {
	epsilon string
	layer   bool // LayerNorm; else RMSNorm
}

var (
	rmsNorm   = normKind{epsilon: "attention.layer_norm_rms_epsilon"}
	layerNorm = normKind{epsilon: "attention.layer_norm_epsilon", layer: true}
)

// norm is RMSNorm (Zhang and Sennrich, 2019) or LayerNorm (Ba et al., 2016).
type norm struct {
	kind         normKind
	weight, bias *weights.Vector // LayerNorm's bias may be nil
	eps          float32
}

// norm loads the norm whose tensors begin with name.
func (l *loader) norm(name string, kind normKind) norm { return l.normOf(name, kind, l.hidden()) }

// normOf loads a norm of n values.
func (l *loader) normOf(name string, kind normKind, n int) norm {
	m := norm{kind: kind, eps: float32(l.float(kind.epsilon)), weight: l.vector(name+".weight", n)}
	if !(m.eps > 0) {
		l.fail(fmt.Errorf("%s is %g; it must be greater than 0", l.key(kind.epsilon), m.eps))
	}
	if kind.layer && l.hasTensor(name+".bias") {
		m.bias = l.vector(name+".bias", n)
	}
	return m
}

// of returns the norm of x.
func (n *norm) of(r *plan.Recorder, x *plan.Tensor) *plan.Tensor {
	if n.kind.layer {
		return r.LayerNorm(x, n.weight, n.bias, n.eps)
	}
	return r.RMSNorm(x, n.weight, n.eps)
}

// ofHeads norms each of the heads of dim values that begin at column first of x.
func (n *norm) ofHeads(r *plan.Recorder, x *plan.Tensor, first, heads, dim int) {
	if n.kind.layer {
		r.HeadLayerNorm(x, first, heads, dim, n.weight, n.eps)
	} else {
		r.HeadRMSNorm(x, first, heads, dim, n.weight, n.eps)
	}
}
