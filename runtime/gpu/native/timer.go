//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
)

var errNoTimestamps = errors.New("the device has no timestamps")

// timing is what a call of Time holds on the device.
type timing struct {
	dev      *device
	queries  wgpu.Queries
	resolved wgpu.Buffer // the timestamps
}

func (t *timing) drop() {
	t.dev.free(t.queries)
	t.dev.free(t.resolved)
}

var _ gpu.Timer = (*device)(nil)

// Time implements gpu.Timer.
func (d *device) Time(ctx context.Context, lists ...gpu.CommandList) ([]time.Duration, error) {
	nanoseconds, err := d.tick(ctx)
	if err != nil {
		return nil, err
	}
	ticks, err := d.stamps(ctx, lists)
	if err != nil {
		return nil, err
	}
	spent := make([]time.Duration, len(lists))
	for i := range spent {
		spent[i] = time.Duration(float64(ticks[i+1]-ticks[i]) * nanoseconds)
	}
	return spent, nil
}

// calibration is how long the clocks of host and device are compared.
const calibration = 50 * time.Millisecond

// tick returns how many nanoseconds pass from one tick of the device's clock to
// the next. Where wgpu does not tell, they are counted once, over a time.
func (d *device) tick(ctx context.Context) (float64, error) {
	d.mu.Lock()
	err := d.usable()
	if err == nil && !d.caps.Features.Timestamps {
		err = errNoTimestamps
	}
	if err == nil && d.period == 0 {
		d.period = d.raw.TimestampPeriod()
	}
	period := d.period
	d.mu.Unlock()
	if err != nil || period > 0 {
		return period, err
	}
	before, start, err := d.now(ctx)
	if err != nil {
		return 0, err
	}
	time.Sleep(calibration)
	after, end, err := d.now(ctx)
	if err != nil {
		return 0, err
	}
	period = float64(end.Sub(start).Nanoseconds()) / float64(max(after-before, 1))
	d.mu.Lock()
	d.period = period
	d.mu.Unlock()
	return period, nil
}

// now returns the time by both clocks.
func (d *device) now(ctx context.Context) (ticks uint64, host time.Time, err error) {
	all, err := d.stamps(ctx, nil)
	if err != nil {
		return 0, host, err
	}
	return all[0], time.Now(), nil
}

// stamps plays lists with a timestamp before the first and after each, and returns
// these.
func (d *device) stamps(ctx context.Context, lists []gpu.CommandList) ([]uint64, error) {
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
	ticks := make([]uint64, len(lists)+1)
	for i := range ticks {
		ticks[i] = binary.LittleEndian.Uint64(data[i*stampBytes:])
	}
	return ticks, nil
}

const stampBytes = 8

func (d *device) startTiming(lists []gpu.CommandList) (*timing, *readback, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, nil, err
	}
	if len(lists) > gpu.MaxTimed {
		return nil, nil, fmt.Errorf("timing: %d lists, of which %d can be timed at once", len(lists), gpu.MaxTimed)
	}
	n := len(lists) + 1
	t := &timing{dev: d}
	var err error
	if t.queries, err = d.raw.NewQueries(n); err != nil {
		return nil, nil, d.fail("timing", err)
	}
	if t.resolved, err = d.raw.NewBuffer(uint64(n*stampBytes), wgpu.QueryResolve); err != nil {
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

// playTimed submits the lists with their timestamps, and reads these; mu is held.
func (d *device) playTimed(t *timing, lists []gpu.CommandList) (*readback, error) {
	n := len(lists) + 1
	stamp := func(i int) wgpu.Op {
		return wgpu.Op{Kind: wgpu.Timestamp, Src: wgpu.Buffer(t.queries), Grid: [3]uint32{uint32(i)}}
	}
	ops := append(d.clears(d.ops[:0]), stamp(0))
	for i, list := range lists {
		for j := range list {
			op, err := d.op(&list[j])
			if err != nil {
				return nil, fmt.Errorf("timing: list %d, command %d: %w", i, j, err)
			}
			ops = append(ops, op)
		}
		ops = append(ops, stamp(i+1))
	}
	d.collect()
	staging, err := d.allocateStaging(n * stampBytes)
	if err != nil {
		return nil, d.fail("timing", err)
	}
	ops = append(ops,
		wgpu.Op{Kind: wgpu.Resolve, Src: wgpu.Buffer(t.queries), Grid: [3]uint32{uint32(n)}, Dst: t.resolved},
		wgpu.Op{Kind: wgpu.Copy, Src: t.resolved, Dst: staging.Buffer(), Bytes: uint64(n * stampBytes)})
	if err = d.play("timing", ops); err == nil {
		if err = staging.Map(n * stampBytes); err != nil {
			err = d.fail("timing", err)
		}
	}
	if err != nil {
		d.free(staging)
		return nil, err
	}
	r := &readback{dev: d, label: "timestamps", staging: staging, size: n * stampBytes}
	d.live[r] = struct{}{}
	return r, nil
}
