package interp

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

func equal(a, b []uint32) bool { return slices.Equal(a, b) }

// runCases are small kernels with the words that they leave in y. n is 6, x
// holds 0, 1, 2, …, f holds 0.5, 1.5, …; workgroups have 4 invocations.
var runCases = []struct {
	name string
	body string
	want []uint32
}{
	{"local", "y[local] = local", []uint32{0, 1, 2, 3}},
	{"let and parameters", "let a = n * 2 let b = a + local y[local] = b", []uint32{12, 13, 14, 15}},
	{"var", "var a = local a += 1 a *= 2 y[local] = a", []uint32{2, 4, 6, 8}},
	{"a let keeps what a var was", "var a = local let b = a a = 9 y[local] = b", []uint32{0, 1, 2, 3}},
	{"if", "var a = 5 if local < 2 { a = 1 } else { a = 2 } y[local] = a", []uint32{1, 1, 2, 2}},
	{"else if", "var a = 5 if local == 1 { a = 1 } else if local == 2 { a = 2 } y[local] = a", []uint32{5, 1, 2, 5}},
	{"uniform if", "var a = 5 if n > 5 { a = 1 } else { a = 2 } y[local] = a", []uint32{1, 1, 1, 1}},
	{"nested if", "var a = 0 if local > 0 { a = 1 if local > 1 { a = 2 if local > 2 { a = 3 } } a += 10 } y[local] = a", []uint32{0, 11, 12, 13}},
	{"uniform loop", "var a = 0 for i in 0 .. n { a += i } y[local] = a", []uint32{15, 15, 15, 15}},
	{"loop by", "var a = 0 for i in 1 .. n by 2 { a += i } y[local] = a", []uint32{9, 9, 9, 9}},
	{"divergent loop", "var a = 0 for i in local .. n { a += i } y[local] = a", []uint32{15, 15, 14, 12}},
	{"divergent end", "var a = 0 for i in 0 .. local { a += 1 for j in 0 .. i { a += 10 } } y[local] = a", []uint32{0, 1, 12, 33}},
	{"divergent step", "var a = 0 for i in 0 .. 12 by local + 1 { a += 1 } y[local] = a", []uint32{12, 6, 4, 3}},
	{"bounds are taken once", "var end = 3 var a = 0 for i in 0 .. end { end = 9 a += 1 } y[local] = a", []uint32{3, 3, 3, 3}},
	{"empty loop", "var a = 1 for i in n .. n { a = 2 } for i in n .. local { a = 3 } y[local] = a", []uint32{1, 1, 1, 1}},
	{"loop to the last", "var a = 0 for i in 0xfffffffe .. 0xffffffff { a += 1 } y[local] = a", []uint32{1, 1, 1, 1}},
	{"variables start anew", "for i in 0 .. 3 { var a: u32 a += local y[local] = a }", []uint32{0, 1, 2, 3}},
	{"arrays start anew", "for i in 0 .. 3 { var a: u32[4] a[local] += i + 1 y[local] = a[local] * 10 + a[3 - local] }", []uint32{30, 30, 30, 30}},
	{"scopes", "let a = 1 if local < 4 { let b = a + 1 y[local] = b } for i in 0 .. 1 { let b = 7 s[local] = b }", []uint32{2, 2, 2, 2}},
	{"registers are used again", "if local < 4 { let a = local * 3 let b = a + 1 s[local] = b } let c = local + 10 let d = local + 20 y[local] = c + d + s[local]", []uint32{31, 36, 41, 46}},
	{"array", "var a: u32[4] for i in 0 .. 4 { a[i] = i * 10 } y[local] = a[3 - local]", []uint32{30, 20, 10, 0}},
	{"array, constant index", "var a: u32[2] a[0] = local a[1] += a[0] * 2 y[local] = a[1]", []uint32{0, 2, 4, 6}},
	{"vector array", "var a: vec2<u32>[3] a[local % 3] = vec2u(local, 7) a[2].y += 1 let v = a[local % 3] y[local] = v.x * 10 + v.y", []uint32{7, 17, 28, 37}},
	{"vector array, dynamic lane", "var a: vec2<u32>[4] a[local] = vec2u(local, 7) y[local] = a[local][local % 2]", []uint32{0, 7, 2, 7}},
	{"vector array, dynamic element's lane", "var a: vec2<u32>[4] a[local].y = 5 a[local][0] = 1 y[local] = a[local].x * 10 + a[local].y", []uint32{15, 15, 15, 15}},
	{"vector", "var v = vec4u(1, 2, 3, 4) v.z = 9 v[local] += 100 y[local] = v.x + v.y * 2 + v.z * 4 + v.w * 8", []uint32{173, 273, 473, 873}},
	{"vectors and scalars", "let v = (vec2u(1, 2) * 10 + vec2u(local)) * 2 y[local] = v.x + v.y", []uint32{60, 64, 68, 72}},
	{"swizzle", "var v = vec4u(1, 2, 3, 4) v = v.wzyx let w = v.yx y[local] = v.x * 1000 + v.w * 100 + w.x * 10 + w.y", []uint32{4134, 4134, 4134, 4134}},
	{"swap", "var v = vec2u(local, 7) v = v.yx y[local] = v.x * 10 + v.y", []uint32{70, 71, 72, 73}},
	{"construct", "let v = vec4u(vec2u(1, 2), vec2u(local)) y[local] = v.x + v.y + v.z + v.w", []uint32{3, 5, 7, 9}},
	{"shared", "s[local] = local * local barrier y[local] = s[(local + 1) % 4]", []uint32{1, 4, 9, 0}},
	{"reduction", `s[local] = local + 1 barrier
		for i in 0 .. 2 { let half = 2 >> i if local < half { s[local] += s[local + half] } barrier }
		y[local] = s[0]`, []uint32{10, 10, 10, 10}},
	{"vector binding", "let v = q[local % 2] y[local] = v.x + v.w * 100 + q[1].y * 10000", []uint32{50300, 50704, 50300, 50704}},
	{"vector binding, dynamic lane", "y[local] = q[1][local]", []uint32{4, 5, 6, 7}},
	{"uniform binding", "let v = q[n - 5] for i in 0 .. 4 { if i == local { y[i] = v[i] + x[i] } }", []uint32{4, 6, 8, 10}},
	{"inout", "z[local] += local y[local] = z[local]", []uint32{100, 102, 104, 106}},
	{"signed", "let a = i32(local) - 2 y[local] = bits_u32(a / 2 + a % 2 * 10 + (a >> 1) * 100)", []uint32{0xffffff9b, 0xffffff92, 0, 10}},
	{"comparisons of signed", "let a = i32(local) - 2 y[local] = u32(a < 0) + u32(a <= -2) * 2 + u32(a > 0) * 4 + u32(a >= 0) * 8", []uint32{3, 1, 8, 12}},
	{"booleans", "let a = local < 2 var b = !a b = b == a || local == 3 y[local] = u32(b) + u32(a != b) * 2", []uint32{2, 2, 0, 3}},
	{"and is lazy", "var a = 0 if local < 2 && x[local * 5] == 5 { a = 1 } y[local] = a", []uint32{0, 1, 0, 0}},
	{"or is lazy", "var a = 0 if local >= 2 || x[local * 5] == 5 { a = 1 } y[local] = a", []uint32{0, 1, 1, 1}},
	{"and is lazy within and", "var a = 0 if local > 0 && (x[local] == 2 || local == 1 && x[local * 5] == 5) && x[6 - local] > 0 { a = 1 } y[local] = a", []uint32{0, 1, 1, 0}},
	{"uniform and is lazy", "var a = 0 if n > 9 && x[n] == 5 { a = 1 } if n < 9 || x[n] == 5 { a += 2 } y[local] = a", []uint32{2, 2, 2, 2}},
	{"uniform and then lanes", "var a = 0 if n > 5 && x[local] == 2 { a = 1 } y[local] = a", []uint32{0, 0, 1, 0}},
	{"select", "y[local] = select(local < 2, local, 9)", []uint32{0, 1, 9, 9}},
	{"select of vectors", "let v = select(local < 2, vec2u(1, 2), vec2u(3)) y[local] = v.x * 10 + v.y", []uint32{12, 12, 33, 33}},
	{"shuffle", "y[local] = shuffle_xor(local * 2, 3)", []uint32{6, 4, 2, 0}},
	{"shuffle of vectors", "let v = shuffle_xor(vec2u(local, 1), 1) y[local] = v.x * 10 + v.y", []uint32{11, 1, 31, 21}},
	{"shuffle in a branch", "y[local] = 9 if local >= 2 { y[local] = shuffle_xor(local, 1) }", []uint32{9, 9, 3, 2}},
	{"float", "y[local] = u32((f[local] + 0.5) * 4.0 / 2.0 - 1.0)", []uint32{1, 3, 5, 7}},
	{"float remainder", "y[local] = u32((f[local] * 3.0) % 2.0 * 10.0)", []uint32{15, 5, 15, 5}},
	{"mix of vector and scalar", "let v = vec2(f[local]) * 2.0 y[local] = u32(max(v, 3.0).x)", []uint32{3, 3, 5, 7}},
	{"whole numbers as floats", "var a: f32 = 3 a = a * 2 + 1 y[local] = u32(a)", []uint32{7, 7, 7, 7}},
	{"uniform floats", "let a = fma(f32(n), 2.0, 1.0) let b = select(n > 5, a, 0.0) let v = vec2(a, b) y[local] = u32(dot(v, v))", []uint32{338, 338, 338, 338}},
	{"negative", "let a = -f32(n) let b = -i32(n) y[local] = u32(-a) + bits_u32(-b)", []uint32{12, 12, 12, 12}},
	{"one invocation of four", `y[local] = 9 if local == 3 {
		let a = f[local] * 2.0 - 1.0
		let b = local & 1 | 4
		for i in 0 .. n by 6 { y[local] = u32(fma(a, 2.0, 1.0)) + b - (local >> 1) + (local << 2) + (local ^ 1) + select(local < 2, 5, 6) + local * 1 }
	}`, []uint32{9, 9, 9, 40}},
	{"one invocation, vectors", "s[local] = 1 if local == 3 { var v = vec2(f[local]) v *= 2.0 v -= 1.0 let b = (local < 3) != (local == 3) y[local] = u32(v.y) + u32(b) }", []uint32{0, 0, 0, 7}},
	{"workgroups", "y[local] = workgroups.x + workgroups.y * 10 + workgroups.z * 100 + workgroup.x", []uint32{111, 111, 111, 111}},
}

