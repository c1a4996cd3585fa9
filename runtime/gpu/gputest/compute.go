package gputest

import (
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

func testCaps(t *testing.T, b *bench) {
	c := b.Caps()
	if c != b.Caps() {
		t.Error("Caps changed")
	}
	if c.Name == "" || c.Backend == "" || c.Kind == "" {
		t.Errorf("no name, backend or kind: %+v", c)
	}
	least, l := gpu.DefaultLimits(), c.Limits
	if l.MaxBufferSize < least.MaxBufferSize || l.MaxStorageBinding < least.MaxStorageBinding || l.MaxUniformBinding < 16<<10 ||
		l.MaxStorageBuffers < least.MaxStorageBuffers || l.StorageOffsetAlign > least.StorageOffsetAlign ||
		l.UniformOffsetAlign > least.UniformOffsetAlign || l.MaxInvocations < 128 || l.MaxWorkgroupsPerDim < least.MaxWorkgroupsPerDim {
		t.Errorf("limits are below what WebGPU grants: %+v", l)
	}
}

func testCompute(t *testing.T, b *bench) {
	const n = 1000
	p := b.pipeline("c[x] = a[x] * b[x] + x;", gpu.ReadOnly, gpu.ReadOnly, gpu.ReadWrite)
	v, w, out := b.words(sequence(1, n)...), b.words(sequence(7, n)...), b.buffer(4*n, gpu.Storage)
	b.submit(b.dispatch(p, n, v, w, out))
	for i, got := range b.read(out) {
		if want := uint32((i+1)*(i+7) + i); got != want {
			t.Fatalf("word %d = %d, want %d", i, got, want)
		}
	}
}

func testUniform(t *testing.T, b *bench) {
	p := b.pipeline("b[x] = a.x + a.y * 10u + a.z * 100u + a.w * 1000u;", gpu.UniformAccess, gpu.ReadWrite)
	u, out := b.buffer(16, gpu.Uniform), b.buffer(4, gpu.Storage)
	b.write(u, 0, 1, 2, 3, 4)
	b.submit(b.dispatch(p, 1, u, out))
	b.expect(out, 4321)
}

// testOffsets binds parts of buffers: arrayLength must be that of the part.
func testOffsets(t *testing.T, b *bench) {
	align := int64(b.Caps().Limits.StorageOffsetAlign)
	v, out := b.buffer(align+64, gpu.Storage), b.buffer(align+8, gpu.Storage)
	b.write(v, align, 5, 6, 7)
	p := b.pipeline("b[0] = a[2]; b[1] = arrayLength(&a);", gpu.ReadOnly, gpu.ReadWrite)
	for _, c := range []struct{ size, length int64 }{{12, 3}, {0, 16}} {
		g, err := b.NewBindGroup(p, "parts", []gpu.BufferRange{{Buffer: v, Offset: align, Size: c.size}, {Buffer: out, Offset: align}})
		b.must(err)
		b.submit(gpu.Command{Pipeline: p, BindGroup: g, Grid: [3]uint32{1, 1, 1}})
		if got := b.result(b.startRead(out, align, 8)); !slices.Equal(got, []uint32{7, uint32(c.length)}) {
			t.Errorf("size %d: got %v, want [7 %d]", c.size, got, c.length)
		}
	}
}

// testDependent has dispatches in one pass, each of which needs what the one
// before wrote, in a buffer of its own and in a shared one.
func testDependent(t *testing.T, b *bench) {
	const n = 500
	p := b.pipeline("b[x] = a[x] * 3u + 1u; c[x] += b[x];", gpu.ReadOnly, gpu.ReadWrite, gpu.ReadWrite)
	v, w, sum := b.words(1, 2, 3, 4), b.buffer(16, gpu.Storage), b.buffer(16, gpu.Storage)
	there, back := b.dispatch(p, 4, v, w, sum), b.dispatch(p, 4, w, v, sum)
	var list gpu.CommandList
	value, total := []uint32{1, 2, 3, 4}, make([]uint32, 4)
	for range n / 2 {
		list = append(list, there, back)
	}
	for range n {
		for i := range value {
			value[i] = value[i]*3 + 1
			total[i] += value[i]
		}
	}
	b.submit(list...)
	b.expect(v, value...)
	b.expect(sum, total...)
}

// testLists mixes dispatches and copies over several lists of one submission.
func testLists(t *testing.T, b *bench) {
	p := b.pipeline("a[x] += 1u;", gpu.ReadWrite)
	v, w := b.words(10, 20), b.words(0, 0)
	up := b.dispatch(p, 2, v)
	over := gpu.Command{Copy: &gpu.Copy{Src: v, Dst: w, DstOffset: 4, Size: 4}}
	b.must(b.Submit(gpu.CommandList{up, over, up}, nil, gpu.CommandList{up}, gpu.CommandList{}))
	b.expect(v, 13, 23)
	b.expect(w, 0, 11)
	b.must(b.Submit())
	b.must(b.Submit(gpu.CommandList{over}))
	b.expect(w, 0, 13)
}

func testIndirect(t *testing.T, b *bench) {
	p := b.pipeline("a[x] += 1u;", gpu.ReadWrite)
	plan := b.pipeline("a[1] = 2u; a[2] = 1u; a[3] = 1u;", gpu.ReadWrite)
	v, counts := b.words(0, 0, 0, 0), b.buffer(16, gpu.Storage|gpu.Indirect)
	run := b.dispatch(p, 0, v)
	run.Indirect = &gpu.BufferRange{Buffer: counts, Offset: 4}
	b.write(counts, 4, 3, 1, 1)
	b.submit(run, b.dispatch(plan, 1, counts), run)
	b.expect(v, 2, 2, 1, 0)
}

func testEmptyGrid(t *testing.T, b *bench) {
	p := b.pipeline("a[x] = 9u;", gpu.ReadWrite)
	v := b.words(1, 2)
	for _, grid := range [][3]uint32{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}} {
		c := b.dispatch(p, 0, v)
		c.Grid = grid
		b.submit(c)
	}
	b.expect(v, 1, 2)
}

func (b *bench) expect(buf gpu.Buffer, want ...uint32) {
	b.Helper()
	if got := b.read(buf); !slices.Equal(got, want) {
		b.Errorf("got %v, want %v", got, want)
	}
}
