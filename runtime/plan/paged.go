package plan

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Page is where a program needs experts that the device may not hold. Who plays
// the program stops there, reads what the router chose, and lets the page play
// the steps that use the experts: in rounds, as many experts at once as there are
// slots.
type Page struct {
	Cache      *weights.ExpertCache
	First, End int // steps

	chosen       *Chosen
	from, tokens int // of a run, as of a step

	ends []int // of one token: of the steps of each round, which are for the ranks
	most int   // that a round has, at most

	order    *Tensor // of many tokens; nil of one
	up, down tiles
}

// most returns how many ranks of a token have room at once.
func (e *Experts) most(chosen *Chosen) int {
	if e.Cache == nil {
		return chosen.used
	}
	return min(e.Cache.Slots, chosen.used)
}

// page begins a page with the next step, where there is a cache.
func (r *Recorder) page(p *Page) {
	if p.Cache == nil || r.err != nil {
		return
	}
	p.First = len(r.steps)
	if ids := tensorOf(p.chosen.ids); ids != nil {
		ids.last = p.First // they are read then
	}
	r.pages = append(r.pages, p)
}

// endRound ends a round of the newest page: those of one token are recorded,
// that of many is played again and again.
func (r *Recorder) endRound(cache *weights.ExpertCache, ranks int) {
	if cache == nil || r.err != nil {
		return
	}
	p := r.pages[len(r.pages)-1]
	p.End, p.most = len(r.steps), max(p.most, ranks)
	p.ends = append(p.ends, p.End)
}

// Pages returns where the program stops for the tokens that it is prepared for.
func (p *Program) Pages() (pages []*Page) {
	for _, page := range p.pages {
		if page.run(p) > 0 {
			pages = append(pages, page)
		}
	}
	return pages
}

// run returns the tokens that are the page's.
func (g *Page) run(p *Program) int { return min(max(p.tokens-g.from, 0), g.tokens) }

// Chosen returns where the ids of the experts lie that the page needs: a u32 for
// each choice.
func (g *Page) Chosen(p *Program) memory.Range {
	all := g.chosen.ids.fromRow(g.from).Range(&kernel.Binding{})
	all.Size = 4 * int64(g.run(p)*g.chosen.used)
	return all
}

// Play submits the steps for the experts that were chosen.
func (g *Page) Play(ctx context.Context, dev gpu.Device, p *Program, chosen []uint32) error {
	for _, e := range chosen {
		if int(e) >= g.Cache.Experts {
			return fmt.Errorf("the router chose expert %d of %d", e, g.Cache.Experts)
		}
	}
	if g.order == nil {
		return g.playRanks(ctx, dev, p, chosen)
	}
	return g.playExperts(ctx, dev, p, chosen)
}

// Used returns how many experts a token chose.
func (g *Page) Used() int { return g.chosen.used }

// playRanks plays the rounds of one token, from the best rank on. The kernels
// find slots where the ids of experts were.
func (g *Page) playRanks(ctx context.Context, dev gpu.Device, p *Program, chosen []uint32) error {
	from := g.First
	ids := g.Chosen(p)
	found := slices.Clone(chosen)
	for i, end := range g.ends {
		ranks := found[i*g.most : min((i+1)*g.most, len(found))]
		var experts []int
		for _, e := range ranks {
			experts = append(experts, int(e))
		}
		slots, err := g.Cache.Hold(ctx, dev, experts)
		if err != nil {
			return err
		}
		for j, slot := range slots {
			ranks[j] = uint32(slot)
		}
		if err := dev.Write(ids.Buffer.GPU(), ids.Offset, words(found)); err != nil {
			return err
		}
		if err := dev.Submit(p.Commands(from, end)); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// playExperts plays rounds of many tokens: of the experts that are there, then
// of the others.
func (g *Page) playExperts(ctx context.Context, dev gpu.Device, p *Program, chosen []uint32) error {
	by := make([][]uint32, g.Cache.Experts) // slots by expert
	for slot, e := range chosen {
		by[e] = append(by[e], uint32(slot))
	}
	var there, missing []int
	for e, slots := range by {
		switch {
		case len(slots) == 0:
		case g.Cache.Holds(e):
			there = append(there, e)
		default:
			missing = append(missing, e)
		}
	}
	if err := g.write(dev, g.order, slices.Concat(by...)); err != nil {
		return err
	}
	firsts := make([]int, len(by)+1) // in the order
	for e, slots := range by {
		firsts[e+1] = firsts[e] + len(slots)
	}
	for experts := range slices.Chunk(append(there, missing...), g.Cache.Slots) {
		slots, err := g.Cache.Hold(ctx, dev, experts)
		if err != nil {
			return err
		}
		lists := []tiles{g.up, g.down}
		if g.down == g.up {
			lists = lists[:1]
		}
		for _, t := range lists {
			if err := g.writeTiles(dev, t, experts, slots, firsts); err != nil {
				return err
			}
		}
		if err := dev.Submit(p.Commands(g.First, g.End)); err != nil {
			return err
		}
	}
	return nil
}

// writeTiles writes what expert_tiles would, for some experts, with their slots
// in the cache for their ids.
func (g *Page) writeTiles(dev gpu.Device, t tiles, experts, slots, firsts []int) error {
	var list []uint32
	for i, e := range experts {
		list = appendTiles(list, uint32(slots[i]), uint32(firsts[e]), uint32(firsts[e+1]), uint32(t.size))
	}
	n := uint32(len(list) / 4)
	if err := g.write(dev, t.list, list); err != nil {
		return err
	}
	return g.write(dev, t.groups, []uint32{t.upGroups, n, 1, t.downGroups, n, 1})
}

func (g *Page) write(dev gpu.Device, t *Tensor, values []uint32) error {
	return dev.Write(t.buffer.GPU(), 0, words(values))
}

func words(values []uint32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}
