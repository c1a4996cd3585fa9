package engine

import (
	"context"
	"encoding/binary"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	planned "github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// recordToFit records all programs: with the slots for experts that are asked
// for, or, where none are and the whole model does not fit, with as many as do.
func (e *Engine) recordToFit(f *gguf.File, o Options) error {
	err := e.record(f, o)
	if err != nil || o.ExpertSlots > 0 || e.fits(o) {
		return err
	}
	whole := o
	o.ExpertSlots = 1
	if e.record(f, o) != nil { // there are no experts, or they cannot be paged
		return e.record(f, whole)
	}
	if e.experts() == 0 || !e.fits(o) {
		return nil // the refusal tells the least
	}
	room := (o.Memory - e.memory.Bytes()) / e.memory.Sum(planned.Experts)
	// With more slots there are fewer rounds, and the rest may take a little less:
	// so one slot more is tried.
	for o.ExpertSlots = int(min(room+2, int64(e.experts()-1))); o.ExpertSlots > 1; o.ExpertSlots-- {
		if err := e.record(f, o); err != nil || e.fits(o) {
			return err
		}
	}
	return e.record(f, o)
}

func (e *Engine) fits(o Options) bool { return e.memory.Fit(o.Memory, e.caps.Limits) == nil }

// ExpertSlots returns how many experts of a layer the device holds at a time; 0
// where it holds all weights.
func (e *Engine) ExpertSlots() int {
	for _, c := range e.weights.ExpertCaches() {
		return c.Slots
	}
	return 0
}

// experts returns how many experts a layer has; 0 where the device holds all
// weights.
func (e *Engine) experts() int {
	for _, c := range e.weights.ExpertCaches() {
		return c.Experts
	}
	return 0
}

// pager plays programs that need experts from the file: it reads what each layer
// chose, and fetches what the next layer is likely to.
type pager struct {
	e         *Engine
	forecasts map[*weights.ExpertCache]*forecast // of the experts of a layer, by those of the one before
}

func newPager(e *Engine) *pager {
	p := &pager{e, map[*weights.ExpertCache]*forecast{}}
	for i, c := range e.weights.ExpertCaches() {
		if i > 0 {
			p.forecasts[c] = newForecast(e.weights.ExpertCaches()[i-1].Experts, c.Experts)
		}
	}
	return p
}

// play submits steps [0, to) of a program, page by page.
func (p *pager) play(ctx context.Context, program *plan.Program, to int) error {
	dev, at := p.e.dev, 0
	pages := program.Pages()
	var before []uint32 // what the layer before chose
	for i, page := range pages {
		if err := dev.Submit(program.Commands(at, page.First)); err != nil {
			return err
		}
		at = page.End
		chosen, err := p.read(ctx, page.Chosen(program))
		if err != nil {
			return err
		}
		if err := page.Play(ctx, dev, program, chosen); err != nil {
			return err
		}
		if f := p.forecasts[page.Cache]; f != nil && len(before) == len(chosen) {
			f.learn(before, chosen, page.Used())
		}
		before = chosen
		if i+1 == len(pages) {
			break
		}
		next := pages[i+1].Cache
		if f := p.forecasts[next]; f != nil && next != page.Cache {
			if err := next.Fetch(ctx, dev, f.likely(chosen, page.Used())); err != nil {
				return err
			}
		}
	}
	return dev.Submit(program.Commands(at, to))
}

// read waits for the ids that the device chose.
func (p *pager) read(ctx context.Context, at planned.Range) ([]uint32, error) {
	read, err := p.e.dev.StartRead(at.Buffer.GPU(), at.Offset, at.Size)
	if err != nil {
		return nil, err
	}
	b, err := read.Wait(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]uint32, len(b)/4)
	for i := range ids {
		ids[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return ids, nil
}
