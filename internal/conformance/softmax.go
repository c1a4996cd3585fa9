package conformance

import (
	"math"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// softMax takes scale and max_bias as parameters, a mask and the sinks of heads
// as further operands.
func softMax(t *trial) (func() []float64, error) {
	x, err := t.values(0)
	if err != nil {
		return nil, err
	}
	in, maxBias := t.operand(0), t.out().Float(1)
	cols, heads := in.Ne[0], in.Ne[2]
	key := generated.SoftmaxKey{Masked: "false", M: "f32"}
	params := generated.SoftmaxParams{
		Batches: uint32(in.Ne[3]), Heads: uint32(heads), Tokens: uint32(in.Ne[1]), Cols: uint32(cols),
		MaskBatches: 1, MaskHeads: 1, MaskRows: 1, Scale: float32(t.out().Float(0)),
	}
	y := t.batch.output(len(x))
	bound := map[string]plan.Source{"x": t.batch.floats(x, cols, cols), "y": y}
	if t.has(1) {
		mask := t.operand(1)
		key.Masked, key.M = "true", mask.Type
		params.MaskBatches, params.MaskHeads, params.MaskRows = uint32(mask.Ne[3]), uint32(mask.Ne[2]), uint32(mask.Ne[1])
		values, err := t.values(1)
		if err != nil {
			return nil, err
		}
		bound["mask"] = t.batch.numbers(mask.Type, values, cols, cols)
	}
	sinks := make([]float64, heads)
	for h := range sinks {
		sinks[h] = -math.MaxFloat32
	}
	if t.has(2) {
		if sinks, err = t.values(2); err != nil {
			return nil, err
		}
	}
	var perHead []float64
	for h := range heads {
		perHead = append(perHead, slope(h, heads, maxBias), sinks[h])
	}
	bound["per_head"] = t.batch.floats(perHead, 2, 2)
	err = t.batch.dispatch(generated.Softmax, key, params, bound)
	return func() []float64 { return y.rows(cols, cols) }, err
}

// slope is the factor of a head's mask (Press et al., 2022).
func slope(head, heads int, maxBias float64) float64 {
	if maxBias == 0 {
		return 1
	}
	n := 1
	for 2*n <= heads {
		n *= 2
	}
	if head < n {
		return math.Exp2(-maxBias / float64(n) * float64(head+1))
	}
	return math.Exp2(-maxBias / float64(2*n) * float64(2*(head-n)+1))
}
