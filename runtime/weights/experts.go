package weights

import (
	"context"
	"fmt"
	"io"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// ExpertCache is the experts of a layer of which the device holds only some, in
// slots: what is wanted takes the slot of what was used least recently.
type ExpertCache struct {
	Experts, Slots int

	set     *Set
	parts   []*Part
	vectors []*Vector
	held    []int   // the expert in each slot; -1: none
	slots   []int   // of each expert; -1: none
	used    []int64 // when, of each slot
	clock   int64
	ahead   []bool // slots that hold what was fetched and not wanted yet
	traffic Traffic
}

// Traffic counts what a cache, or several, did.
type Traffic struct {
	Hits    int   `json:"hits"`    // experts that were wanted and there
	Misses  int   `json:"misses"`  // experts that were wanted and had to be brought
	Fetched int   `json:"fetched"` // experts that were brought before they were wanted
	Useful  int   `json:"useful"`  // of those, the ones that were hit
	Bytes   int64 `json:"bytes"`   // written to the device
}

// Add returns the sum.
func (t Traffic) Add(u Traffic) Traffic {
	return Traffic{t.Hits + u.Hits, t.Misses + u.Misses, t.Fetched + u.Fetched, t.Useful + u.Useful, t.Bytes + u.Bytes}
}

// Sub returns what came since.
func (t Traffic) Sub(since Traffic) Traffic {
	return Traffic{t.Hits - since.Hits, t.Misses - since.Misses, t.Fetched - since.Fetched, t.Useful - since.Useful, t.Bytes - since.Bytes}
}

// ExpertCache begins a cache for a layer's experts with room for some of them.
func (s *Set) ExpertCache(experts, slots int) *ExpertCache {
	c := &ExpertCache{Experts: experts, Slots: slots, set: s, used: make([]int64, slots), ahead: make([]bool, slots)}
	for range slots {
		c.held = append(c.held, -1)
	}
	for range experts {
		c.slots = append(c.slots, -1)
	}
	s.caches = append(s.caches, c)
	return c
}

// ExpertCaches returns the set's caches, layer by layer.
func (s *Set) ExpertCaches() []*ExpertCache { return s.caches }

// Traffic returns what all caches of the set did.
func (s *Set) Traffic() (sum Traffic) {
	for _, c := range s.caches {
		sum = sum.Add(c.traffic)
	}
	return sum
}

// Matrix plans the slots for tensors as Set.Experts plans all experts.
func (c *ExpertCache) Matrix(l Layout, tensors ...*Tensor) (*Matrix, error) {
	if rows := tensors[0].Rows / c.Experts; rows%granule != 0 {
		return nil, fmt.Errorf("load %s: %d rows an expert; to page experts, the rows must be a multiple of %d", tensors[0].Name, rows, granule)
	}
	m, err := c.set.ofExperts(memory.Experts, l, c.Experts, c.Slots, tensors)
	if err == nil {
		c.parts = append(c.parts, m.Parts...)
	}
	return m, err
}

// Vector plans the slots for n values of each expert out of each data.
func (c *ExpertCache) Vector(name string, n int, data ...io.ReaderAt) *Vector {
	v := c.set.vector(memory.Experts, name, n*c.Slots, data)
	c.vectors = append(c.vectors, v)
	return v
}

// Hold brings those of some experts that are not there, and returns the slots of
// all. They are different ones, and no more than there are slots.
func (c *ExpertCache) Hold(ctx context.Context, dev gpu.Device, experts []int) ([]int, error) {
	before := len(c.missing(experts))
	c.traffic.Misses += before
	c.traffic.Hits += len(experts) - before
	if err := c.bring(ctx, dev, experts); err != nil {
		return nil, err
	}
	slots := make([]int, len(experts))
	for i, e := range experts {
		slots[i] = c.slots[e]
		if c.ahead[slots[i]] {
			c.ahead[slots[i]] = false
			c.traffic.Useful++
		}
	}
	return slots, nil
}

// Fetch brings experts that are likely to be wanted next: the first of them, as
// many as there are slots.
func (c *ExpertCache) Fetch(ctx context.Context, dev gpu.Device, experts []int) error {
	experts = experts[:min(len(experts), c.Slots)]
	missing := c.missing(experts)
	if len(missing) == 0 {
		return nil
	}
	if err := c.bring(ctx, dev, experts); err != nil {
		return err
	}
	c.traffic.Fetched += len(missing)
	for _, e := range missing {
		c.ahead[c.slots[e]] = true
	}
	return nil
}

// Holds reports whether an expert is there.
func (c *ExpertCache) Holds(expert int) bool { return c.slots[expert] >= 0 }

func (c *ExpertCache) missing(experts []int) (missing []int) {
	for _, e := range experts {
		if !c.Holds(e) {
			missing = append(missing, e)
		}
	}
	return missing
}

// bring makes sure that experts are there. After an error, those that were
// missing still are.
func (c *ExpertCache) bring(ctx context.Context, dev gpu.Device, experts []int) error {
	c.clock++
	for _, e := range experts {
		if c.Holds(e) {
			c.used[c.slots[e]] = c.clock
		}
	}
	missing := c.missing(experts)
	if len(missing) == 0 {
		return nil
	}
	slots := make([]int, len(missing))
	for i := range missing {
		slots[i] = c.vacate()
	}
	if err := c.write(ctx, dev, missing, slots); err != nil {
		return err
	}
	for i, e := range missing {
		c.held[slots[i]], c.slots[e] = e, slots[i]
	}
	return nil
}

// vacate empties the slot that was used least recently, and returns it as used.
func (c *ExpertCache) vacate() int {
	oldest := 0
	for i := range c.used {
		if c.used[i] < c.used[oldest] {
			oldest = i
		}
	}
	if e := c.held[oldest]; e >= 0 {
		c.slots[e] = -1
	}
	c.held[oldest], c.ahead[oldest], c.used[oldest] = -1, false, c.clock
	return oldest
}

// write writes experts to slots.
func (c *ExpertCache) write(ctx context.Context, dev gpu.Device, experts, slots []int) error {
	for _, v := range c.vectors {
		for i, e := range experts {
			if err := v.page(dev, c, e, slots[i]); err != nil {
				return err
			}
		}
	}
	cut := func(ctx context.Context, pieces chan<- *piece) error {
		for i, e := range experts {
			for _, p := range c.parts {
				rows := p.stored / c.Slots
				if err := p.cut(ctx, pieces, e*rows, rows, slots[i]*rows); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return transfer(ctx, dev, cut, func(bytes int) { c.traffic.Bytes += int64(bytes) })
}

// page writes an expert's values of each data to its slot.
func (v *Vector) page(dev gpu.Device, c *ExpertCache, expert, slot int) error {
	each := v.size / int64(len(v.data)*c.Slots)
	b := make([]byte, each)
	for i, data := range v.data {
		if n, err := data.ReadAt(b, int64(expert)*each); n < len(b) {
			return fmt.Errorf("load %s: %w", v.name, err)
		}
		if err := dev.Write(v.buffer.GPU(), int64(i*c.Slots+slot)*each, b); err != nil {
			return err
		}
		c.traffic.Bytes += each
	}
	return nil
}
