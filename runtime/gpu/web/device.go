//go:build js && wasm

package web

import (
	"errors"
	"fmt"
	"sync"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/pool"
	"github.com/wgslgen/wgslgen/runtime/gpu/subgroup"
)

// device implements gpu.Device. All fields but caps and gone are guarded by mu.
// Goroutines do not run at the same time here, but do take turns where one waits.
type device struct {
	caps gpu.Caps
	gone *promise // settled once the browser lost the device, or Close destroyed it

	mu      sync.Mutex
	player  player
	closed  bool
	lost    error // wraps gpu.ErrLost once a call has seen the device gone
	pending error // not yet returned by any call

	live      map[object]struct{} // what the device made and its owner did not release
	memory    *pool.Pool[memoryKey, *memory]
	stale     []*memory // what is to be cleared before its next use, and some that is not any more
	staging   *pool.Pool[int, int]
	abandoned []*readback

	use, peak int64
	queued    int64    // bytes written since batch was
	batch     *promise // of writes being done
	words     []uint32
}

// object is something that the device made and that its owner may release. Its
// drop makes it unusable and gives back what it holds, with mu held.
type object interface{ drop() }

// How much released memory a device keeps for reuse.
const (
	keepMemory  = 256 << 20
	keepStaging = 64 << 20
)

// Open opens the browser's fastest GPU with all that it offers.
func Open() (gpu.Device, error) {
	raw, caps, err := request()
	if err != nil {
		return nil, err
	}
	d := &device{
		caps:    caps,
		gone:    watch(raw.Get("lost")),
		player:  newPlayer(raw),
		live:    map[object]struct{}{},
		memory:  pool.New[memoryKey, *memory](keepMemory),
		staging: pool.New[int, int](keepStaging),
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
	if d.pending == nil {
		d.note(d.uncaptured())
	}
	err := d.pending
	d.pending = nil
	return err
}

// uncaptured returns the first error that the browser reported of a call that
// did not wait for it; mu is held.
func (d *device) uncaptured() error {
	v, err := d.player.call("firstError")
	if err != nil || v.IsUndefined() {
		return err
	}
	return faultOf(v)
}

// usable returns why the device cannot be called any more; mu is held.
func (d *device) usable() error {
	if d.closed {
		return gpu.ErrClosed
	}
	if d.lost == nil && d.gone.over() {
		d.lost = fmt.Errorf("%w: %s", gpu.ErrLost, d.gone.value.Get("message").String())
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

// Close waits for submitted work, but not for ever. With the device the browser
// destroys all that was made of it.
func (d *device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	lost := d.usable() != nil
	finished := lost || d.settle()
	d.closed = true
	for o := range d.live {
		o.drop()
	}
	d.live, d.abandoned = nil, nil
	d.trim()
	if _, err := d.player.call("close"); err != nil {
		return d.fail("closing", err)
	}
	d.player = player{}
	if !finished {
		d.lost = fmt.Errorf("%w: closed while it worked on something endless", gpu.ErrLost)
		return d.lost
	}
	return nil
}
