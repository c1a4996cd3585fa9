//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
)

// memory is what the driver allocated. It outlives the buffer that was made
// with it, in the pool: since all work is in queue order, the next buffer may
// have it while the GPU still works for the last. Only textures stay out of it.
type memory struct {
	raw     wgpu.Buffer
	texture wgpu.Texture // of texels, instead of raw
	key     memoryKey
	stale   bool // holds an old buffer's bytes, to be cleared before they are seen
	listed  bool // in device.stale
}

// memoryKey is what must agree for memory to be used again.
type memoryKey struct {
	size  int64
	usage gpu.Usage
}

// granule is what allocations are multiples of, so that more of them fit again.
const granule = 256

// allocate returns memory of at least size bytes that reads as zeros; mu is held.
func (d *device) allocate(size int64, usage gpu.Usage) (*memory, error) {
	if usage.TexelSize() > 0 {
		return d.allocateTexture(size, usage)
	}
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
	raw, err := d.raw.NewBuffer(uint64(key.size), rawUsage(usage))
	if outOfMemory(err) && d.reclaim() {
		raw, err = d.raw.NewBuffer(uint64(key.size), rawUsage(usage))
	}
	if err != nil {
		return nil, err
	}
	return &memory{raw: raw, key: key}, nil
}

// allocateTexture returns size bytes of texels, all zero; mu is held.
func (d *device) allocateTexture(size int64, usage gpu.Usage) (*memory, error) {
	texel := usage.TexelSize()
	rows := int(size / (texel * gpu.TexelRow))
	raw, err := d.raw.NewTexture(int(texel), gpu.TexelRow, rows)
	if outOfMemory(err) && d.reclaim() {
		raw, err = d.raw.NewTexture(int(texel), gpu.TexelRow, rows)
	}
	if err != nil {
		return nil, err
	}
	return &memory{texture: raw}, nil
}

func rawUsage(usage gpu.Usage) (raw wgpu.Usage) {
	if usage&gpu.Storage != 0 {
		raw |= wgpu.Storage
	}
	if usage&gpu.Uniform != 0 {
		raw |= wgpu.Uniform
	}
	if usage&gpu.Indirect != 0 {
		raw |= wgpu.Indirect
	}
	return raw
}

// recycle puts memory into the pool, or frees it; mu is held.
func (d *device) recycle(mem *memory) {
	if mem.texture != 0 {
		d.free(mem.texture)
		return
	}
	mem.stale = false
	for _, m := range d.memory.Put(mem.key, mem, mem.key.size) {
		d.free(m.raw)
	}
}

// trim frees all that the pools hold; mu is held.
func (d *device) trim() {
	for _, m := range d.memory.Drain() {
		d.free(m.raw)
	}
	for _, s := range d.staging.Drain() {
		d.free(s)
	}
}

// reclaim gets memory back for the driver, and says whether to try again; mu is
// held.
func (d *device) reclaim() bool {
	d.trim()
	d.note(d.submit(nil)) // lets go of what was written
	return d.settle(d.submitted)
}

// clears appends the clearing of all stale memory to ops; mu is held.
func (d *device) clears(ops []wgpu.Op) []wgpu.Op {
	for _, m := range d.stale {
		if m.stale {
			ops = append(ops, wgpu.Op{Kind: wgpu.Clear, Dst: m.raw, Bytes: uint64(m.key.size)})
		}
	}
	return ops
}

// cleared says that the clears were submitted; mu is held.
func (d *device) cleared() {
	for _, m := range d.stale {
		m.stale, m.listed = false, false
	}
	clear(d.stale)
	d.stale = d.stale[:0]
}
