//go:build js && wasm

package web

import "github.com/wgslgen/wgslgen/runtime/gpu"

// memory is a GPUBuffer. It outlives the buffer that was made with it, in the
// pool: since all work is in queue order, the next buffer may have it while the
// GPU still works for the last.
type memory struct {
	number int
	key    memoryKey
	stale  bool // holds an old buffer's bytes, to be cleared before they are seen
	listed bool // in device.stale
}

// memoryKey is what must agree for memory to be used again.
type memoryKey struct {
	size  int64
	usage gpu.Usage
}

// Usages of GPUBuffers, beside those of package gpu; player.js has the bits.
const (
	stagingUsage gpu.Usage = 64
	resolveUsage gpu.Usage = 128
)

// granule is what allocations are multiples of, so that more of them fit again.
const granule = 256

// allocate returns memory of at least size bytes that reads as zeros; mu is held.
func (d *device) allocate(size int64, usage gpu.Usage) (*memory, error) {
	rounded := (size + granule - 1) / granule * granule
	key := memoryKey{min(rounded, d.caps.Limits.MaxBufferSize), usage}
	if mem, ok := d.memory.Get(key); ok {
		mem.stale = true
		if !mem.listed {
			mem.listed = true
			d.stale = append(d.stale, mem)
		}
		return mem, nil
	}
	number, err := d.create(key.size, usage)
	if err != nil {
		return nil, err
	}
	return &memory{number: number, key: key}, nil
}

// create makes a GPUBuffer, if need be with what the pools hold; mu is held.
func (d *device) create(size int64, usage gpu.Usage) (int, error) {
	number, err := d.player.make("buffer", size, int(usage))
	if outOfMemory(err) && d.reclaim() {
		number, err = d.player.make("buffer", size, int(usage))
	}
	return number, err
}

// recycle puts memory into the pool; mu is held.
func (d *device) recycle(mem *memory) {
	mem.stale = false
	for _, m := range d.memory.Put(mem.key, mem, mem.key.size) {
		d.free(m.number)
	}
}

// trim frees all that the pools hold; mu is held.
func (d *device) trim() {
	for _, m := range d.memory.Drain() {
		d.free(m.number)
	}
	for _, s := range d.staging.Drain() {
		d.free(s)
	}
}

// reclaim gets memory back for the browser, and says whether to try again; mu is
// held.
func (d *device) reclaim() bool {
	d.trim()
	return d.settle()
}

// clears appends the clearing of all stale memory to words; mu is held.
func (d *device) clears(words []uint32) []uint32 {
	for _, m := range d.stale {
		if m.stale {
			words = append(words, opClear, uint32(m.number), uint32(m.key.size/4), 0, 0, 0)
		}
	}
	return words
}

// cleared says that the clears were submitted; mu is held.
func (d *device) cleared() {
	for _, m := range d.stale {
		m.stale, m.listed = false, false
	}
	clear(d.stale)
	d.stale = d.stale[:0]
}
