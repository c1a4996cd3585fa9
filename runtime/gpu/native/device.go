//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"errors"
	"fmt"
	"sync"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/pool"
	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/subgroup"
)

// device implements gpu.Device. All fields but caps are guarded by mu, under
// which all calls of wgpu are made.
type device struct {
	caps gpu.Caps
	raw  *wgpu.Device

	mu      sync.Mutex
	closed  bool
	lost    error // wraps gpu.ErrLost once the device is gone
	pending error // not yet returned by any call

	live      map[object]struct{} // what Close must release
	memory    *pool.Pool[memoryKey, *memory]
	stale     []*memory // what is to be cleared before its next use, and some that is not any more
	staging   *pool.Pool[int, wgpu.Staging]
	abandoned []*readback

	use, peak int64
	submitted uint64 // submissions so far
	finished  uint64 // those that the GPU is known to be done with
	queued    int64  // bytes written since the last submission
	batch     uint64 // number of the submission that Write last made
	ops       []wgpu.Op
	period    float64 // nanoseconds of a timestamp's tick; 0: not known yet
}

// object is something that the device made and that its owner may release. Its
// drop makes it unusable and gives back what it holds, with mu held.
type object interface{ drop() }

// How much released memory a device keeps for reuse.
const (
	keepMemory  = 256 << 20
	keepStaging = 64 << 20
)

// Open opens a device with all that its adapter offers.
func Open(opts Options) (gpu.Device, error) {
	instance, found, err := find()
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, a := range found {
			a.raw.Release()
		}
	}()
	i, err := choose(found, opts.Adapter)
	if err != nil {
		instance.Release()
		return nil, err
	}
	raw, err := wgpu.Open(instance, found[i].raw)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", found[i].caps.Name, err)
	}
	d := &device{
		caps:    found[i].caps,
		raw:     raw,
		live:    map[object]struct{}{},
		memory:  pool.New[memoryKey, *memory](keepMemory),
		staging: pool.New[int, wgpu.Staging](keepStaging),
	}
	d.caps.Features, err = subgroup.Measure(d)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", d.caps.Name, err), d.Close())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trim()
	d.peak = 0
	return d, nil
}

func (d *device) Caps() gpu.Caps { return d.caps }

func (d *device) MemoryUse() (now, peak int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.use, d.peak
}

func (d *device) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	err := d.pending
	d.pending = nil
	return err
}

// usable returns why the device cannot be called any more; mu is held.
func (d *device) usable() error {
	if d.closed {
		return gpu.ErrClosed
	}
	return d.lost
}

// release drops an object, once; mu is held.
func (d *device) release(o object) {
	if _, ok := d.live[o]; ok {
		delete(d.live, o)
		o.drop()
	}
}

// Close waits for submitted work, but rather than hang with a GPU that hangs it
// leaves everything behind.
func (d *device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	hangs := !d.settle(d.submitted) && d.lost == nil
	if hangs {
		d.lost = fmt.Errorf("%w: closed while it worked on something endless", gpu.ErrLost)
	}
	for o := range d.live {
		o.drop()
	}
	d.live, d.abandoned = nil, nil
	d.trim()
	if hangs {
		return d.lost
	}
	if d.lost != nil {
		return nil // the rest of a lost device cannot be freed
	}
	if err := d.raw.Close(); err != nil {
		return d.fail("closing", err)
	}
	return nil
}
