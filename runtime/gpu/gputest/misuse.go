package gputest

import (
	"math"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// fails checks that err is there and says each of the words.
func (b *bench) fails(doing string, err error, words ...string) {
	b.Helper()
	if err == nil {
		b.Errorf("%s: no error", doing)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			b.Errorf("%s: error %q does not mention %q", doing, err, w)
		}
	}
}

// works checks that the device still does its job, after an error.
func (b *bench) works() {
	b.Helper()
	p := b.pipeline("a[x] += 1u;", gpu.ReadWrite)
	v := b.words(41)
	b.submit(b.dispatch(p, 1, v))
	b.expect(v, 42)
	b.must(b.Wait(b.soon()))
	b.must(b.Err())
}

func testBufferErrors(t *testing.T, b *bench) {
	most := b.Caps().Limits.MaxBufferSize
	for _, size := range []int64{0, -1, math.MinInt64, most + 1, math.MaxInt64} {
		_, err := b.NewBuffer("wrong", size, gpu.Storage)
		b.fails("a wrong size", err, `"wrong"`)
	}
	for _, usage := range []gpu.Usage{0, 64, 255, gpu.Texels4 | gpu.Storage, gpu.Texels4 | gpu.Texels8} {
		_, err := b.NewBuffer("wrong", 4, usage)
		b.fails("a wrong usage", err, `"wrong"`)
	}
	if now, _ := b.MemoryUse(); now != 0 {
		t.Errorf("%d bytes in use after errors only", now)
	}

	v, err := b.NewBuffer("target", 16, gpu.Storage)
	b.must(err)
	for _, c := range []struct {
		off int64
		n   int
	}{{0, 0}, {0, 3}, {2, 4}, {-4, 4}, {16, 4}, {12, 8}, {0, 20}, {math.MaxInt64 - 3, 4}, {math.MinInt64, 4}} {
		b.fails("a wrong write", b.Write(v, c.off, make([]byte, c.n)), `"target"`)
		_, err := b.StartRead(v, c.off, int64(c.n))
		b.fails("a wrong read", err, `"target"`)
	}
	for _, n := range []int64{-4, math.MaxInt64 - 3, math.MinInt64} {
		_, err := b.StartRead(v, 4, n)
		b.fails("a wrong read", err, `"target"`)
	}
	b.fails("writing to nil", b.Write(nil, 0, make([]byte, 4)))
	_, err = b.StartRead(nil, 0, 4)
	b.fails("reading nil", err)
	b.works()
}

func testCopyErrors(t *testing.T, b *bench) {
	v, w := b.words(1, 2, 3, 4), b.words(5, 6)
	for doing, c := range map[string]gpu.Copy{
		"nothing":                     {Src: v, Dst: w},
		"a negative size":             {Src: v, Dst: w, Size: -4},
		"half a word":                 {Src: v, Dst: w, Size: 2},
		"from the middle of a word":   {Src: v, Dst: w, SrcOffset: 2, Size: 4},
		"to the middle of a word":     {Src: v, Dst: w, DstOffset: 2, Size: 4},
		"from past the end":           {Src: v, Dst: w, SrcOffset: 12, Size: 8},
		"to past the end":             {Src: v, Dst: w, DstOffset: 4, Size: 8},
		"from before the start":       {Src: v, Dst: w, SrcOffset: -4, Size: 4},
		"from far away":               {Src: v, Dst: w, SrcOffset: math.MaxInt64 - 3, Size: 4},
		"within a buffer":             {Src: v, Dst: v, DstOffset: 8, Size: 8},
		"within a buffer, overlapped": {Src: v, Dst: v, DstOffset: 4, Size: 8},
		"from nil":                    {Dst: w, Size: 4},
		"to nil":                      {Src: v, Size: 4},
	} {
		b.fails("copying "+doing, b.Submit(gpu.CommandList{{Copy: &c}}), "copy")
	}
	b.expect(v, 1, 2, 3, 4)
	b.expect(w, 5, 6)
	b.works()
}

