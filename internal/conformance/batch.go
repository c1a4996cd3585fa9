package conformance

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

const wordBytes = 4

// batch is dispatches that are submitted together, with their memory.
type batch struct {
	dev     gpu.Device
	library *op.Library
	memory  *memory.Plan
	weights *weights.Set
	arrays  []*array
	steps   []step
}

// step is a dispatch that is not bound yet.
type step struct {
	variant *kernel.Variant
	words   []uint32
	sources []plan.Source
	groups  *array // where the counts of workgroups begin; nil: those of the grid
}

func newBatch(dev gpu.Device, library *op.Library) *batch {
	limits := dev.Caps().Limits
	b := &batch{dev: dev, library: library, memory: &memory.Plan{}}
	b.weights = weights.NewSet(b.memory, weights.Limits{
		Binding: limits.MaxStorageBinding, Buffer: limits.MaxBufferSize, Align: int64(limits.StorageOffsetAlign),
	})
	return b
}

// matrix plans rows of cols elements as the engine holds weights.
func (b *batch) matrix(format *kernel.Format, rows, cols int, data []byte) (*weights.Matrix, error) {
	interleave, err := plan.Interleave(b.library, format.Name)
	if err != nil {
		return nil, err
	}
	m, err := b.weights.Matrix(interleave, &weights.Tensor{
		Name: "weights", Format: format, Rows: rows, Cols: cols,
		RowBytes: cols / format.FileBlock * format.BlockBytes, Data: bytes.NewReader(data),
	})
	if err == nil && len(m.Parts) > 1 {
		err = fmt.Errorf("%d rows of %d columns in %s do not fit a binding", rows, cols, format.Name)
	}
	return m, err
}

// dispatch adds a kernel, with what its bindings are bound to by name. A
// variant may leave some of them out.
func (b *batch) dispatch(t *kernel.Table, key op.Key, params op.Params, bound map[string]plan.Source) error {
	return b.dispatchIndirect(t, key, params, bound, nil)
}

// dispatchIndirect adds a kernel for as many workgroups as the first words of
// groups say by then.
func (b *batch) dispatchIndirect(t *kernel.Table, key op.Key, params op.Params, bound map[string]plan.Source, groups *array) error {
	s := step{words: params.Words(), groups: groups}
	var err error
	if s.variant, err = b.library.Find(t, key, s.words); err != nil {
		return err
	}
	for i := range s.variant.Bindings {
		binding := &s.variant.Bindings[i]
		name := binding.Name
		if binding.Plane != nil {
			name = binding.Plane.Weight
		}
		source, ok := bound[name]
		if !ok {
			return fmt.Errorf("%s: nothing is bound to %s", s.variant.Name, name)
		}
		if a, ok := source.(*array); ok {
			a.uniform = max(a.uniform, binding.Uniform)
		}
		s.sources = append(s.sources, source)
	}
	if groups != nil {
		groups.usage = gpu.Indirect
	}
	b.steps = append(b.steps, s)
	return nil
}

// play allocates the memory, runs the dispatches, and reads the arrays back
// that were asked for.
func (b *batch) play(ctx context.Context) error {
	if len(b.steps) == 0 {
		return nil
	}
	for _, a := range b.arrays {
		a.place(b.memory)
	}
	words := 0
	for _, s := range b.steps {
		words = max(words, len(s.words))
	}
	slot := b.library.ParamSlot(words)
	arena := b.memory.New(memory.Tables, "parameters", slot*int64(len(b.steps)), gpu.Uniform)
	if err := b.memory.Allocate(b.dev); err != nil {
		return err
	}
	if err := b.upload(ctx); err != nil {
		return err
	}
	var list gpu.CommandList
	for i := range b.steps {
		block := gpu.BufferRange{Buffer: arena.GPU(), Offset: int64(i) * slot}
		c, err := b.command(&b.steps[i], block)
		if err != nil {
			return err
		}
		list = append(list, c)
	}
	if err := b.dev.Submit(list); err != nil {
		return err
	}
	return b.read(ctx)
}

func (b *batch) upload(ctx context.Context) error {
	for _, a := range b.arrays {
		if err := b.dev.Write(a.buffer.GPU(), 0, encode(a.words)); err != nil {
			return err
		}
	}
	return b.weights.Upload(ctx, b.dev, func(int64) {})
}

