package bench

import (
	"context"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// sampleTime is how long a sample takes at least: clocks and the launch are
// small against it.
const sampleTime = 2 * time.Millisecond

// mostDispatches bounds a sample.
const mostDispatches = 512

// sample returns how long a dispatch of a candidate takes. Dispatches go on
// from trial to trial, as in a model, whose caches do not hold a layer's
// weights from one step to the next.
func (b *Bench) sample(ctx context.Context, g *group, i int) (time.Duration, error) {
	c, err := b.commands(g, i)
	if err != nil {
		return 0, err
	}
	if err := b.dev.Submit(g.memory.restore); err != nil {
		return 0, err
	}
	for {
		n := 1
		if g.estimate > 0 {
			n = int(min(max(sampleTime/g.estimate, 0)+1, mostDispatches))
		}
		list := make(gpu.CommandList, n)
		for j := range list {
			list[j] = c.commands[(g.turn+j)%len(c.commands)]
		}
		took, err := b.play(ctx, list)
		if err != nil {
			return 0, err
		}
		g.turn += n
		each := max(took/time.Duration(n), 1)
		enough := took >= sampleTime || n == mostDispatches
		if g.estimate == 0 || each < g.estimate {
			g.estimate = each
		}
		if enough {
			return each, nil
		}
	}
}

// play returns how long the device takes for a list: by its own clock, or by the
// host's without the launch.
func (b *Bench) play(ctx context.Context, list gpu.CommandList) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if timer, ok := b.dev.(gpu.Timer); ok && b.dev.Caps().Features.Timestamps {
		times, err := timer.Time(ctx, list)
		if err != nil {
			return 0, err
		}
		return times[0], nil
	}
	if err := b.dev.Wait(ctx); err != nil { // for what was submitted before
		return 0, err
	}
	begin := time.Now()
	if err := b.dev.Submit(list); err != nil {
		return 0, err
	}
	if err := b.dev.Wait(ctx); err != nil {
		return 0, err
	}
	return max(time.Since(begin)-b.launch, 0), b.dev.Err()
}

// measureLaunch measures what submitting and waiting take by themselves.
func (b *Bench) measureLaunch(ctx context.Context) error {
	b.launch = 0
	buffers := [2]gpu.Buffer{}
	for i := range buffers {
		var err error
		if buffers[i], err = b.dev.NewBuffer("launch", 16, gpu.Storage); err != nil {
			return err
		}
		defer buffers[i].Release()
	}
	list := gpu.CommandList{{Copy: &gpu.Copy{Src: buffers[0], Dst: buffers[1], Size: 16}}}
	least := time.Duration(0)
	for range 20 {
		begin := time.Now()
		if err := b.dev.Submit(list); err != nil {
			return err
		}
		if err := b.dev.Wait(ctx); err != nil {
			return err
		}
		if took := time.Since(begin); least == 0 || took < least {
			least = took
		}
	}
	b.launch = least
	return nil
}
