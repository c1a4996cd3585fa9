//go:build js && wasm

package web

import "math/bits"

// stagingSize rounds up so that few sizes serve all reads: to a power of two,
// or, where that would waste much, to whole MiB.
func stagingSize(n int) int {
	const least, large = 4 << 10, 1 << 20
	if n > large {
		return (n + large - 1) / large * large
	}
	return max(least, 1<<bits.Len(uint(n-1)))
}

// allocateStaging returns an unmapped buffer for n bytes; mu is held.
func (d *device) allocateStaging(n int) (int, error) {
	size := stagingSize(n)
	if s, ok := d.staging.Get(size); ok {
		return s, nil
	}
	return d.create(int64(size), stagingUsage)
}

// recycleStaging puts an unmapped buffer for n bytes into the pool; mu is held.
func (d *device) recycleStaging(s, n int) {
	size := stagingSize(n)
	for _, s := range d.staging.Put(size, s, int64(size)) {
		d.free(s)
	}
}

// collect recycles the staging buffers of readbacks that nobody waits for any
// more, as their mappings end; mu is held.
func (d *device) collect() {
	pending := d.abandoned[:0]
	for _, r := range d.abandoned {
		switch {
		case !r.mapping.over():
			pending = append(pending, r)
		case r.mapping.err != nil:
			d.release(r)
		default:
			delete(d.live, r)
			_, err := d.player.call("unmap", r.staging)
			d.note(err)
			d.recycleStaging(r.staging, r.size)
		}
	}
	clear(d.abandoned[len(pending):])
	d.abandoned = pending
}
