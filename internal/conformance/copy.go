package conformance

import (
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// copy adds a copy of rows of cols numbers from x to y, each with a stride of
// its own: a cast, where their kinds differ. The stride of halves is even.
func (b *batch) copy(y, x *array, rows, cols, yStride, xStride int) error {
	params := generated.CopyParams{
		N0: uint32(cols), N1: uint32(rows), N2: 1, N3: 1,
		XSize: uint32(x.len()), X0: 1, X1: uint32(xStride), YSize: uint32(y.len()), Y1: uint32(yStride),
	}
	return b.dispatch(generated.Copy, generated.CopyKey{X: x.kind, Y: y.kind, Rows: "same"}, params, copied(y, x, nil))
}

// copied is what a copy binds.
func copied(y, x, ids *array) map[string]plan.Source {
	return map[string]plan.Source{"x": x, "ids": ids, "y": y, "halves": y}
}

// activations returns the rows of operand i, padded to stride, as float32: cast
// on the device, where they are halves.
func (t *trial) activations(i, stride int) (*array, error) {
	x, err := t.values(i)
	if err != nil {
		return nil, err
	}
	in := t.operand(i)
	cols := in.Ne[0]
	if in.Type != half {
		return t.batch.floats(x, cols, stride), nil
	}
	y := t.batch.zeros("f32", rowsOf(in)*stride)
	return y, t.batch.copy(y, t.batch.numbers(half, x, cols, cols), rowsOf(in), cols, stride, cols)
}

// result returns how to read rows of float32, cast on the device to the type of
// the record's result.
func (t *trial) cast(y *array, stride int) (func() []float64, error) {
	out := t.out()
	cols := out.Ne[0]
	if out.Type != half {
		y.output = true
		return func() []float64 { return y.rows(cols, stride) }, nil
	}
	even := (cols + 1) / 2 * 2
	halves := t.batch.zeros(half, rowsOf(out)*even)
	halves.output = true
	return func() []float64 { return halves.rows(cols, even) }, t.batch.copy(halves, y, rowsOf(out), cols, even, stride)
}

// setRows copies the rows of the first operand to those of the third that the
// second names, for each of its batches or for several of them.
func setRows(t *trial) (func() []float64, error) {
	in, named, out := t.operand(0), t.operand(1), t.out()
	if out.Type != half && out.Type != "f32" {
		return nil, inapplicable("type " + out.Type)
	}
	x, err := t.values(0)
	if err != nil {
		return nil, err
	}
	rows, err := t.values(1)
	if err != nil {
		return nil, err
	}
	before, err := t.values(2)
	if err != nil {
		return nil, err
	}
	var ids []float64
	for i3 := range in.Ne[3] {
		for i2 := range in.Ne[2] {
			at := (i3%named.Ne[2]*named.Ne[1] + i2%named.Ne[1]) * in.Ne[1]
			ids = append(ids, rows[at:][:in.Ne[1]]...)
		}
	}
	cols, stride := out.Ne[0], (out.Ne[0]+1)/2*2
	from, y := t.batch.numbers(in.Type, x, cols, cols), t.batch.numbers(out.Type, before, cols, stride)
	y.output = true
	params := generated.CopyParams{
		N0: uint32(cols), N1: uint32(in.Ne[1]), N2: uint32(in.Ne[2]), N3: uint32(in.Ne[3]),
		XSize: uint32(from.len()), X0: 1, X1: uint32(cols), X2: uint32(in.Ne[1] * cols), X3: uint32(in.Ne[2] * in.Ne[1] * cols),
		YSize: uint32(y.len()), Y1: uint32(stride), Y2: uint32(out.Ne[1] * stride), Y3: uint32(out.Ne[2] * out.Ne[1] * stride),
		IdsSize: uint32(len(ids)), Ids2: uint32(in.Ne[1]), Ids3: uint32(in.Ne[2] * in.Ne[1]),
	}
	err = t.batch.dispatch(generated.Copy, generated.CopyKey{X: in.Type, Y: out.Type, Rows: "named"}, params, copied(y, from, t.batch.integers(ids)))
	return func() []float64 { return y.rows(cols, stride) }, err
}