func testShaderErrors(t *testing.T, b *bench) {
	rw := []gpu.Access{gpu.ReadWrite}
	good := shader("a[x] = 1u;", rw...)
	for _, c := range []struct {
		doing string
		desc  gpu.PipelineDesc
		words []string
	}{
		{"a syntax error", gpu.PipelineDesc{WGSL: "fn main( { }", Entry: "main"}, nil},
		{"a type error", gpu.PipelineDesc{WGSL: shader("a[x] = 1.5;", rw...), Entry: "main", Bindings: rw}, nil},
		{"an unknown name", gpu.PipelineDesc{WGSL: shader("a[x] = nosuchname;", rw...), Entry: "main", Bindings: rw}, []string{"nosuchname"}},
		{"no shader", gpu.PipelineDesc{Entry: "main"}, nil},
		{"another entry point", gpu.PipelineDesc{WGSL: good, Entry: "nosuchmain", Bindings: rw}, []string{"nosuchmain"}},
		{"no entry point", gpu.PipelineDesc{WGSL: good, Bindings: rw}, nil},
		{"a binding too few", gpu.PipelineDesc{WGSL: good, Entry: "main"}, nil},
		{"a binding of another kind", gpu.PipelineDesc{WGSL: good, Entry: "main", Bindings: []gpu.Access{gpu.ReadOnly}}, nil},
		{"an unknown access", gpu.PipelineDesc{WGSL: good, Entry: "main", Bindings: []gpu.Access{77}}, nil},
		{"too many bindings", gpu.PipelineDesc{WGSL: good, Entry: "main", Bindings: make([]gpu.Access, b.Caps().Limits.MaxStorageBuffers+1)}, nil},
		{"a workgroup too large", gpu.PipelineDesc{WGSL: strings.Replace(good, "size(1)", "size(65536)", 1), Entry: "main", Bindings: rw}, nil},
		{"a NUL", gpu.PipelineDesc{WGSL: good + "\x00 what follows would be lost", Entry: "main", Bindings: rw}, nil},
		{"no UTF-8", gpu.PipelineDesc{WGSL: good + "// \xff\xfe", Entry: "main", Bindings: rw}, nil},
	} {
		c.desc.Label = "wrong shader"
		_, err := b.NewPipeline(c.desc)
		b.fails(c.doing, err, append(c.words, `"wrong shader"`)...)
	}
	b.works()
}

func testBindingErrors(t *testing.T, b *bench) {
	l := b.Caps().Limits
	align := int64(l.StorageOffsetAlign)
	p := b.pipeline("b[x] = a[x]; c[x] = 1u;", gpu.ReadOnly, gpu.ReadWrite, gpu.ReadWrite)
	v, w, z := b.buffer(4*align, gpu.Storage), b.buffer(4*align, gpu.Storage), b.buffer(4*align, gpu.Storage)
	uniform := b.buffer(256, gpu.Uniform)
	ok := func() []gpu.BufferRange { return []gpu.BufferRange{{Buffer: v}, {Buffer: w}, {Buffer: z}} }
	for doing, change := range map[string]func(r []gpu.BufferRange) []gpu.BufferRange{
		"a buffer too few":          func(r []gpu.BufferRange) []gpu.BufferRange { return r[:2] },
		"a buffer too many":         func(r []gpu.BufferRange) []gpu.BufferRange { return append(r, gpu.BufferRange{Buffer: uniform}) },
		"no buffers":                func(r []gpu.BufferRange) []gpu.BufferRange { return nil },
		"a nil buffer":              func(r []gpu.BufferRange) []gpu.BufferRange { r[1].Buffer = nil; return r },
		"a uniform buffer":          func(r []gpu.BufferRange) []gpu.BufferRange { r[0].Buffer = uniform; return r },
		"an offset off the grid":    func(r []gpu.BufferRange) []gpu.BufferRange { r[0].Offset = 4; return r },
		"a negative offset":         func(r []gpu.BufferRange) []gpu.BufferRange { r[0].Offset = -align; return r },
		"an offset at the end":      func(r []gpu.BufferRange) []gpu.BufferRange { r[0].Offset = 4 * align; return r },
		"an offset past the end":    func(r []gpu.BufferRange) []gpu.BufferRange { r[0].Offset = 8 * align; return r },
		"a size past the end":       func(r []gpu.BufferRange) []gpu.BufferRange { r[0].Size = 4*align + 4; return r },
		"a negative size":           func(r []gpu.BufferRange) []gpu.BufferRange { r[0].Size = -4; return r },
		"a huge size":               func(r []gpu.BufferRange) []gpu.BufferRange { r[0].Offset, r[0].Size = align, math.MaxInt64-3; return r },
		"half a word":               func(r []gpu.BufferRange) []gpu.BufferRange { r[0].Size = 6; return r },
		"a buffer read and written": func(r []gpu.BufferRange) []gpu.BufferRange { r[1].Buffer = v; return r },
		"a buffer written twice":    func(r []gpu.BufferRange) []gpu.BufferRange { r[2].Buffer = w; return r },
	} {
		_, err := b.NewBindGroup(p, "wrong group", change(ok()))
		b.fails(doing, err, `"wrong group"`)
	}
	_, err := b.NewBindGroup(nil, "wrong group", ok())
	b.fails("no pipeline", err, `"wrong group"`)

	// Two parts of a buffer may be written at once.
	parts := ok()
	parts[1].Size, parts[2] = align, gpu.BufferRange{Buffer: w, Offset: align}
	_, err = b.NewBindGroup(p, "parts", parts)
	b.must(err)

	if most := l.MaxStorageBinding; most < 256<<20 && most+align <= l.MaxBufferSize {
		large := b.buffer(most+align, gpu.Storage)
		r := ok()
		r[0].Buffer = large
		_, err := b.NewBindGroup(p, "wrong group", r)
		b.fails("a binding over the limit", err, `"wrong group"`)
		r[0].Size = most
		_, err = b.NewBindGroup(p, "at the limit", r)
		b.must(err)
	}
	b.works()
}

