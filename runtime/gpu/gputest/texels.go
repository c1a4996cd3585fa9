package gputest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

var texelUsages = []gpu.Usage{gpu.Texels4, gpu.Texels8, gpu.Texels16}

// hasTexels reports whether the implementation has texels. One that has none must
// say so of buffers, of shaders and among its features: where there is nothing
// more to test, that is.
func (b *bench) hasTexels() bool {
	b.Helper()
	_, err := b.NewBuffer("texels", 4, gpu.Texels4)
	if !errors.Is(err, errors.ErrUnsupported) {
		b.must(err)
		return true
	}
	_, pipelineErr := b.NewPipeline(gpu.PipelineDesc{Label: "texels", WGSL: shader("", gpu.ReadTexels4), Entry: "main", Bindings: []gpu.Access{gpu.ReadTexels4}})
	if !errors.Is(pipelineErr, errors.ErrUnsupported) || b.Caps().Features.Texels {
		b.Fatalf("no texels in buffers, but in shaders (%v) or features", pipelineErr)
	}
	return false
}

// fetch compiles a shader that copies a texel each invocation.
func (b *bench) fetch(usage gpu.Usage) gpu.Pipeline {
	b.Helper()
	body := "let t = textureLoad(a, vec2<u32>(x % 4096u, x / 4096u));\n"
	words := usage.TexelSize() / 4
	for i := range words {
		body += fmt.Sprintf("b[x * %du + %du] = t[%d];\n", words, i, i)
	}
	return b.pipeline(body, gpu.TexelAccess(int(usage.TexelSize())), gpu.ReadWrite)
}

// testTexels writes ranges that begin and end within rows, and sees every texel
// after each.
func testTexels(t *testing.T, b *bench) {
	if !b.hasTexels() {
		return
	}
	const rows, row = 5, gpu.TexelRow
	for _, usage := range texelUsages {
		texel := usage.TexelSize()
		v := b.buffer((rows-1)*row*texel+1, usage)
		if v.Size() != rows*row*texel {
			t.Fatalf("usage %d: %d bytes, want %d", usage, v.Size(), rows*row*texel)
		}
		want := make([]uint32, v.Size()/4)
		out := b.buffer(v.Size(), gpu.Storage)
		look := b.dispatch(b.fetch(usage), rows*row, v, out)
		for i, r := range [][2]int64{ // from, to
			{0, 0}, {7, 8}, {row - 1, row + 1}, {row + 5, 2*row - 5}, {2 * row, 3 * row}, {row, 3*row + 1}, {row - 3, 4*row + 9}, {rows*row - 1, rows * row}, {0, rows * row},
		} {
			from, to := r[0]*texel, r[1]*texel
			if from < to {
				words := sequence(uint32(i+1)<<24, int(to-from)/4)
				copy(want[from/4:], words)
				b.write(v, from, words...)
			}
			b.submit(look)
			if got := b.read(out); !slices.Equal(got, want) {
				t.Errorf("usage %d: texels %d to %d are wrong after a write", usage, r[0], r[1])
			}
		}
	}
}

// testTexelsLarge writes more than an implementation holds at once, twice before
// it is looked at.
func testTexelsLarge(t *testing.T, b *bench) {
	if !b.hasTexels() {
		return
	}
	const rows, words = 40<<20/(4*gpu.TexelRow) + 3, gpu.TexelRow
	p := b.pipeline("var s = 0u; for (var i = 0u; i < 4096u; i++) { s = s * 31u + textureLoad(a, vec2<u32>(i, x)).x; } b[x] = s;", gpu.ReadTexels4, gpu.ReadWrite)
	v, out := b.buffer(4*rows*words, gpu.Texels4), b.buffer(4*rows, gpu.Storage)
	source := rand.New(rand.NewPCG(5, 6))
	data := make([]uint32, rows*words)
	for i := range data {
		data[i] = source.Uint32()
	}
	b.write(v, 0, data...)
	data = data[1000:]
	for i := range data {
		data[i]++
	}
	b.write(v, 4*1000, data...)
	b.submit(b.dispatch(p, rows, v, out))
	got := b.read(out)
	for r := 1; r < rows; r++ {
		want := uint32(0)
		for _, w := range data[r*words-1000:][:words] {
			want = want*31 + w
		}
		if got[r] != want {
			t.Fatalf("row %d: %#x, want %#x", r, got[r], want)
		}
	}
}

