package conformance

import (
	"fmt"

	"github.com/wgslgen/wgslgen/internal/reference/opvec"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// operator is how the library computes an operator.
type operator struct {
	// plan adds a case's dispatches to its batch, and returns how to read its
	// result, in the order of the record's own, from what they leave.
	plan func(t *trial) (result func() []float64, err error)
	// view makes of a result what is compared; nil compares its elements.
	view func(r *opvec.Record, result []float64) ([]float64, error)
}

// operators are what the library computes, by the vectors' names.
var operators = map[string]operator{
	"ADD_ID":         {plan: addID},
	"ARGMAX":         {plan: argmax},
	"ARGSORT":        {plan: argsort},
	"FLASH_ATTN_EXT": {plan: flashAttention},
	"GEGLU":          {plan: glu(kernel.GELU)},
	"GEGLU_ERF":      {plan: glu(kernel.GELUErf)},
	"GEGLU_QUICK":    {plan: glu(kernel.GELUQuick)},
	"GELU":           {plan: activate(kernel.GELU)},
	"GET_ROWS":       {plan: getRows},
	"MUL_MAT":        {plan: mulMat},
	"MUL_MAT_ID":     {plan: mulMatID},
	"NORM":           {plan: layerNorm},
	"RMS_NORM":       {plan: rmsNorm},
	"ROPE":           {plan: rope},
	"SET_ROWS":       {plan: setRows},
	"SILU":           {plan: activate(kernel.SiLU)},
	"SOFTCAP":        {plan: softCap},
	"SOFT_MAX":       {plan: softMax},
	"SWIGLU":         {plan: glu(kernel.SiLU)},
	"SWIGLU_OAI":     {plan: glu(kernel.SwiGLUOAI)},
	"TOP_K":          {plan: topK, view: chosen},
}

// trial is a case on its way through a batch.
type trial struct {
	*opvec.Record
	batch  *batch
	result func() []float64
	// exact is a float64 reference of the result, where the record's own rounds
	// more than kernels do; nil elsewhere. It is held to exactLimit.
	exact []float64
}

// exactLimit is the NMSE of float32 sums, as of kernel gemv in kerneltest.
const exactLimit = 3e-12

// inapplicable is why the library can't be asked to compute a case.
type inapplicable string

func (why inapplicable) Error() string { return "not applicable: " + string(why) }

func (t *trial) plan() (err error) {
	of, ok := operators[t.Op]
	if !ok {
		return inapplicable("no kernel")
	}
	t.result, err = of.plan(t)
	return err
}

// outcome is how a case ended.
type outcome struct {
	*opvec.Record
	nmse  float64 // of the record's own result
	exact float64 // of the float64 reference
	err   error
}

// judge compares the result with what was expected.
func (t *trial) judge() outcome {
	got, out := t.result(), outcome{Record: t.Record}
	out.nmse, out.err = t.compare(got, t.want(), t.MaxError)
	if out.err == nil && t.exact != nil {
		if out.exact, out.err = t.compare(got, t.exact, exactLimit); out.err != nil {
			out.err = fmt.Errorf("against float64: %w", out.err)
		}
	}
	return out
}

func (t *trial) want() []float64 {
	var out []float64
	for _, x := range t.Want() {
		out = append(out, float64(x))
	}
	return out
}

func (t *trial) compare(got, want []float64, limit float64) (float64, error) {
	if len(got) != len(want) {
		return 0, fmt.Errorf("%d values, want %d", len(got), len(want))
	}
	if view := operators[t.Op].view; view != nil {
		var err error
		if want, err = view(t.Record, want); err != nil {
			return 0, fmt.Errorf("the record: %w", err)
		}
		if got, err = view(t.Record, got); err != nil {
			return 0, err
		}
	}
	e := nmse(got, want)
	if !(e <= limit) {
		return e, fmt.Errorf("NMSE %.1e, limit %.1e", e, limit)
	}
	return e, nil
}

// nmse returns Σ(got-want)² / Σwant².
func nmse(got, want []float64) float64 {
	var errors, power float64
	for i, w := range want {
		d := got[i] - w
		errors += d * d
		power += w * w
	}
	if errors == 0 {
		return 0
	}
	return errors / power
}

// out returns the result's tensor.
func (t *trial) out() *opvec.Tensor { return &t.Tensors[t.Out] }

// operands returns how many operands the result has.
func (t *trial) operands() int { return len(t.out().Src) }

// has reports whether there is an operand i: one may be left out.
func (t *trial) has(i int) bool { return i < t.operands() && t.out().Src[i] >= 0 }

// operand returns operand i of the result.
func (t *trial) operand(i int) *opvec.Tensor { return &t.Tensors[t.out().Src[i]] }

// values returns the elements of operand i in the order of its sizes.
func (t *trial) values(i int) ([]float64, error) { return t.Values(t.out().Src[i]) }

// rowsOf returns the number of rows of a tensor, over all of its batches.
func rowsOf(x *opvec.Tensor) int { return x.Ne[1] * x.Ne[2] * x.Ne[3] }
