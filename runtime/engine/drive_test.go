package engine

import (
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// submissions counts what a device is given to do.
type submissions struct {
	gpu.Device
	n int
}

func (s *submissions) Submit(lists ...gpu.CommandList) error {
	s.n++
	return s.Device.Submit(lists...)
}

// How the device is driven changes how much is submitted at a time, and no token.
func TestDrive(t *testing.T) {
	dev := &submissions{Device: openDevice(t)}
	e := loadEmbedded(t, dev, Options{Untuned: true, Chunk: 32})
	long := slices.Repeat(prompt, 8) // a chunk, and one that is not full
	measure := func(how profile.Engine, tokens int) ([]int32, int) {
		e.Drive(how)
		dev.n = 0
		return generate(t, e.NewSession(), long, Generation{Tokens: tokens}), dev.n
	}
	_, together := measure(profile.Engine{}, 1)
	for _, n := range []int{1, 10, e.prefill.Steps()} {
		_, got := measure(profile.Engine{Dispatches: n}, 1)
		if each := (e.prefill.Steps() + n - 1) / n; got != together+2*(each-1) {
			t.Errorf("by %d dispatches of %d a prompt takes %d submissions; all together it takes %d", n, e.prefill.Steps(), got, together)
		}
	}
	want, _ := measure(profile.Engine{}, 12)
	for _, how := range []profile.Engine{{Ahead: 1}, {Ahead: 3, Dispatches: 7}} {
		got, _ := measure(how, 12)
		equalTokens(t, got, want)
	}
}