const runDecls = `shape n
in x: u32[n]
in f: f32[n]
in q: vec4<u32>[2]
out y: u32[4]
inout z: u32[4]
shared s: u32[4]
workgroup 4
grid 1`

func TestRun(t *testing.T) {
	for _, tt := range runCases {
		t.Run(tt.name, func(t *testing.T) {
			p := compile(t, kernel(runDecls, tt.body))
			for range 2 { // a machine that has run before gives the same
				y := make([]uint32, 4)
				err := p.Run(Call{
					Params: []uint32{6},
					Buffers: map[string][]uint32{
						"x": count(6), "f": f32s(0.5, 1.5, 2.5, 3.5, 4.5, 5.5), "q": count(8), "y": y, "z": {100, 101, 102, 103},
					},
					SubgroupSize: 4,
				})
				if err != nil {
					t.Fatal(err)
				}
				if !equal(y, tt.want) {
					t.Errorf("got %v, want %v", y, tt.want)
				}
			}
		})
	}
}

func TestGrid(t *testing.T) {
	p := compile(t, kernel("shape n, m\nout y: u32[n * m * 2]\nworkgroup 1\ngrid n, m, 2",
		"y[(workgroup.z * workgroups.y + workgroup.y) * workgroups.x + workgroup.x] = workgroup.x + workgroup.y * 10 + workgroup.z * 100"))
	y := make([]uint32, 12)
	if err := p.Run(Call{Params: []uint32{3, 2}, Buffers: map[string][]uint32{"y": y}}); err != nil {
		t.Fatal(err)
	}
	if want := []uint32{0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112}; !equal(y, want) {
		t.Errorf("got %v, want %v", y, want)
	}
	clear(y)
	if err := p.Run(Call{Params: []uint32{3, 2}, Grid: [3]uint32{2, 1, 1}, Buffers: map[string][]uint32{"y": y}}); err != nil {
		t.Fatal(err)
	}
	if want := []uint32{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}; !equal(y, want) {
		t.Errorf("with a grid of its own: got %v, want %v", y, want)
	}
}