func testSubmitErrors(t *testing.T, b *bench) {
	p, other := b.pipeline("a[x] += 1u;", gpu.ReadWrite), b.pipeline("a[x] += 2u;", gpu.ReadWrite)
	v := b.words(0, 0, 0)
	counts := b.buffer(16, gpu.Indirect|gpu.Storage)
	good := b.dispatch(p, 1, v)
	over := b.Caps().Limits.MaxWorkgroupsPerDim + 1
	for doing, change := range map[string]func(c *gpu.Command){
		"nothing at all":                func(c *gpu.Command) { *c = gpu.Command{} },
		"no pipeline":                   func(c *gpu.Command) { c.Pipeline = nil },
		"no bind group":                 func(c *gpu.Command) { c.BindGroup = nil },
		"another pipeline's bind group": func(c *gpu.Command) { c.Pipeline = other },
		"a grid too wide":               func(c *gpu.Command) { c.Grid = [3]uint32{over, 1, 1} },
		"a grid too high":               func(c *gpu.Command) { c.Grid = [3]uint32{1, over, 1} },
		"a grid too deep":               func(c *gpu.Command) { c.Grid = [3]uint32{1, 1, math.MaxUint32} },
		"indirect from nil":             func(c *gpu.Command) { c.Indirect = &gpu.BufferRange{} },
		"indirect from storage":         func(c *gpu.Command) { c.Indirect = &gpu.BufferRange{Buffer: v} },
		"indirect past the end":         func(c *gpu.Command) { c.Indirect = &gpu.BufferRange{Buffer: counts, Offset: 8} },
		"indirect off a word":           func(c *gpu.Command) { c.Indirect = &gpu.BufferRange{Buffer: counts, Offset: 2} },
		"indirect from before":          func(c *gpu.Command) { c.Indirect = &gpu.BufferRange{Buffer: counts, Offset: -4} },
		"indirect from what is written": func(c *gpu.Command) {
			*c = b.dispatch(p, 1, counts)
			c.Indirect = &gpu.BufferRange{Buffer: counts}
		},
	} {
		c := good
		change(&c)
		b.fails(doing, b.Submit(gpu.CommandList{c}))
	}
	b.works()
}

// testSubmitAllOrNothing: one wrong command keeps all of them from running.
func testSubmitAllOrNothing(t *testing.T, b *bench) {
	p := b.pipeline("a[x] += 1u;", gpu.ReadWrite)
	v := b.words(5)
	good := b.dispatch(p, 1, v)
	wrong := gpu.Command{Copy: &gpu.Copy{Src: v, Dst: v, Size: 4}}
	b.fails("a wrong command", b.Submit(gpu.CommandList{good}, gpu.CommandList{good, wrong, good}), "list 1, command 1")
	b.expect(v, 5)
	b.works()
}
