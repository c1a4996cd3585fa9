package plan

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Program is recorded steps with their memory. Once built it is played as
// often as wanted, for any number of tokens up to that it was recorded for,
// without allocating anything.
type Program struct {
	library *op.Library
	steps   []step
	pages   []*Page
	tokens  int // that the parameters and grids are now for
	most    int

	arena  *memory.Buffer // a parameter block a step
	slot   int64          // bytes from one block to the next
	params []byte         // what the arena holds
	all    gpu.CommandList
	list   gpu.CommandList // reused by Commands
}

func newProgram(r *Recorder, plan *memory.Plan) *Program {
	p := &Program{library: r.library, steps: r.steps, pages: r.pages, most: r.Tokens, tokens: r.Tokens}
	words := 0
	for _, s := range p.steps {
		words = max(words, len(s.words))
	}
	p.slot = r.library.ParamSlot(words)
	p.params = make([]byte, p.slot*int64(len(p.steps)))
	p.arena = plan.New(memory.Tables, "parameters", int64(len(p.params)), gpu.Uniform)
	return p
}

// Steps returns the number of dispatches.
func (p *Program) Steps() int { return len(p.steps) }

// Variants returns the kernels of the program's steps, each as often as it is used.
func (p *Program) Variants() []*kernel.Variant {
	all := make([]*kernel.Variant, len(p.steps))
	for i, s := range p.steps {
		all[i] = s.variant
	}
	return all
}

// Build makes all pipelines and bind groups, and writes all parameters. The
// memory is allocated by then.
func (p *Program) Build(dev gpu.Device) error {
	p.all = p.all[:0] // of an attempt that failed
	for i := range p.steps {
		s := &p.steps[i]
		buffers := make([]gpu.BufferRange, len(s.sources))
		for j, source := range s.sources {
			buffers[j] = source.Range(&s.variant.Bindings[j]).GPU()
		}
		params := gpu.BufferRange{Buffer: p.arena.GPU(), Offset: int64(i) * p.slot, Size: int64(kernel.ParamBytes(len(s.words)))}
		c, err := p.library.Command(s.variant, buffers, params, s.words)
		if err != nil {
			return err
		}
		if s.groups != nil {
			at := s.groups.Row(s.which).GPU()
			c.Indirect = &at
		}
		p.all = append(p.all, c)
	}
	p.list = make(gpu.CommandList, 0, len(p.all))
	return p.prepare(dev, p.most)
}

// SetTokens prepares the program for runs of n tokens.
func (p *Program) SetTokens(dev gpu.Device, n int) error {
	if n == p.tokens {
		return nil
	}
	if n < 1 || n > p.most {
		return fmt.Errorf("a run of %d tokens: the program is for 1 to %d", n, p.most)
	}
	return p.prepare(dev, n)
}

func (p *Program) prepare(dev gpu.Device, n int) error {
	for i := range p.steps {
		s := &p.steps[i]
		if s.tokensAt >= 0 {
			s.words[s.tokensAt] = uint32(s.covered(n))
		}
		if s.covered(n) > 0 && s.groups == nil {
			grid, err := p.library.Grid(s.variant, s.words)
			if err != nil {
				return err
			}
			p.all[i].Grid = grid
		}
		block := p.params[int64(i)*p.slot:]
		for j, w := range s.words {
			binary.LittleEndian.PutUint32(block[4*j:], w)
		}
	}
	p.tokens = n
	return dev.Write(p.arena.GPU(), 0, p.params)
}

// covered returns how many of n tokens the step is for.
func (s *step) covered(n int) int { return min(max(n-s.from, 0), s.most) }

// Commands returns steps [from, to), without those that have no tokens. The
// list is good until the next call.
func (p *Program) Commands(from, to int) gpu.CommandList {
	if p.tokens == p.most {
		return p.all[from:to]
	}
	p.list = p.list[:0]
	for i := from; i < to; i++ {
		if p.steps[i].covered(p.tokens) > 0 {
			p.list = append(p.list, p.all[i])
		}
	}
	return p.list
}

// WeightBytes returns the bytes of weights that a run reads, but for those of
// the embedding, of which it reads a row a token. One token reads the experts
// that it chose, many may read all.
func (p *Program) WeightBytes() int64 {
	var n int64
	for _, s := range p.steps {
		for i, source := range s.sources {
			part, ok := source.(*weights.Part)
			if !ok || s.table == generated.Embed {
				continue
			}
			bytes := part.Range(&s.variant.Bindings[i]).Size
			if s.table == generated.ExpertGemv {
				bytes = bytes * int64(s.word("slots")) / int64(s.word("experts"))
			}
			n += bytes
		}
	}
	return n
}

// word returns a parameter of a step.
func (s *step) word(name string) uint32 {
	return s.words[slices.IndexFunc(s.table.Params, func(p kernel.Param) bool { return p.Name == name })]
}
