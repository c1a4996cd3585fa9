package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// scratch is what the steps of a group write, as it was before, and as it is
// before a candidate is checked.
type scratch struct {
	buffers []gpu.Buffer
	restore gpu.CommandList // puts back what all steps write
	soil    gpu.CommandList // fills what the first step writes with what no kernel computes
	outputs []output        // of the first step
}

// output is memory whose words a candidate is judged by.
type output struct {
	name string
	memory.Range
	number  number
	before  []byte // a candidate's run
	correct []byte // what the default makes of it
}

// number is how words hold numbers.
type number int

const (
	words number = iota // by themselves
	floats
	halves // two a word
)

// save copies what the steps of a group write.
func save(ctx context.Context, dev gpu.Device, g *group) (s *scratch, err error) {
	s = &scratch{}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	type place struct {
		buffer       gpu.Buffer
		offset, size int64
	}
	saved := map[place]bool{}
	for t := range g.trials {
		for _, o := range g.trials[t].Outputs() {
			at := place{o.Buffer.GPU(), o.Offset, whole(o.Size)}
			if !saved[at] {
				saved[at] = true
				if err := s.save(dev, at.buffer, at.offset, at.size); err != nil {
					return s, err
				}
			}
		}
	}
	for _, o := range g.trials[0].Outputs() {
		if err := s.judge(ctx, dev, g.kernel, &g.trials[0], o); err != nil {
			return s, err
		}
	}
	return s, nil
}

func whole(n int64) int64 { return n / 4 * 4 }

// save keeps a copy on the device.
func (s *scratch) save(dev gpu.Device, from gpu.Buffer, offset, size int64) error {
	copied, err := s.buffer(dev, size)
	if err != nil {
		return err
	}
	s.restore = append(s.restore, gpu.Command{Copy: &gpu.Copy{Src: copied, Dst: from, DstOffset: offset, Size: size}})
	return dev.Submit(gpu.CommandList{{Copy: &gpu.Copy{Src: from, SrcOffset: offset, Dst: copied, Size: size}}})
}

func (s *scratch) buffer(dev gpu.Device, size int64) (gpu.Buffer, error) {
	b, err := dev.NewBuffer("tuning", size, gpu.Storage)
	if err == nil {
		s.buffers = append(s.buffers, b)
	}
	return b, err
}

// judge prepares an output for candidates to be judged by.
func (s *scratch) judge(ctx context.Context, dev gpu.Device, k *ir.Kernel, t *plan.Trial, o plan.Output) error {
	out := output{name: o.Binding.Name, Range: o.Range, number: numberOf(k, t, o)}
	size := whole(o.Size)
	read, err := dev.StartRead(o.Buffer.GPU(), o.Offset, size)
	if err != nil {
		return err
	}
	if out.before, err = read.Wait(ctx); err != nil {
		return err
	}
	if soil := soilOf(k, out); soil != nil {
		out.before = soil
	}
	b, err := s.buffer(dev, size)
	if err != nil {
		return err
	}
	if err := dev.Write(b, 0, out.before); err != nil {
		return err
	}
	s.soil = append(s.soil, gpu.Command{Copy: &gpu.Copy{Src: b, Dst: o.Buffer.GPU(), DstOffset: o.Offset, Size: size}})
	s.outputs = append(s.outputs, out)
	return nil
}

// numberOf returns how an output holds numbers: halves are known by the source's
// type, since devices without them get two in a u32.
func numberOf(k *ir.Kernel, t *plan.Trial, o plan.Output) number {
	switch elem := o.Binding.Elem; {
	case strings.Contains(elem, "f32"):
		return floats
	case strings.Contains(elem, "f16"):
		return halves
	}
	b := sourceBinding(k, o.Binding.Name)
	for _, name := range []string{b.Type.Name, b.Type.Elem} {
		if name == "f16" || valueOf(k, t, name) == "f16" {
			return halves
		}
	}
	return words
}

// sourceBinding returns a binding of the kernel's source; a plane's belongs to
// what it is a plane of.
func sourceBinding(k *ir.Kernel, name string) *ir.Binding {
	for _, b := range k.Bindings {
		if b.Name == name {
			return b
		}
	}
	return &ir.Binding{Access: ir.InOut, Type: &ir.TypeExpr{}}
}

// valueOf returns the value that a step's variant has of a variant axis, or "".
func valueOf(k *ir.Kernel, t *plan.Trial, axis string) string {
	for i, name := range t.Table.Axes {
		if name == axis {
			return t.Variant.Key[i]
		}
	}
	return ""
}

// soilOf returns words that a kernel would not leave in an output by itself: for
// floats even where it adds to them, else only where it does not read them.
func soilOf(k *ir.Kernel, o output) []byte {
	readable := sourceBinding(k, o.name).Access != ir.Out
	if readable && o.number != floats {
		return nil
	}
	random := rand.New(rand.NewPCG(1, uint64(o.Size)))
	soil := make([]byte, 0, len(o.before))
	for range len(o.before) / 4 {
		w := uint32(0x3c003c00) // halves of 1
		if o.number == floats {
			w = math.Float32bits(random.Float32()*2 - 1)
		}
		soil = binary.LittleEndian.AppendUint32(soil, w)
	}
	return soil
}

func (s *scratch) release() {
	for _, b := range s.buffers {
		b.Release()
	}
}

// read returns what the outputs hold.
func (s *scratch) read(ctx context.Context, dev gpu.Device) (all [][]byte, err error) {
	for _, o := range s.outputs {
		read, err := dev.StartRead(o.Buffer.GPU(), o.Offset, whole(o.Size))
		if err != nil {
			return nil, err
		}
		data, err := read.Wait(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", o.name, err)
		}
		all = append(all, data)
	}
	return all, nil
}
