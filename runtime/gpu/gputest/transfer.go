package gputest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

func testWrites(t *testing.T, b *bench) {
	v := b.buffer(13, gpu.Storage)
	if v.Size() != 16 {
		t.Fatalf("a buffer of 13 bytes has %d, want 16", v.Size())
	}
	b.write(v, 4, 1, 2)
	b.write(v, 8, 3, 4)
	b.expect(v, 0, 1, 3, 4)
	if got := b.result(b.startRead(v, 8, 4)); !slices.Equal(got, []uint32{3}) {
		t.Errorf("reading the third word gave %v, want [3]", got)
	}
}

// testWriteOrder writes between submissions, and changes the data right after
// the call: both must be seen as they were.
func testWriteOrder(t *testing.T, b *bench) {
	p := b.pipeline("b[x] = b[x] * 10u + a[x];", gpu.ReadOnly, gpu.ReadWrite)
	in, out := b.words(0), b.words(0)
	shift := b.dispatch(p, 1, in, out)
	data := encode([]uint32{1})
	for i := range byte(5) {
		data[0] = i + 1
		b.must(b.Write(in, 0, data))
		data[0] = 99
		b.submit(shift)
	}
	b.expect(out, 12345)
}

func testLargeWrite(t *testing.T, b *bench) {
	const n = 40 << 20 / 4
	v := b.buffer(4*n, gpu.Storage)
	source := rand.New(rand.NewPCG(1, 2))
	data := make([]uint32, n)
	for i := range data {
		data[i] = source.Uint32()
	}
	b.write(v, 0, data...)
	b.write(v, 4*(n-2), 1, 2)
	data[n-2], data[n-1] = 1, 2
	if !slices.Equal(b.read(v), data) {
		t.Error("the bytes differ")
	}
}

// testReadbacks starts many and waits for them in another order.
func testReadbacks(t *testing.T, b *bench) {
	const n = 50
	v := b.words(sequence(0, 1000)...)
	reads := make([]gpu.Readback, n)
	for i := range reads {
		reads[i] = b.startRead(v, int64(4*i), int64(4*(i+1)))
	}
	for _, i := range rand.New(rand.NewPCG(3, 4)).Perm(n) {
		if got := b.result(reads[i]); !slices.Equal(got, sequence(uint32(i), i+1)) {
			t.Fatalf("readback %d: got %v", i, got)
		}
	}
}

// testReadbackSnapshot: a readback sees what was submitted before it only.
func testReadbackSnapshot(t *testing.T, b *bench) {
	p := b.pipeline("a[x] += 1u;", gpu.ReadWrite)
	v := b.words(0)
	up := b.dispatch(p, 1, v)
	var reads []gpu.Readback
	for range 20 {
		b.submit(up)
		reads = append(reads, b.startRead(v, 0, 4))
	}
	b.write(v, 0, 77)
	for i, r := range slices.Backward(reads) {
		if got := b.result(r); got[0] != uint32(i+1) {
			t.Errorf("readback %d: got %d, want %d", i, got[0], i+1)
		}
	}
	b.expect(v, 77)
}
