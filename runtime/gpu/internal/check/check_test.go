package check

import (
	"math"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

func TestBufferSize(t *testing.T) {
	limits := gpu.DefaultLimits()
	limits.MaxBufferSize = 1002 // of which 1000 can be had
	for _, c := range []struct {
		size, want int64
		usage      gpu.Usage
	}{
		{1, 4, gpu.Storage}, {4, 4, gpu.Uniform}, {5, 8, gpu.Indirect | gpu.Storage}, {1000, 1000, gpu.Storage},
		{0, 0, gpu.Storage}, {-4, 0, gpu.Storage}, {1001, 0, gpu.Storage}, {math.MaxInt64, 0, gpu.Storage},
		{4, 0, 0}, {4, 0, 64},
		{1, 16 << 10, gpu.Texels4}, {32 << 10, 32 << 10, gpu.Texels8}, {64<<10 + 1, 128 << 10, gpu.Texels16}, {512 << 20, 512 << 20, gpu.Texels16},
		{0, 0, gpu.Texels4}, {128<<20 + 1, 0, gpu.Texels4}, {math.MaxInt64, 0, gpu.Texels16},
		{4, 0, gpu.Texels4 | gpu.Storage}, {4, 0, gpu.Texels8 | gpu.Texels16},
	} {
		got, err := BufferSize(c.size, c.usage, limits)
		if got != c.want || (err == nil) != (c.want > 0) {
			t.Errorf("BufferSize(%d, %d) = %d, %v, want %d", c.size, c.usage, got, err, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		off, n, size int64
		ok           bool
	}{
		{0, 4, 4, true}, {4, 8, 12, true}, {8, 4, 12, true},
		{0, 0, 4, false}, {0, -4, 4, false}, {0, 8, 4, false}, {4, 4, 4, false}, {-4, 4, 8, false},
		{2, 4, 8, false}, {0, 6, 8, false},
		{math.MaxInt64 - 3, 4, 8, false}, {4, math.MaxInt64 - 3, 8, false}, {math.MinInt64, 4, 8, false},
	} {
		if err := Span(c.off, c.n, c.size); (err == nil) != c.ok {
			t.Errorf("Span(%d, %d, %d) = %v", c.off, c.n, c.size, err)
		}
	}
}

func TestWrite(t *testing.T) {
	for _, c := range []struct {
		off, n int64
		usage  gpu.Usage
		ok     bool
	}{
		{4, 8, gpu.Storage, true}, {4, 8, gpu.Texels4, true}, {4, 8, gpu.Texels8, false}, {8, 4, gpu.Texels8, false}, {8, 8, gpu.Texels8, true},
		{8, 16, gpu.Texels16, false}, {16, 8, gpu.Texels16, false}, {16, 16, gpu.Texels16, true}, {16, 32, gpu.Texels16, false},
	} {
		if err := Write(c.off, c.n, 32, c.usage); (err == nil) != c.ok {
			t.Errorf("Write(%d, %d, %d) = %v", c.off, c.n, c.usage, err)
		}
	}
}

type buffer struct {
	gpu.Buffer
	size int64
}

func (b *buffer) Size() int64   { return b.size }
func (b *buffer) Label() string { return "b" }

func TestBindings(t *testing.T) {
	limits := gpu.DefaultLimits()
	b, other := &buffer{size: 4096}, &buffer{size: 4096}
	at := func(b gpu.Buffer, off, size int64) Binding {
		return Resolve(gpu.BufferRange{Buffer: b, Offset: off, Size: size}, gpu.Storage)
	}
	texels := func(off, size int64) Binding {
		return Resolve(gpu.BufferRange{Buffer: b, Offset: off, Size: size}, gpu.Texels16)
	}
	const r, w, x = gpu.ReadOnly, gpu.ReadWrite, gpu.ReadTexels16
	for _, c := range []struct {
		what     string
		accesses []gpu.Access
		bindings []Binding
		ok       bool
	}{
		{"whole", []gpu.Access{r, w}, []Binding{at(b, 0, 0), at(other, 256, 0)}, true},
		{"read twice", []gpu.Access{r, r}, []Binding{at(b, 0, 0), at(b, 0, 0)}, true},
		{"written apart", []gpu.Access{w, w}, []Binding{at(b, 0, 256), at(b, 256, 256)}, true},
		{"written together", []gpu.Access{w, w}, []Binding{at(b, 0, 260), at(b, 256, 256)}, false},
		{"written together, the other way round", []gpu.Access{w, w}, []Binding{at(b, 256, 256), at(b, 0, 260)}, false},
		{"written and read apart", []gpu.Access{w, r}, []Binding{at(b, 0, 256), at(b, 256, 256)}, false},
		{"too few", []gpu.Access{r, w}, []Binding{at(b, 0, 0)}, false},
		{"uniform", []gpu.Access{gpu.UniformAccess}, []Binding{at(b, 0, 0)}, false},
		{"nothing left", []gpu.Access{r}, []Binding{at(b, 4096, 0)}, false},
		{"off the grid", []gpu.Access{r}, []Binding{at(b, 128, 0)}, false},
		{"too long", []gpu.Access{r}, []Binding{at(b, 256, 4096)}, false},
		{"half a word", []gpu.Access{r}, []Binding{at(b, 0, 6)}, false},
		{"texels", []gpu.Access{x, x}, []Binding{texels(0, 0), texels(0, 4096)}, true},
		{"part of the texels", []gpu.Access{x}, []Binding{texels(0, 2048)}, false},
		{"the rest of the texels", []gpu.Access{x}, []Binding{texels(2048, 0)}, false},
		{"texels as storage", []gpu.Access{r}, []Binding{texels(0, 0)}, false},
		{"storage as texels", []gpu.Access{x}, []Binding{at(b, 0, 0)}, false},
		{"over the limit", []gpu.Access{r}, []Binding{at(&buffer{size: 1 << 30}, 0, 0)}, false},
	} {
		if err := Bindings(c.accesses, c.bindings, limits); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
