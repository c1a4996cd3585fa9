package model

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// decoder is what all architectures are: layers over a row of activations a
// token, between an embedding and the logits.
type decoder struct {
	hidden, vocabulary int
	heads              plan.Heads
	embedding          *weights.Matrix
	embedScale         float32
	layers             []layer
	norm               norm
	output             linear
	logitCap           float32 // 0: none
}

// layer adds what it computes to x.
type layer interface {
	forward(r *plan.Recorder, x *plan.Tensor)
}

// newDecoder reads what all architectures call alike, and loads everything but
// the layers, which load does one by one.
func newDecoder(l *loader, norms normKind, load func(i int) layer) *decoder {
	d := &decoder{hidden: l.hidden(), heads: l.heads(), embedScale: 1}
	d.vocabulary = l.rows("token_embd.weight", d.hidden)
	d.embedding = l.matrix("token_embd.weight", d.vocabulary, d.hidden)
	d.output = linear{matrices: []*weights.Matrix{d.embedding}, rows: d.vocabulary} // tied, where there is none
	if l.hasTensor("output.weight") {
		d.output = l.linear(part{"output", d.vocabulary}, d.hidden)
	}
	d.norm = l.norm("output_norm", norms)
	for i := range l.int("block_count") {
		if l.err != nil {
			break
		}
		d.layers = append(d.layers, load(i))
	}
	return d
}

func (d *decoder) Vocabulary() int { return d.vocabulary }

func (d *decoder) AttentionWork(seen int) int64 {
	return int64(d.heads.Q) * int64(d.heads.Dim+d.heads.V) * int64(seen)
}

func (d *decoder) Forward(r *plan.Recorder) *plan.Tensor {
	x := r.Embed(d.embedding, d.hidden)
	if d.embedScale != 1 {
		r.Scale(x, d.embedScale)
	}
	r.CheckFinite(x, "the embedding")
	for i, layer := range d.layers {
		layer.forward(r, x)
		r.CheckFinite(x, fmt.Sprintf("layer %d (blk.%d)", i, i))
	}
	return x
}

func (d *decoder) Logits(r *plan.Recorder, hidden *plan.Tensor) *plan.Tensor {
	logits := d.output.of(r, "logits", d.norm.of(r, hidden))
	if d.logitCap != 0 {
		r.SoftCap(logits, d.logitCap)
	}
	r.CheckFinite(logits, "the logits")
	return logits
}
