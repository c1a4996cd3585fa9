package plan

import (
	"fmt"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// Heads is the shape of attention.
type Heads struct {
	Q, KV int // heads; each KV head serves Q/KV of them
	Dim   int // elements of a query and a key
	V     int // elements of a value; 0 is as many
	// ValuesInKeys says that the values are the first V elements of the keys, and
	// are not stored again.
	ValuesInKeys bool
}

// values returns the elements of a value.
func (h Heads) values() int {
	if h.V == 0 {
		return h.Dim
	}
	return h.V
}

// stored returns the elements of a value that the cache holds beside the key.
func (h Heads) stored() int {
	if h.ValuesInKeys {
		return 0
	}
	return h.values()
}

// valueRow returns the elements of the row of the cache that a value begins.
func (h Heads) valueRow() int {
	if h.ValuesInKeys {
		return h.Dim
	}
	return h.values()
}

// partial returns the elements of a slot of partial attention: the sums of the
// values, and a vec4 with their maximum and total weight.
func (h Heads) partial() int { return h.values() + 4 }

// Cache is the keys and values of one layer, in pages along the position.
type Cache struct {
	kv    string // element type, one of CacheTypes
	heads Heads
	pages []page
}

// page holds the positions [first, first+capacity) as [kv head][position][element].
type page struct {
	first, capacity int
	k, v            *memory.Buffer // v is nil where the values are in the keys
}

// pageGranules are what the positions of a page are a multiple of, where there
// are several: the first that fits.
var pageGranules = []int{32, 8, 1}

// NewCache plans a cache for so many positions in pages of at most limit bytes.
func NewCache(plan *memory.Plan, label, kv string, heads Heads, positions int, limit int64) (*Cache, error) {
	perPosition := cacheBytes(kv, heads.KV, max(heads.Dim, heads.stored()), 1)
	most := int(limit / perPosition)
	if most == 0 {
		return nil, fmt.Errorf("%s: a position of %d bytes does not fit a binding of %d", label, perPosition, limit)
	}
	if i := slices.IndexFunc(pageGranules, func(n int) bool { return n <= most }); most < positions {
		most = most / pageGranules[i] * pageGranules[i]
	}
	c := &Cache{kv: kv, heads: heads}
	for first := 0; first < positions; first += most {
		p := page{first: first, capacity: min(most, positions-first)}
		p.k = plan.New(memory.Cache, label+".k", cacheBytes(kv, heads.KV, heads.Dim, p.capacity), gpu.Storage)
		if n := heads.stored(); n > 0 {
			p.v = plan.New(memory.Cache, label+".v", cacheBytes(kv, heads.KV, n, p.capacity), gpu.Storage)
		}
		c.pages = append(c.pages, p)
	}
	return c, nil
}

// CacheTypes are the element types that a cache may have.
var CacheTypes = []string{"f32", "f16", "q8_0"}

// quantum is how many elements of q8_0 share a scale, an f32.
const quantum = 32

// cacheBytes returns the size of so many heads' keys, or values, of n elements
// for so many positions.
func cacheBytes(kv string, heads, n, positions int) int64 {
	rows := int64(heads) * int64(positions)
	switch kv {
	case "f16":
		return 2 * rows * int64(n)
	case "q8_0":
		return rows * int64(n+4*ceilDiv(n, quantum))
	}
	return 4 * rows * int64(n)
}
