//go:build js && wasm

package web

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

var errNoTimestamps = errors.New("the device has no timestamps")

const stampBytes = 8 // of nanoseconds

// timing is what a call of Time holds on the device.
type timing struct {
	dev      *device
	queries  int
	resolved int // the buffer of the timestamps
}

func (t *timing) drop() {
	t.dev.free(t.queries)
	t.dev.free(t.resolved)
}

var _ gpu.Timer = (*device)(nil)

// Time implements gpu.Timer. Browsers may round their timestamps, to 100 µs.
func (d *device) Time(ctx context.Context, lists ...gpu.CommandList) ([]time.Duration, error) {
	t, read, err := d.startTiming(lists)
	if err != nil {
		return nil, err
	}
	data, err := read.wait(ctx)
	d.mu.Lock()
	d.release(t)
	d.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("timing: %w", err)
	}
	spent := make([]time.Duration, len(lists))
	for i := range spent {
		before, after := data[i*stampBytes:], data[(i+1)*stampBytes:]
		spent[i] = time.Duration(binary.LittleEndian.Uint64(after) - binary.LittleEndian.Uint64(before))
	}
	return spent, nil
}

// startTiming plays lists with a timestamp before the first and after each, and
// reads these.
func (d *device) startTiming(lists []gpu.CommandList) (*timing, *readback, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, nil, err
	}
	if !d.caps.Features.Timestamps {
		return nil, nil, errNoTimestamps
	}
	if len(lists) > gpu.MaxTimed {
		return nil, nil, fmt.Errorf("timing: %d lists, of which %d can be timed at once", len(lists), gpu.MaxTimed)
	}
	n := len(lists) + 1
	made, err := d.player.call("queries", n)
	if err != nil {
		return nil, nil, d.fail("timing", err)
	}
	t := &timing{dev: d, queries: made.Int()}
	if t.resolved, err = d.create(int64(n*stampBytes), resolveUsage); err != nil {
		d.free(t.queries)
		return nil, nil, d.fail("timing", err)
	}
	d.live[t] = struct{}{}
	read, err := d.playTimed(t, lists)
	if err != nil {
		d.release(t)
		return nil, nil, err
	}
	return t, read, nil
}

func (d *device) playTimed(t *timing, lists []gpu.CommandList) (*readback, error) {
	queries, n := uint32(t.queries), len(lists)+1
	words := append(d.clears(d.words[:0]), opStamp, queries, 0, 0, 0, 0)
	var err error
	for i, list := range lists {
		for j := range list {
			if words, err = d.encode(words, &list[j]); err != nil {
				return nil, fmt.Errorf("timing: list %d, command %d: %w", i, j, err)
			}
		}
		words = append(words, opStamp, queries, uint32(i+1), 0, 0, 0)
	}
	words = append(words, opResolve, queries, uint32(n), uint32(t.resolved), 0, 0)
	return d.startRead("timing", "timestamps", words, t.resolved, 0, n*stampBytes)
}
