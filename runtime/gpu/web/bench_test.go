//go:build js && wasm

package web

import (
	"context"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// bench returns a device and a list of n dispatches that do nearly nothing.
func bench(b testing.TB, n int) (*device, gpu.CommandList) {
	b.Helper()
	d := open(b)
	p, err := d.NewPipeline(incrementDesc())
	if err != nil {
		b.Fatal(err)
	}
	var groups []gpu.BindGroup
	for range 2 { // as in a model, neighbouring dispatches use other bind groups
		buf, err := d.NewBuffer("a", 256, gpu.Storage)
		if err != nil {
			b.Fatal(err)
		}
		g, err := d.NewBindGroup(p, "g", []gpu.BufferRange{{Buffer: buf}})
		if err != nil {
			b.Fatal(err)
		}
		groups = append(groups, g)
	}
	list := make(gpu.CommandList, n)
	for i := range list {
		list[i] = gpu.Command{Pipeline: p, BindGroup: groups[i%2], Grid: [3]uint32{0, 1, 1}}
	}
	return d, list
}

// BenchmarkDispatch measures what encoding costs; its dispatches are empty.
func BenchmarkDispatch(b *testing.B) {
	const n = 1000
	d, list := bench(b, n)
	b.ReportAllocs()
	var encoding time.Duration
	for b.Loop() {
		start := time.Now()
		if err := d.Submit(list); err != nil {
			b.Fatal(err)
		}
		encoding += time.Since(start)
		if err := d.Wait(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(encoding.Nanoseconds())/float64(b.N)/n/1000, "µs/dispatch")
}

func BenchmarkSubmitWait(b *testing.B) {
	d, list := bench(b, 1)
	list[0].Grid[0] = 1
	for b.Loop() {
		if err := d.Submit(list); err != nil {
			b.Fatal(err)
		}
		if err := d.Wait(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