// command binds a step, whose parameter block it writes.
func (b *batch) command(s *step, block gpu.BufferRange) (gpu.Command, error) {
	buffers := make([]gpu.BufferRange, len(s.sources))
	for i, source := range s.sources {
		buffers[i] = source.Range(&s.variant.Bindings[i]).GPU()
	}
	block.Size = int64(kernel.ParamBytes(len(s.words)))
	if err := b.dev.Write(block.Buffer, block.Offset, encode(s.words)); err != nil {
		return gpu.Command{}, err
	}
	c, err := b.library.Command(s.variant, buffers, block, s.words)
	if err != nil {
		return c, err
	}
	if s.groups != nil {
		counts := s.groups.buffer.All().GPU()
		c.Indirect = &counts
		return c, nil
	}
	c.Grid, err = b.library.Grid(s.variant, s.words)
	return c, err
}

func (b *batch) read(ctx context.Context) error {
	pending := make([]gpu.Readback, len(b.arrays))
	for i, a := range b.arrays {
		if !a.output {
			continue
		}
		var err error
		if pending[i], err = b.dev.StartRead(a.buffer.GPU(), 0, int64(len(a.words))*wordBytes); err != nil {
			return err
		}
	}
	for i, p := range pending {
		if p == nil {
			continue
		}
		data, err := p.Wait(ctx)
		if err != nil {
			return err
		}
		b.arrays[i].words = decode(data)
	}
	return b.dev.Err()
}

func (b *batch) release() { b.memory.Release() }

func encode(words []uint32) []byte {
	out := make([]byte, 0, len(words)*wordBytes)
	for _, w := range words {
		out = binary.LittleEndian.AppendUint32(out, w)
	}
	return out
}

func decode(data []byte) []uint32 {
	out := make([]uint32, len(data)/wordBytes)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(data[i*wordBytes:])
	}
	return out
}

// array is words on the device: a binding that is no weights.
type array struct {
	words   []uint32 // before the run; those of an output, after it
	output  bool
	usage   gpu.Usage // beside storage
	uniform int64     // bytes that must be bound where it is a uniform buffer
	buffer  *memory.Buffer
}

// array returns an array of the words given.
func (b *batch) array(words []uint32) *array {
	a := &array{words: words}
	b.arrays = append(b.arrays, a)
	return a
}

// place plans the array's memory.
func (a *array) place(plan *memory.Plan) {
	usage := gpu.Storage | a.usage
	if a.uniform > 0 {
		usage |= gpu.Uniform
	}
	a.buffer = plan.New(memory.Activations, "array", max(int64(len(a.words))*wordBytes, a.uniform, wordBytes), usage)
}

// Range returns the memory of the whole array.
func (a *array) Range(b *kernel.Binding) memory.Range {
	if b.Uniform > 0 {
		return memory.Range{Buffer: a.buffer, Size: b.Uniform}
	}
	return a.buffer.All()
}

// from is an array from a word on, at a multiple of what a device can bind.
type from struct {
	*array
	word int
}

// Range returns the rest of the array's memory.
func (f from) Range(*kernel.Binding) memory.Range {
	at := int64(f.word) * wordBytes
	return memory.Range{Buffer: f.buffer, Offset: at, Size: f.buffer.Size() - at}
}

// floats returns an array of float32, in rows of cols that are padded with
// zeros to stride.
func (b *batch) floats(x []float64, cols, stride int) *array {
	words := make([]uint32, len(x)/cols*stride)
	for i, v := range x {
		words[i/cols*stride+i%cols] = math.Float32bits(float32(v))
	}
	return b.array(words)
}

// integers returns an array of u32.
func (b *batch) integers(x []float64) *array {
	words := make([]uint32, len(x))
	for i, v := range x {
		words[i] = uint32(int64(v))
	}
	return b.array(words)
}

// scratch returns an array of n words, that are NaN as float32 until a kernel
// writes them.
func (b *batch) scratch(n int) *array {
	words := make([]uint32, n)
	for i := range words {
		words[i] = math.Float32bits(float32(math.NaN()))
	}
	return b.array(words)
}

// output returns a scratch array that is read back.
func (b *batch) output(n int) *array {
	a := b.scratch(n)
	a.output = true
	return a
}

// rows returns the first cols float32 of each stride, as they are now.
func (a *array) rows(cols, stride int) []float64 {
	var out []float64
	for at := 0; at+stride <= len(a.words); at += stride {
		for _, w := range a.words[at:][:cols] {
			out = append(out, float64(math.Float32frombits(w)))
		}
	}
	return out
}

// counts returns the words as whole numbers.
func (a *array) counts() []float64 {
	out := make([]float64, len(a.words))
	for i, w := range a.words {
		out[i] = float64(w)
	}
	return out
}
