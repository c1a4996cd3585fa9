package plan

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
)

// Trial is a step of a built program whose kernel other variants can compute as
// well: over the program's own buffers, with the same parameters.
type Trial struct {
	Table   *kernel.Table
	Key     []string // what the program asked for; "" is any
	Words   []uint32 // parameters
	Variant *kernel.Variant
	Tied    []string // tuning axes that must stay as in Variant
	Others  []Alternative

	library *op.Library
	step    *step
	slot    gpu.BufferRange
	noted   map[string][]uint32 // what bindings of numbers held when the step ran
}

// Alternative is another kernel that could compute a step: what a program would
// ask for, and the variant that it would take.
type Alternative struct {
	Table   *kernel.Table
	Key     []string
	Variant *kernel.Variant
	Apart   bool // the program would have other memory: its variants don't compute this very step
}

// Trials returns a program's steps, but for those whose experts come from the
// file: the host tells these which they are.
func (p *Program) Trials() (all []Trial) {
	for i := range p.steps {
		s := &p.steps[i]
		if slices.ContainsFunc(p.pages, func(g *Page) bool { return g.First <= i && i < g.End }) {
			continue
		}
		all = append(all, Trial{
			Table: s.table, Key: s.key, Words: s.words, Variant: s.variant, Tied: s.tied, Others: s.others, library: p.library, step: s,
			slot: gpu.BufferRange{Buffer: p.arena.GPU(), Offset: int64(i) * p.slot, Size: int64(kernel.ParamBytes(len(s.words)))},
		})
	}
	return all
}

// Numbers reports whether the step goes by numbers that another step found, such
// as the experts that a router chose: see Note.
func (t *Trial) Numbers() bool {
	for i := range t.Variant.Bindings {
		if t.numbers(i) {
			return true
		}
	}
	return false
}

// numbers reports whether a binding of the step holds such numbers.
func (t *Trial) numbers(i int) bool {
	b, tensor := &t.Variant.Bindings[i], tensorOf(t.step.sources[i])
	return tensor != nil && tensor.flat && !b.Write && strings.Contains(b.Elem, "u32")
}

// Note reads the numbers that the step is about to go by. Its memory is not its
// own, and holds anything when the commands of the trial are played: so these go
// by what was noted.
func (t *Trial) Note(ctx context.Context, dev gpu.Device) error {
	t.noted = map[string][]uint32{}
	for i := range t.Variant.Bindings {
		if !t.numbers(i) {
			continue
		}
		b := &t.Variant.Bindings[i]
		at := t.step.sources[i].Range(b)
		read, err := dev.StartRead(at.Buffer.GPU(), at.Offset, at.Size)
		if err != nil {
			return err
		}
		data, err := read.Wait(ctx)
		if err != nil {
			return fmt.Errorf("reading %s of %s: %w", b.Name, t.Variant.Name, err)
		}
		noted := make([]uint32, len(data)/4)
		for j := range noted {
			noted[j] = binary.LittleEndian.Uint32(data[4*j:])
		}
		t.noted[b.Name] = noted
	}
	return nil
}

// Refuses returns why a variant can't compute the step, or nil: the device may
// not run it, or the program's memory may not serve it.
func (t *Trial) Refuses(v *kernel.Variant) error {
	if why := t.library.Refuses(v, t.Words); why != "" {
		return fmt.Errorf("%s %s", v.Name, why)
	}
	if t.step.groups != nil && t.noted == nil {
		return fmt.Errorf("%s: the tiles that it takes were not noted", v.Name)
	}
	_, err := t.buffers(v)
	return err
}

// Grid returns a variant's workgroups: of a step that takes them from the
// device, as many as the noted tiles make.
func (t *Trial) Grid(v *kernel.Variant) [3]uint64 {
	grid := v.Grid(t.Words)
	if t.step.groups != nil {
		grid[1] = uint64(len(t.tiles(v)) / 4)
	}
	return grid
}

// tiles returns the tiles that a variant of expert_gemm takes of the noted slots;
// none where its size is not known.
func (t *Trial) tiles(v *kernel.Variant) []uint32 {
	size, err := tileOf(v)
	if err != nil {
		return nil
	}
	return retiled(t.noted[tilesBinding], uint32(size))
}

// Command returns the step as another variant computes it. The caller calls
// release when it no longer plays the command.
func (t *Trial) Command(dev gpu.Device, v *kernel.Variant) (c gpu.Command, release func(), err error) {
	own := &held{dev: dev}
	defer func() {
		if err != nil {
			own.release()
		}
	}()
	buffers, err := t.buffers(v)
	if err != nil {
		return c, nil, err
	}
	for i := range v.Bindings {
		b := &v.Bindings[i]
		values, noted := t.noted[b.Name]
		if noted && t.step.groups != nil && b.Name == tilesBinding {
			values = t.tiles(v)
		}
		if noted {
			buffers[i], err = own.hold(b.Name, values, op.Need(b, t.Words), gpu.Storage)
		}
		if err != nil {
			return c, nil, err
		}
	}
	var grid [3]uint32
	var indirect *gpu.BufferRange
	if t.step.groups == nil {
		grid, err = t.library.Grid(v, t.Words)
	} else {
		n := t.Grid(v)
		indirect = &gpu.BufferRange{}
		*indirect, err = own.hold("groups", []uint32{uint32(n[0]), uint32(n[1]), uint32(n[2])}, 0, gpu.Storage|gpu.Indirect)
	}
	if err != nil {
		return c, nil, err
	}
	c, unbind, err := t.library.Bind(v, buffers, t.slot, t.Words)
	c.Grid, c.Indirect = grid, indirect
	return c, func() { unbind(); own.release() }, err
}

// held is memory of a trial's own.
type held struct {
	dev     gpu.Device
	buffers []gpu.Buffer
}

// hold returns values as a buffer of at least size bytes.
func (h *held) hold(label string, values []uint32, size int64, usage gpu.Usage) (gpu.BufferRange, error) {
	b, err := h.dev.NewBuffer(label, max(size, 4*int64(len(values))), usage)
	if err != nil {
		return gpu.BufferRange{}, err
	}
	h.buffers = append(h.buffers, b)
	return gpu.BufferRange{Buffer: b, Size: b.Size()}, h.dev.Write(b, 0, words(values))
}

func (h *held) release() {
	for _, b := range h.buffers {
		b.Release()
	}
}

// Output is memory that a step writes.
type Output struct {
	Binding *kernel.Binding
	memory.Range
}

// Outputs returns the memory that the step writes.
func (t *Trial) Outputs() (all []Output) {
	for i := range t.Variant.Bindings {
		if b := &t.Variant.Bindings[i]; b.Write {
			all = append(all, Output{b, t.step.sources[i].Range(b)})
		}
	}
	return all
}

// buffers returns what a variant binds.
func (t *Trial) buffers(v *kernel.Variant) ([]gpu.BufferRange, error) {
	all := make([]gpu.BufferRange, len(v.Bindings))
	for i := range v.Bindings {
		b := &v.Bindings[i]
		source := named(t.step.binds, b)
		if source == nil {
			return nil, fmt.Errorf("%s: nothing is bound to %s", v.Name, b.Name)
		}
		r := source.Range(b)
		tensor := tensorOf(source)
		if b.Uniform > r.Buffer.Size()-r.Offset || tensor != nil && b.Uniform > tensor.uniform {
			return nil, fmt.Errorf("%s: binding %s is no uniform buffer in the recorded program", v.Name, b.Name)
		}
		all[i] = r.GPU()
	}
	return all, nil
}
