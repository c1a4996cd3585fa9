package gputest

import (
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// testZeroed makes buffers after others of their size were filled and released,
// which is where stale bytes would show, and looks at them in every way.
func testZeroed(t *testing.T, b *bench) {
	const words = 300
	p := b.pipeline("b[x] = a[x];", gpu.ReadOnly, gpu.ReadWrite)
	dirty := func() gpu.Buffer {
		buf := b.words(slices.Repeat([]uint32{0xdeadbeef}, words)...)
		buf.Release()
		return b.buffer(4*words, gpu.Storage)
	}
	zeros := make([]uint32, words)
	b.expect(b.buffer(4*words, gpu.Storage), zeros...)
	b.expect(dirty(), zeros...)

	partly := dirty()
	b.write(partly, 4, 5)
	want := slices.Clone(zeros)
	want[1] = 5
	b.expect(partly, want...)

	whole := dirty()
	b.write(whole, 0, sequence(1, words)...)
	b.expect(whole, sequence(1, words)...)

	out := b.words(sequence(1, words)...)
	b.submit(b.dispatch(p, words, dirty(), out))
	b.expect(out, zeros...)

	out = b.words(sequence(1, words)...)
	b.submit(gpu.Command{Copy: &gpu.Copy{Src: dirty(), Dst: out, Size: 4 * words}})
	b.expect(out, zeros...)

	out = dirty()
	b.submit(gpu.Command{Copy: &gpu.Copy{Src: b.words(8), Dst: out, DstOffset: 4, Size: 4}})
	want[1] = 8
	b.expect(out, want...)
}

// testReuseInFlight releases a buffer that submitted work still needs, and gives
// its memory to another that is written at once.
func testReuseInFlight(t *testing.T, b *bench) {
	const words = 4096
	p := b.pipeline("var s = 0u; for (var i = 0u; i < 4096u; i++) { s += a[i]; } b[x] = s;", gpu.ReadOnly, gpu.ReadWrite)
	out := b.buffer(4*words, gpu.Storage)
	for round := range uint32(5) {
		in := b.words(slices.Repeat([]uint32{round + 1}, words)...)
		work := b.dispatch(p, words, in, out)
		b.submit(work)
		in.Release()
		work.BindGroup.Release()
		next := b.words(slices.Repeat([]uint32{1000}, words)...)
		if got := b.read(out); got[0] != (round+1)*words || got[words-1] != (round+1)*words {
			t.Fatalf("round %d: got %d, want %d", round, got[0], (round+1)*words)
		}
		next.Release()
	}
}

func testMemoryUse(t *testing.T, b *bench) {
	check := func(wantNow, wantPeak int64) {
		t.Helper()
		if now, peak := b.MemoryUse(); now != wantNow || peak != wantPeak {
			t.Errorf("MemoryUse = %d, %d, want %d, %d", now, peak, wantNow, wantPeak)
		}
	}
	check(0, 0)
	v, w := b.buffer(1000, gpu.Storage), b.buffer(10, gpu.Uniform)
	check(1012, 1012)
	b.read(v)
	check(1012, 1012)
	v.Release()
	check(12, 1012)
	v.Release()
	check(12, 1012)
	b.buffer(100, gpu.Storage)
	check(112, 1012)
	w.Release()
	check(100, 1012)
}

// testChurn makes and releases everything over and over.
func testChurn(t *testing.T, b *bench) {
	p := b.pipeline("b[x] = a[x] + 1u;", gpu.ReadOnly, gpu.ReadWrite)
	start, _ := b.MemoryUse()
	for i := range uint32(1000) {
		in, out := b.words(i), b.buffer(4+int64(i%7)*4096, gpu.Storage)
		work := b.dispatch(p, 1, in, out)
		b.submit(work)
		if i%10 == 0 {
			if got := b.result(b.startRead(out, 0, 4)); got[0] != i+1 {
				t.Fatalf("round %d: got %d", i, got[0])
			}
		}
		in.Release()
		out.Release()
		work.BindGroup.Release()
	}
	if now, _ := b.MemoryUse(); now != start {
		t.Errorf("%d bytes in use after all were released, want %d", now, start)
	}
}
