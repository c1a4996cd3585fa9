package gputest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

func testReleased(t *testing.T, b *bench) {
	p := b.pipeline("a[x] += 1u;", gpu.ReadWrite)
	v, err := b.NewBuffer("gone", 16, gpu.Storage|gpu.Indirect)
	b.must(err)
	w := b.words(0)
	bound, unbound, unpiped := b.dispatch(p, 1, v), b.dispatch(p, 1, w), b.dispatch(p, 1, w)
	counts := b.dispatch(p, 1, w)
	counts.Indirect = &gpu.BufferRange{Buffer: v}

	v.Release()
	v.Release()
	b.fails("writing", b.Write(v, 0, make([]byte, 4)), `"gone"`, "released")
	_, err = b.StartRead(v, 0, 4)
	b.fails("reading", err, `"gone"`, "released")
	_, err = b.NewBindGroup(p, "group", []gpu.BufferRange{{Buffer: v}})
	b.fails("binding", err, `"gone"`, "released")
	b.fails("dispatching", b.Submit(gpu.CommandList{bound}), `"gone"`, "released")
	b.fails("counts", b.Submit(gpu.CommandList{counts}), `"gone"`, "released")
	b.fails("copying from", b.Submit(gpu.CommandList{{Copy: &gpu.Copy{Src: v, Dst: w, Size: 4}}}), `"gone"`, "released")
	b.fails("copying to", b.Submit(gpu.CommandList{{Copy: &gpu.Copy{Src: w, Dst: v, Size: 4}}}), `"gone"`, "released")

	unbound.BindGroup.Release()
	unbound.BindGroup.Release()
	b.fails("a released bind group", b.Submit(gpu.CommandList{unbound}), "released")
	p.Release()
	p.Release()
	b.fails("a released pipeline", b.Submit(gpu.CommandList{unpiped}), "released")
	_, err = b.NewBindGroup(p, "group", []gpu.BufferRange{{Buffer: w}})
	b.fails("binding to a released pipeline", err, "released")
	b.works()
}

type (
	strangeBuffer   struct{ gpu.Buffer }
	strangePipeline struct{ gpu.Pipeline }
	strangeGroup    struct{ gpu.BindGroup }
)

func testForeign(t *testing.T, b *bench) {
	other := newBench(t, b.open)
	const body = "a[x] += 1u;"
	p, v := b.pipeline(body, gpu.ReadWrite), b.words(1)
	theirP, theirV := other.pipeline(body, gpu.ReadWrite), other.words(2)
	theirs := other.dispatch(theirP, 1, theirV)
	for _, buf := range []gpu.Buffer{theirV, strangeBuffer{v}} {
		b.fails("writing", b.Write(buf, 0, make([]byte, 4)))
		_, err := b.StartRead(buf, 0, 4)
		b.fails("reading", err)
		_, err = b.NewBindGroup(p, "group", []gpu.BufferRange{{Buffer: buf}})
		b.fails("binding", err)
		b.fails("copying from", b.Submit(gpu.CommandList{{Copy: &gpu.Copy{Src: buf, Dst: v, Size: 4}}}))
		b.fails("copying to", b.Submit(gpu.CommandList{{Copy: &gpu.Copy{Src: v, Dst: buf, Size: 4}}}))
	}
	for _, pipeline := range []gpu.Pipeline{theirP, strangePipeline{p}} {
		_, err := b.NewBindGroup(pipeline, "group", []gpu.BufferRange{{Buffer: v}})
		b.fails("a pipeline", err)
	}
	b.fails("a dispatch", b.Submit(gpu.CommandList{theirs}))
	mine := b.dispatch(p, 1, v)
	mine.BindGroup = theirs.BindGroup
	b.fails("a bind group", b.Submit(gpu.CommandList{mine}))
	mine.BindGroup = strangeGroup{b.group(p, v)}
	b.fails("a strange bind group", b.Submit(gpu.CommandList{mine}))
	b.works()
	other.works()
}

