package plan

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// Heads is the shape of attention.
type Heads struct {
	Q, KV int // heads; each KV head serves Q/KV of them
	Dim   int // values of a head
}

// Cache is the keys and values of one layer, in pages along the position.
type Cache struct {
	kv    string // element type: f32 or f16
	heads Heads
	pages []page
}

// page holds the positions [first, first+capacity) as [kv head][position][dim].
type page struct {
	first, capacity int
	k, v            *memory.Buffer
}

// pageGranule is what the positions of a page are a multiple of, where there
// are several.
const pageGranule = 32

// NewCache plans a cache for so many positions in pages of at most limit bytes.
func NewCache(plan *memory.Plan, label, kv string, heads Heads, positions int, limit int64) (*Cache, error) {
	perPosition := cacheBytes(kv, heads, 1)
	most := int(limit / perPosition)
	if most < positions {
		most = most / pageGranule * pageGranule
	}
	if most == 0 {
		return nil, fmt.Errorf("%s: %d positions of %d bytes do not fit a binding of %d", label, pageGranule, perPosition, limit)
	}
	c := &Cache{kv: kv, heads: heads}
	for first := 0; first < positions; first += most {
		p := page{first: first, capacity: min(most, positions-first)}
		p.k = plan.New(memory.Cache, label+".k", cacheBytes(kv, heads, p.capacity), gpu.Storage)
		p.v = plan.New(memory.Cache, label+".v", cacheBytes(kv, heads, p.capacity), gpu.Storage)
		c.pages = append(c.pages, p)
	}
	return c, nil
}

// cacheBytes returns the size of the keys, or values, of so many positions.
func cacheBytes(kv string, heads Heads, positions int) int64 {
	n := int64(heads.KV) * int64(heads.Dim) * int64(positions)
	if kv == "f16" {
		return (2*n + 3) &^ 3
	}
	return 4 * n
}