// What the passes leave has types; what a parser gives has none.
func TestCompileNeedsTypes(t *testing.T) {
	f, err := syntax.Parse(fileName, []byte(kernel("workgroup 1\ngrid 1", "let a = 1 let b = -a let c = a + f(b) let d = a[1 .. +2] let e = nobody let g = min(local, local)\nreturn a")))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Compile(f.Decls[0].(*ir.Kernel))
	for _, want := range []string{"1 has no type", "-invalid has no meaning", "function f is not lowered", "*ir.Slice is not lowered", "nobody is no value", "min over invalid", "*ir.Return is not lowered"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}

func TestCallErrors(t *testing.T) {
	p := compile(t, kernel("shape n\nin x: vec2[n]\nin w: u32[n]\nout y: u32[n]\nworkgroup 2\ngrid 1", "y[local] = shuffle_xor(w[local], 1)"))
	buffer := make([]uint32, 4)
	good := func() Call {
		return Call{Params: []uint32{2}, Buffers: map[string][]uint32{"x": make([]uint32, 4), "w": buffer, "y": make([]uint32, 2)}, SubgroupSize: 2}
	}
	if err := p.Run(good()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		want string
		edit func(*Call)
	}{
		{"takes 1 parameter words, not 0", func(c *Call) { c.Params = nil }},
		{"no buffer for binding x", func(c *Call) { delete(c.Buffers, "x") }},
		{"binding x needs 6 words (3 elements of 2), its buffer has 4", func(c *Call) { c.Params[0] = 3 }},
		{"no binding for buffer v", func(c *Call) { c.Buffers["v"] = nil }},
		{"bindings w and y share a buffer that is written", func(c *Call) { c.Buffers["y"] = buffer }},
		{"subgroup size 0 is no power of two", func(c *Call) { c.SubgroupSize = 0 }},
		{"subgroup size 6 is no power of two", func(c *Call) { c.SubgroupSize = 6 }},
		{"too many workgroups", func(c *Call) { c.Grid = [3]uint32{1 << 16, 1 << 16, 1 << 16} }},
	} {
		call := good()
		tt.edit(&call)
		err := p.Run(call)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	call := good()
	call.Buffers["w"], call.Buffers["x"] = buffer, buffer
	if err := p.Run(call); err != nil {
		t.Errorf("bindings that are only read may share a buffer: %v", err)
	}
}

func TestCompileErrors(t *testing.T) {
	for _, tt := range []struct{ decls, body, want string }{
		{"in x: f32[4, 4]\nworkgroup 1\ngrid 1", "", "t.wk:2:4: binding x has 2 dimensions, not 1"},
		{"in x: vec2<f16>[4]\nworkgroup 1\ngrid 1", "", "t.wk:2:4: x can't hold vec2<f16>"},
		{"shared s: f32[4, 4]\nworkgroup 1\ngrid 1", "", "t.wk:2:8: shared array s needs one constant dimension"},
		{"shape n\nworkgroup n\ngrid 1", "", "t.wk:3:11: a workgroup must be a constant of 1 to 1024 invocations"},
		{"workgroup 1\ngrid 1", "var a: f32[2, 2]", "t.wk:5:1: array a has 2 dimensions, not 1"},
		{"workgroup 1\ngrid 1", "let a = sum(1.0, 1)", "t.wk:5:9: reduction sum is not lowered"},
		{"workgroup 1\ngrid 1", "unroll i in 0 .. 4 { }", "t.wk:5:1: an unrolled loop is not lowered"},
		{"workgroup 1\ngrid local", "", "t.wk:3:6: a size must follow from the parameters"},
	} {
		_, err := Compile(parse(t, kernel(tt.decls, tt.body)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

func TestProgramsRunConcurrently(t *testing.T) {
	p := compile(t, kernel("shape n\nout y: u32[n]\nworkgroup 8\ngrid ceildiv(n, 8)",
		"let i = workgroup.x * 8 + local if i < n { y[i] = i * n }"))
	var wg sync.WaitGroup
	for n := range 32 {
		wg.Go(func() {
			y := make([]uint32, n)
			if err := p.Run(Call{Params: []uint32{uint32(n)}, Buffers: map[string][]uint32{"y": y}}); err != nil {
				t.Error(err)
			}
			for i := range y {
				if y[i] != uint32(i*n) {
					t.Errorf("n = %d: y[%d] = %d", n, i, y[i])
				}
			}
		})
	}
	wg.Wait()
}