// testTexelsReleased releases texels that queued writes, submitted work and bind
// groups still name, and closes over some.
func testTexelsReleased(t *testing.T, b *bench) {
	if !b.hasTexels() {
		return
	}
	p, out := b.fetch(gpu.Texels16), b.buffer(gpu.TexelRow*16, gpu.Storage)
	before, _ := b.MemoryUse()
	for round := range uint32(20) {
		v, err := b.NewBuffer("gone", 16, gpu.Texels16)
		b.must(err)
		if now, _ := b.MemoryUse(); now != before+v.Size() {
			t.Fatalf("%d bytes in use, want %d more than %d", now, v.Size(), before)
		}
		look := b.dispatch(p, 1, v, out)
		b.write(v, 0, round, 2, 3, 4)
		b.submit(look)
		b.write(v, 0, 5, 6, 7, 8)
		v.Release()
		v.Release()
		b.fails("writing", b.Write(v, 0, make([]byte, 16)), `"gone"`, "released")
		_, err = b.NewBindGroup(p, "group", []gpu.BufferRange{{Buffer: v}, {Buffer: out}})
		b.fails("binding", err, `"gone"`, "released")
		b.fails("dispatching", b.Submit(gpu.CommandList{look}), `"gone"`, "released")
		if got := b.result(b.startRead(out, 0, 16)); !slices.Equal(got, []uint32{round, 2, 3, 4}) {
			t.Fatalf("round %d: got %v", round, got)
		}
		if round%2 == 0 {
			look.BindGroup.Release()
		}
		unseen := b.buffer(16, gpu.Texels16)
		b.write(unseen, 16, 1, 2, 3, 4)
		unseen.Release()
	}
	if now, _ := b.MemoryUse(); now != before {
		t.Errorf("%d bytes in use after all were released, want %d", now, before)
	}
	b.works()

	d := newBench(t, b.open)
	d.write(d.buffer(16, gpu.Texels16), 0, 1, 2, 3, 4)
	d.must(d.Close())
}

func testTexelErrors(t *testing.T, b *bench) {
	if !b.hasTexels() {
		return
	}
	for _, usage := range texelUsages {
		for _, size := range []int64{0, -16, gpu.MaxTexelRows*gpu.TexelRow*usage.TexelSize() + 1} {
			_, err := b.NewBuffer("wrong", size, usage)
			b.fails("a wrong size", err, `"wrong"`)
		}
	}
	v, err := b.NewBuffer("texels", 16, gpu.Texels16)
	b.must(err)
	for _, c := range [][2]int64{{0, 0}, {0, 8}, {8, 16}, {-16, 16}, {v.Size(), 16}, {v.Size() - 16, 32}} {
		b.fails("a wrong write", b.Write(v, c[0], make([]byte, c[1])), `"texels"`)
	}
	w, counts := b.words(1, 2, 3, 4), b.words(1, 1, 1)
	_, err = b.StartRead(v, 0, 16)
	b.fails("reading", err, `"texels"`, "copied")
	b.fails("copying from", b.Submit(gpu.CommandList{{Copy: &gpu.Copy{Src: v, Dst: w, Size: 16}}}), `"texels"`, "copied")
	b.fails("copying to", b.Submit(gpu.CommandList{{Copy: &gpu.Copy{Src: w, Dst: v, Size: 16}}}), `"texels"`, "copied")
	up := b.dispatch(b.pipeline("a[x] += 1u;", gpu.ReadWrite), 1, counts)
	up.Indirect = &gpu.BufferRange{Buffer: v}
	b.fails("counts", b.Submit(gpu.CommandList{up}), `"texels"`)

	p := b.fetch(gpu.Texels16)
	for doing, r := range map[string]gpu.BufferRange{
		"a part":           {Buffer: v, Size: 16},
		"the rest":         {Buffer: v, Offset: 256},
		"more than all":    {Buffer: v, Size: v.Size() + 16},
		"a storage buffer": {Buffer: w},
	} {
		_, err := b.NewBindGroup(p, "wrong group", []gpu.BufferRange{r, {Buffer: counts}})
		b.fails("binding "+doing, err, `"wrong group"`)
	}
	for _, access := range []gpu.Access{gpu.ReadOnly, gpu.ReadWrite, gpu.UniformAccess} {
		_, err := b.NewBindGroup(b.pipeline("", access), "wrong group", []gpu.BufferRange{{Buffer: v}})
		b.fails("binding as another kind", err, `"wrong group"`, `"texels"`)
	}
	_, err = b.NewPipeline(gpu.PipelineDesc{Label: "wrong", WGSL: shader("b[x] = a[x];", gpu.ReadOnly, gpu.ReadWrite), Entry: "main", Bindings: []gpu.Access{gpu.ReadTexels16, gpu.ReadWrite}})
	b.fails("an array for texels", err, `"wrong"`)
	_, err = b.NewPipeline(gpu.PipelineDesc{Label: "wrong", WGSL: shader("", gpu.ReadWrite), Entry: "main", Bindings: slices.Repeat([]gpu.Access{gpu.ReadTexels4}, 1000)})
	b.fails("too many textures", err, `"wrong"`)

	twice, err := b.NewBindGroup(b.pipeline("c[x] = textureLoad(a, vec2<u32>(x, 0u)).x + textureLoad(b, vec2<u32>(x, 0u)).x + 1u;",
		gpu.ReadTexels16, gpu.ReadTexels16, gpu.ReadWrite), "twice", []gpu.BufferRange{{Buffer: v}, {Buffer: v, Size: v.Size()}, {Buffer: w}})
	b.must(err)
	twice.Release()
	b.works()
}
