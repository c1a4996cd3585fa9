package plan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// bench records one program over tensors whose values are given.
type bench struct {
	*Recorder
	plan   memory.Plan
	set    *weights.Set
	inputs map[*Tensor][]float64
}

// input returns a tensor with rows of cols values.
func (b *bench) input(cols int, values []float64) *Tensor {
	x := b.tensor("input", b.Tokens, cols)
	x.kept = true
	b.inputs[x] = values
	return x
}

func (b *bench) vector(values []float64) *weights.Vector {
	return b.set.Vector("vector", len(values), bytes.NewReader(floatBytes(values)))
}

func floatBytes(values []float64) (out []byte) {
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
	}
	return out
}

// run plays what was recorded.
func (b *bench) run(t *testing.T, dev gpu.Device) {
	t.Helper()
	program, err := b.Finish(&b.plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.plan.Allocate(dev); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.plan.Release)
	if err := program.Build(dev); err != nil {
		t.Fatal(err)
	}
	if err := b.set.Upload(t.Context(), dev, func(int64) {}); err != nil {
		t.Fatal(err)
	}
	for x, values := range b.inputs {
		for row := range b.Tokens {
			if err := dev.Write(x.buffer.GPU(), x.Row(row).Offset, floatBytes(values[row*x.Cols:][:x.Cols])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := dev.Submit(program.Commands(0, program.Steps())); err != nil {
		t.Fatal(err)
	}
}

// read returns the values that a tensor holds.
func (b *bench) read(t *testing.T, dev gpu.Device, x *Tensor) (out []float64) {
	t.Helper()
	for row := range b.Tokens {
		pending, err := dev.StartRead(x.buffer.GPU(), x.Row(row).Offset, 4*int64(x.Cols))
		if err != nil {
			t.Fatal(err)
		}
		data, err := pending.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(data); at += 4 {
			out = append(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(data[at:]))))
		}
	}
	return out
}

// TestElementwise records every norm and every pointwise operation in one
// program, each on tensors of its own.
func TestElementwise(t *testing.T) {
	dev, err := native.Open(native.Options{})
	switch {
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skipf("no GPU to test on: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	const tokens, cols, eps = 3, 24, 0x1p-10
	library := op.NewLibrary(dev)
	t.Cleanup(library.Release)
	b := &bench{inputs: map[*Tensor][]float64{}}
	limits := dev.Caps().Limits
	b.set = weights.NewSet(&b.plan, weights.Limits{Binding: limits.MaxStorageBinding, Buffer: limits.MaxBufferSize, Align: 256})
	b.Recorder = NewRecorder(library, NewShared(&b.plan, tokens, 1), Limits{Binding: limits.MaxStorageBinding, Work: 1 << 30}, tokens)

	random := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = float64(float32(rand.NormFloat64()))
		}
		return out
	}
	x, z, gate := random(tokens*cols), random(tokens*cols), random(tokens)
	w, bias, short := random(cols), random(cols), random(8)
	weight, shift, head := b.vector(w), b.vector(bias), b.vector(short)

	// byRow makes rows of values from each row of x and its index.
	byRow := func(f func(t int, row []float64) []float64) (out []float64) {
		for t := range tokens {
			out = append(out, f(t, x[t*cols:][:cols])...)
		}
		return out
	}
	each := func(f func(i int) float64) (out []float64) {
		for i := range x {
			out = append(out, f(i))
		}
		return out
	}
	sum := each(func(i int) float64 { return x[i] + z[i] })

	type result struct {
		name string
		got  *Tensor
		want []float64
	}
	var results []result
	expect := func(name string, got *Tensor, want []float64) {
		b.Keep(got)
		results = append(results, result{name, got, want})
	}
	inPlace := func(name string, record func(y *Tensor), want []float64) {
		y := b.input(cols, x)
		record(y)
		expect(name, y, want)
	}
	norm := func(row []float64) []float64 { return reference.RMSNorm(row, w, eps) }

	expect("RMSNorm", b.RMSNorm(b.input(cols, x), weight, eps), byRow(func(_ int, row []float64) []float64 { return norm(row) }))
	residual := b.input(cols, x)
	expect("AddRMSNorm", b.AddRMSNorm(residual, b.input(cols, z), weight, eps), byRow(func(t int, _ []float64) []float64 {
		return norm(sum[t*cols:][:cols])
	}))
	expect("AddRMSNorm's sum", residual, sum)
	inPlace("RMSNormOnto", func(y *Tensor) { b.RMSNormOnto(y, b.input(cols, z), weight, eps) }, byRow(func(t int, row []float64) []float64 {
		out := norm(z[t*cols:][:cols])
		for i, v := range row {
			out[i] += v
		}
		return out
	}))
	inPlace("HeadRMSNorm", func(y *Tensor) { b.HeadRMSNorm(y, 4, 2, 8, head, eps) }, byRow(func(_ int, row []float64) []float64 {
		out := append([]float64(nil), row...)
		copy(out[4:], reference.RMSNorm(row[4:12], short, eps))
		copy(out[12:], reference.RMSNorm(row[12:20], short, eps))
		return out
	}))
	expect("LayerNorm", b.LayerNorm(b.input(cols, x), weight, shift, eps), byRow(func(_ int, row []float64) []float64 {
		return reference.LayerNorm(row, w, bias, eps)
	}))
	expect("LayerNorm without weights", b.LayerNorm(b.input(cols, x), nil, nil, eps), byRow(func(_ int, row []float64) []float64 {
		return reference.LayerNorm(row, nil, nil, eps)
	}))
	inPlace("HeadLayerNorm", func(y *Tensor) { b.HeadLayerNorm(y, 4, 2, 8, weight, eps) }, byRow(func(_ int, row []float64) []float64 {
		out := append([]float64(nil), row...)
		copy(out[4:], reference.LayerNorm(row[4:12], w[:8], nil, eps))
		copy(out[12:], reference.LayerNorm(row[12:20], w[8:16], nil, eps))
		return out
	}))
	inPlace("Activate", func(y *Tensor) { b.Activate(y, kernel.GELU) }, each(func(i int) float64 { return reference.GELU(x[i]) }))
	inPlace("Scale", func(y *Tensor) { b.Scale(y, 1.5) }, each(func(i int) float64 { return 1.5 * x[i] }))
	inPlace("SoftCap", func(y *Tensor) { b.SoftCap(y, 2) }, each(func(i int) float64 { return reference.SoftCap(x[i], 2) }))
	inPlace("AddBias", func(y *Tensor) { b.AddBias(y, 4, head) }, each(func(i int) float64 {
		if c := i % cols; c >= 4 && c < 12 {
			return x[i] + short[c-4]
		}
		return x[i]
	}))
	inPlace("Add", func(y *Tensor) { b.Add(y, b.input(cols, z), 0.25) }, each(func(i int) float64 { return x[i] + 0.25*z[i] }))
	inPlace("AddGated", func(y *Tensor) { b.AddGated(y, b.input(cols, z), b.input(1, gate)) }, each(func(i int) float64 {
		return x[i] + reference.Sigmoid(gate[i/cols])*z[i]
	}))
	expect("Gated", b.Gated(kernel.SwiGLUOAI, b.input(cols, x)), byRow(func(_ int, row []float64) (out []float64) {
		for i, v := range row[:cols/2] {
			out = append(out, reference.SwiGLUOAI(v, row[cols/2+i], kernel.SwiGLUOAIAlpha, kernel.SwiGLUOAILimit))
		}
		return out
	}))

	b.run(t, dev)
	for _, r := range results {
		for i, v := range b.read(t, dev, r.got) {
			if !(math.Abs(v-r.want[i]) <= 3e-6*max(1, math.Abs(r.want[i]))) {
				t.Errorf("%s: value %d is %g, want %g", r.name, i, v, r.want[i])
				break
			}
		}
	}
}
