package conformance

import (
	"math"

	"github.com/x448/float16"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// half is what vectors and kernels call 16-bit floats, two of which share a word.
const half = "f16"

// array is numbers on the device: a binding that is no weights.
type array struct {
	kind    string   // f32, f16 or u32
	words   []uint32 // before the run; those of an output, after it
	output  bool
	usage   gpu.Usage // beside storage
	uniform int64     // bytes that must be bound where it is a uniform buffer
	buffer  *memory.Buffer
}

// array returns an array of the words given.
func (b *batch) array(kind string, words []uint32) *array {
	a := &array{kind: kind, words: words}
	b.arrays = append(b.arrays, a)
	return a
}

// place plans the array's memory.
func (a *array) place(plan *memory.Plan) {
	usage := gpu.Storage | a.usage
	if a.uniform > 0 {
		usage |= gpu.Uniform
	}
	a.buffer = plan.New(memory.Activations, "array", max(int64(len(a.words))*wordBytes, a.uniform, wordBytes), usage)
}

// Range returns the memory of the whole array.
func (a *array) Range(b *kernel.Binding) memory.Range {
	if b.Uniform > 0 {
		return memory.Range{Buffer: a.buffer, Size: b.Uniform}
	}
	return a.buffer.All()
}

// reserve makes room for a uniform buffer of so many bytes; 0 for none.
func (a *array) reserve(bytes int64) { a.uniform = max(a.uniform, bytes) }

// from is an array from a word on, at a multiple of what a device can bind.
type from struct {
	*array
	word int
}

// bindable is the words that every device can bind a multiple of.
const bindable = 64

// Range returns the rest of the array's memory, or the whole of a uniform
// buffer.
func (f from) Range(b *kernel.Binding) memory.Range {
	at := int64(f.word) * wordBytes
	if b.Uniform > 0 {
		return memory.Range{Buffer: f.buffer, Offset: at, Size: b.Uniform}
	}
	return memory.Range{Buffer: f.buffer, Offset: at, Size: f.buffer.Size() - at}
}

func (f from) reserve(bytes int64) {
	if bytes > 0 {
		f.array.reserve(int64(f.word)*wordBytes + bytes)
	}
}

// numbers returns an array of float32 or halves, in rows of cols that are padded
// with zeros to stride.
func (b *batch) numbers(kind string, x []float64, cols, stride int) *array {
	a := b.zeros(kind, len(x)/cols*stride)
	for i, v := range x {
		a.set(i/cols*stride+i%cols, v)
	}
	return a
}

// floats returns an array of float32, as numbers does.
func (b *batch) floats(x []float64, cols, stride int) *array {
	return b.numbers("f32", x, cols, stride)
}

// integers returns an array of u32 or i32.
func (b *batch) integers(x []float64) *array {
	words := make([]uint32, len(x))
	for i, v := range x {
		words[i] = uint32(int64(v))
	}
	return b.array("u32", words)
}

// zeros returns an array of n numbers.
func (b *batch) zeros(kind string, n int) *array {
	if kind == half {
		n = (n + 1) / 2
	}
	return b.array(kind, make([]uint32, n))
}

// scratch returns an array of n float32, or of as many words, that are NaN until
// a kernel writes them.
func (b *batch) scratch(n int) *array {
	a := b.zeros("f32", n)
	for i := range n {
		a.set(i, math.NaN())
	}
	return a
}

// output returns a scratch array that is read back.
func (b *batch) output(n int) *array {
	a := b.scratch(n)
	a.output = true
	return a
}

// set sets number i.
func (a *array) set(i int, v float64) {
	if a.kind == half {
		a.words[i/2] |= uint32(float16.Fromfloat32(float32(v)).Bits()) << (i % 2 * 16)
		return
	}
	a.words[i] = math.Float32bits(float32(v))
}

// at returns number i.
func (a *array) at(i int) float64 {
	if a.kind == half {
		return float64(float16.Frombits(uint16(a.words[i/2] >> (i % 2 * 16))).Float32())
	}
	return float64(math.Float32frombits(a.words[i]))
}

// len returns how many numbers there is room for.
func (a *array) len() int {
	if a.kind == half {
		return 2 * len(a.words)
	}
	return len(a.words)
}

// rows returns the first cols numbers of each stride, as they are now.
func (a *array) rows(cols, stride int) (out []float64) {
	for begin := 0; begin+stride <= a.len(); begin += stride {
		for i := range cols {
			out = append(out, a.at(begin+i))
		}
	}
	return out
}

// counts returns the words as whole numbers.
func (a *array) counts() []float64 {
	out := make([]float64, len(a.words))
	for i, w := range a.words {
		out[i] = float64(w)
	}
	return out
}
