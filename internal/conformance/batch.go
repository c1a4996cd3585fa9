package conformance

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

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

// layoutOf is plan.Layout or plan.ExpertLayout.
type layoutOf func(library *op.Library, format string) (weights.Layout, error)

// matrix plans rows of cols elements as the engine holds weights.
func (b *batch) matrix(layoutOf layoutOf, format *kernel.Format, rows, cols int, data []byte) (*weights.Matrix, error) {
	layout, err := layoutOf(b.library, format.Name)
	if err != nil {
		return nil, err
	}
	m, err := b.weights.Matrix(layout, &weights.Tensor{
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
		if a, ok := source.(interface{ reserve(bytes int64) }); ok {
			a.reserve(binding.Uniform)
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
	if err := b.compile(ctx); err != nil {
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

func (b *batch) compile(ctx context.Context) error {
	var variants []*kernel.Variant
	for _, s := range b.steps {
		variants = append(variants, s.variant)
	}
	return b.library.Compile(ctx, variants, nil)
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
