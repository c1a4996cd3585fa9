package plan

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// Sampling says how tokens are drawn. The zero value is greedy.
type Sampling struct {
	Temperature float32 // 0 is greedy
	TopK        int     // likeliest tokens to draw from; 0 is all
	TopP        float32 // least probability that those have together; 1 is all
	Seed        uint32  // equal seeds draw equally
}

// Argmax records the end of a greedy step: the next token and position.
func (r *Recorder) Argmax(logits *Tensor) {
	params := generated.ArgmaxParams{N: uint32(logits.Cols), HistoryLen: r.historyLen()}
	r.dispatch(generated.Argmax, generated.ArgmaxKey{}, params, 0, 1, r.sampled(logits)...)
}

// Sample records the end of a step that draws a token as Program.SetSampling
// says.
func (r *Recorder) Sample(logits *Tensor) {
	params := generated.SampleParams{N: uint32(logits.Cols), HistoryLen: r.historyLen(), Temperature: 1, TopP: 1}
	r.dispatch(generated.Sample, generated.SampleKey{}, params, 0, 1, r.sampled(logits)...)
}

// SetSampling sets how the step recorded by Sample draws.
func (p *Program) SetSampling(dev gpu.Device, s Sampling) error {
	for i := range p.steps {
		if p.steps[i].table != generated.Sample {
			continue
		}
		words := p.steps[i].words
		n, historyLen := words[0], words[1]
		params := generated.SampleParams{N: n, HistoryLen: historyLen, TopK: uint32(s.TopK), Temperature: s.Temperature, TopP: s.TopP}
		copy(words, params.Words())
	}
	return p.prepare(dev, p.tokens)
}

func (r *Recorder) historyLen() uint32 { return uint32(r.shared.History.Size() / 4) }

func (r *Recorder) sampled(logits *Tensor) []bind {
	return []bind{
		{"logits", logits}, {"state", Fixed(r.shared.State.All())},
		{"ids", Fixed(r.shared.IDs.All())}, {"history", Fixed(r.shared.History.All())},
	}
}
