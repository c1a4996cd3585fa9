package plan

import (
	"fmt"

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

	library *op.Library
	step    *step
	slot    gpu.BufferRange
}

// Trials returns a program's steps, but for those that take their workgroups
// from the device.
func (p *Program) Trials() (all []Trial) {
	for i := range p.steps {
		s := &p.steps[i]
		if s.groups != nil {
			continue
		}
		all = append(all, Trial{
			Table: s.table, Key: s.key, Words: s.words, Variant: s.variant, Tied: s.tied, library: p.library, step: s,
			slot: gpu.BufferRange{Buffer: p.arena.GPU(), Offset: int64(i) * p.slot, Size: int64(kernel.ParamBytes(len(s.words)))},
		})
	}
	return all
}

// Refuses returns why a variant can't compute the step, or nil: the device may
// not run it, or the program's memory may not serve it.
func (t *Trial) Refuses(v *kernel.Variant) error {
	if why := t.library.Refuses(v, t.Words); why != "" {
		return fmt.Errorf("%s %s", v.Name, why)
	}
	_, err := t.buffers(v)
	return err
}

// Command returns the step as another variant computes it. The caller calls
// release when it no longer plays the command.
func (t *Trial) Command(v *kernel.Variant) (c gpu.Command, release func(), err error) {
	buffers, err := t.buffers(v)
	if err != nil {
		return c, nil, err
	}
	grid, err := t.library.Grid(v, t.Words)
	if err != nil {
		return c, nil, err
	}
	c, release, err = t.library.Bind(v, buffers, t.slot, t.Words)
	c.Grid = grid
	return c, release, err
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
