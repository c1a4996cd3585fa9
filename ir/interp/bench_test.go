package interp

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// gemv is a matrix times a vector, with rows shared by the invocations of a
// workgroup and a tree of additions: what most variants look like.
func gemv(group int) string {
	var tree strings.Builder
	for half := group / 2; half > 0; half /= 2 {
		fmt.Fprintf(&tree, "if local < %d { s[local] += s[local + %[1]d] }\nbarrier\n", half)
	}
	return kernel(fmt.Sprintf("shape rows, cols\nin w: vec4[rows * cols]\nin x: vec4[cols]\nout y: f32[rows]\nshared s: f32[%d]\nworkgroup %[1]d\ngrid rows", group),
		fmt.Sprintf("var acc: vec4\nfor c in local .. cols by %d { acc += w[workgroup.x * cols + c] * x[c] }\ns[local] = dot(acc, vec4(1.0))\nbarrier\n%sif local == 0 { y[workgroup.x] = s[0] }", group, tree.String()))
}

func gemvCall(rows, cols int) Call {
	w, x := make([]uint32, rows*cols*4), make([]uint32, cols*4)
	for i := range w {
		w[i] = math.Float32bits(float32(i%7) - 3)
	}
	for i := range x {
		x[i] = math.Float32bits(float32(i%5) - 2)
	}
	return Call{Params: []uint32{uint32(rows), uint32(cols)}, Buffers: map[string][]uint32{"w": w, "x": x, "y": make([]uint32, rows)}}
}

func TestGemv(t *testing.T) {
	const rows, cols = 7, 100
	call := gemvCall(rows, cols)
	if err := compile(t, gemv(64)).Run(call); err != nil {
		t.Fatal(err)
	}
	w, x := floats32(call.Buffers["w"]), floats32(call.Buffers["x"])
	for r, got := range floats32(call.Buffers["y"]) {
		want := float32(0) // small integers: exact in any order
		for i := range x {
			want += w[r*len(x)+i] * x[i]
		}
		if got != want {
			t.Errorf("row %d: got %g, want %g", r, got, want)
		}
	}
}

// The lane operations of gemv are counted as source operations: for each vec4,
// two loads of four words, four multiplications, four additions.
func BenchmarkGemv(b *testing.B) {
	const rows, cols = 256, 256
	for _, group := range []int{32, 256} {
		for _, unwatched := range []bool{false, true} {
			b.Run(fmt.Sprintf("group=%d/unwatched=%v", group, unwatched), func(b *testing.B) {
				p, call := compile(b, gemv(group)), gemvCall(rows, cols)
				call.Unwatched = unwatched
				b.ReportAllocs()
				for b.Loop() {
					if err := p.Run(call); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)*rows*cols*16/b.Elapsed().Seconds()/1e6, "Mop/s")
			})
		}
	}
}

// Arithmetic alone, with half of the invocations active or all of them.
func BenchmarkArithmetic(b *testing.B) {
	const iterations = 1000
	for _, active := range []int{64, 32} {
		b.Run(fmt.Sprintf("active=%d", active), func(b *testing.B) {
			p := compile(b, kernel("out y: f32[64]\nworkgroup 64\ngrid 1", fmt.Sprintf(`
				var a = f32(local)
				var n = local
				if local < %d { for i in 0 .. %d {
					a = fma(a, 0.5, 1.0) + a * 0.25
					n = (n * 5 + i) & 0xffff
				} }
				y[local] = a + f32(n)`, active, iterations)))
			call := Call{Buffers: map[string][]uint32{"y": make([]uint32, 64)}}
			for b.Loop() {
				if err := p.Run(call); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(active)*iterations*6/b.Elapsed().Seconds()/1e6, "Mop/s")
		})
	}
}

// Shared memory, under watch and not.
func BenchmarkShared(b *testing.B) {
	const iterations = 1000
	for _, unwatched := range []bool{false, true} {
		b.Run(fmt.Sprintf("unwatched=%v", unwatched), func(b *testing.B) {
			p := compile(b, kernel("out y: u32[64]\nshared s: u32[64]\nworkgroup 64\ngrid 1", fmt.Sprintf(`
				for i in 0 .. %d { s[local] = i barrier y[local] = s[63 - local] barrier }`, iterations)))
			call := Call{Buffers: map[string][]uint32{"y": make([]uint32, 64)}, Unwatched: unwatched}
			for b.Loop() {
				if err := p.Run(call); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*64*iterations*3/b.Elapsed().Seconds()/1e6, "Maccess/s")
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	k := parse(b, gemv(64))
	for b.Loop() {
		if _, err := Compile(k); err != nil {
			b.Fatal(err)
		}
	}
}