func testContexts(t *testing.T, b *bench) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	v := b.words(7)
	r := b.startRead(v, 0, 4)
	if err := b.Wait(over); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait with a cancelled context: %v", err)
	}
	if _, err := r.Wait(over); !errors.Is(err, context.Canceled) {
		t.Errorf("Readback.Wait with a cancelled context: %v", err)
	}
	late, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-late.Done()
	if err := b.Wait(late); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait past its deadline: %v", err)
	}
	// Readbacks that were given up leave nothing in the way of others.
	for range 100 {
		if _, err := b.startRead(v, 0, 4).Wait(over); !errors.Is(err, context.Canceled) {
			t.Fatalf("Readback.Wait with a cancelled context: %v", err)
		}
	}
	b.expect(v, 7)
	b.works()
}

func testWaitTwice(t *testing.T, b *bench) {
	r := b.startRead(b.words(7), 0, 4)
	b.result(r)
	_, err := r.Wait(b.soon())
	b.fails("waiting twice", err)
	b.works()
}

func testClose(t *testing.T, b *bench) {
	p, v, w := b.pipeline("a[x] += 1u;", gpu.ReadWrite), b.words(1), b.words(2)
	run := b.dispatch(p, 1, v)
	b.submit(run)
	pending := b.startRead(v, 0, 4)
	b.must(b.Close())
	b.must(b.Close())

	_, bufferErr := b.NewBuffer("late", 4, gpu.Storage)
	_, pipelineErr := b.NewPipeline(gpu.PipelineDesc{Label: "late", WGSL: shader("", gpu.ReadWrite), Entry: "main"})
	_, groupErr := b.NewBindGroup(p, "late", []gpu.BufferRange{{Buffer: v}})
	_, startErr := b.StartRead(v, 0, 4)
	_, readErr := pending.Wait(b.soon())
	for doing, err := range map[string]error{
		"NewBuffer":     bufferErr,
		"NewPipeline":   pipelineErr,
		"NewBindGroup":  groupErr,
		"StartRead":     startErr,
		"Readback.Wait": readErr,
		"Write":         b.Write(v, 0, make([]byte, 4)),
		"Submit":        b.Submit(gpu.CommandList{run}),
		"Wait":          b.Wait(b.soon()),
		"Err":           b.Err(),
	} {
		if !errors.Is(err, gpu.ErrClosed) {
			t.Errorf("%s of a closed device: %v, want %v", doing, err, gpu.ErrClosed)
		}
	}
	v.Release()
	w.Release()
	p.Release()
	run.BindGroup.Release()
	if now, _ := b.MemoryUse(); now != 0 {
		t.Errorf("%d bytes in use after Close", now)
	}
	if b.Caps().Name == "" {
		t.Error("a closed device forgot its Caps")
	}
}

// testClosePending closes over work, queued writes and readbacks in flight.
func testClosePending(t *testing.T, b *bench) {
	p := b.pipeline("for (var i = 0u; i < 1000u; i++) { a[x] += i; }", gpu.ReadWrite)
	for range 3 {
		d := newBench(t, b.open)
		v := d.buffer(4*1000, gpu.Storage)
		q := d.pipeline("for (var i = 0u; i < 1000u; i++) { a[x] += i; }", gpu.ReadWrite)
		d.submit(d.dispatch(q, 1000, v))
		d.startRead(v, 0, 400)
		d.write(v, 0, 1, 2, 3)
		d.must(d.Close())
	}
	v := b.buffer(4, gpu.Storage)
	b.submit(b.dispatch(p, 1, v))
	b.expect(v, 499500)
}

// testGoroutines uses the device as it must not be used: results are free, but
// nothing may crash, and the device must still work.
func testGoroutines(t *testing.T, b *bench) {
	p := b.pipeline("a[x] += 1u;", gpu.ReadWrite)
	shared := b.words(0)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				v, err := b.NewBuffer("own", 64, gpu.Storage)
				if err != nil {
					t.Error(err)
					return
				}
				g, err := b.NewBindGroup(p, "own", []gpu.BufferRange{{Buffer: shared}})
				if err != nil {
					t.Error(err)
					return
				}
				run := gpu.Command{Pipeline: p, BindGroup: g, Grid: [3]uint32{1, 1, 1}}
				if err := errors.Join(b.Write(v, 0, make([]byte, 64)), b.Submit(gpu.CommandList{run})); err != nil {
					t.Error(err)
				}
				if r, err := b.StartRead(v, 0, 64); err != nil {
					t.Error(err)
				} else if _, err := r.Wait(t.Context()); err != nil {
					t.Error(err)
				}
				g.Release()
				v.Release()
			}
		})
	}
	all.Wait()
	b.expect(shared, 200)
	b.works()
}
