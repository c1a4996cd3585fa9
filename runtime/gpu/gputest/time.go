package gputest

import (
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// testTime: what is timed runs, takes longer where there is more of it, and no
// longer than whoever waits for it sees.
func testTime(t *testing.T, b *bench) {
	timer, ok := b.Device.(gpu.Timer)
	if !ok {
		return
	}
	if !b.Caps().Features.Timestamps {
		if _, err := timer.Time(b.soon()); err == nil {
			t.Error("a device without timestamps told the time")
		}
		return
	}
	p := b.pipeline("for (var i = 0u; i < 20000u; i++) { a[x] = a[x] * 1664525u + 1013904223u; }", gpu.ReadWrite)
	out := b.buffer(4*256, gpu.Storage)
	little, much := gpu.CommandList{b.dispatch(p, 1, out)}, gpu.CommandList{b.dispatch(p, 256, out), b.dispatch(p, 256, out), b.dispatch(p, 256, out), b.dispatch(p, 256, out)}
	_, err := timer.Time(b.soon(), little) // what is played first may be compiled meanwhile
	b.must(err)
	before := b.read(out)
	start := time.Now()
	spent, err := timer.Time(b.soon(), little, nil, much)
	wall := time.Since(start)
	b.must(err)
	if len(spent) != 3 {
		t.Fatalf("%d times for 3 lists", len(spent))
	}
	if spent[0] <= 0 || spent[1] < 0 || spent[2] <= spent[0] || spent[1] > spent[2] {
		t.Errorf("one dispatch took %v, none %v, four larger ones %v", spent[0], spent[1], spent[2])
	}
	if sum := spent[0] + spent[1] + spent[2]; sum > wall+wall/10 {
		t.Errorf("the device says %v, of a wait of %v", sum, wall)
	}
	for i, v := range b.read(out) {
		for range 20000 * (4 + max(1-i, 0)) {
			before[i] = before[i]*1664525 + 1013904223
		}
		if v != before[i] {
			t.Fatalf("word %d: %d, want %d: not all that was timed ran once", i, v, before[i])
		}
	}
	if _, err := timer.Time(b.soon(), make([]gpu.CommandList, gpu.MaxTimed+1)...); err == nil {
		t.Error("more lists than there are timestamps were timed")
	}
	if _, err := timer.Time(b.soon(), make([]gpu.CommandList, gpu.MaxTimed)...); err != nil {
		t.Error(err)
	}
	released := b.buffer(4, gpu.Storage)
	late := b.dispatch(p, 1, released)
	released.Release()
	if _, err := timer.Time(b.soon(), gpu.CommandList{late}); err == nil {
		t.Error("a released buffer was used")
	}
}
