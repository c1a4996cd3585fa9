package interp

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/ir"
)

var inf = math.Inf(1)

// edges32 are values where float arithmetic has corners.
var edges32 = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.1, -0.1, 3, 7, 1e-3, 88, -104, 1000, -1000,
	1 << 23, 1<<23 + 1, 1<<24 - 1, 1 << 31, -1 << 31, 1<<32 - 256, 1 << 32, 1e20, -1e20, math.MaxFloat32, -math.MaxFloat32,
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1.1754944e-38, 5.9604645e-8, 65504, 65519, 65520, 6.1e-5,
	float32(inf), float32(-inf), float32(math.NaN()),
}

var edges = []uint32{0, 1, 2, 3, 7, 31, 1 << 15, 1<<16 - 1, 1<<31 - 2, 1<<31 - 1, 1 << 31, 1<<31 + 1, math.MaxUint32 - 1, math.MaxUint32}

// evaluate computes an expression over a, b and c, one triple of words an
// invocation, of the named scalar type; the expression must be u32. It does so
// with all invocations of a workgroup active, and with every eighth.
func evaluate(t *testing.T, typ, expr string, a, b, c []uint32) []uint32 {
	t.Helper()
	var ys [2][]uint32
	for i, each := range []int{1, 8} {
		p := compile(t, kernel(fmt.Sprintf("shape n\nin a: %[1]s[n]\nin b: %[1]s[n]\nin c: %[1]s[n]\nout y: u32[n]\nworkgroup 64\ngrid ceildiv(n, %[2]d)", typ, 64/each),
			fmt.Sprintf("let i = workgroup.x * %d + local / %[2]d if local %% %[2]d == 0 && i < n { let a = a[i] let b = b[i] let c = c[i] y[i] = %[3]s }", 64/each, each, expr)))
		ys[i] = make([]uint32, len(a))
		if err := p.Run(Call{Params: []uint32{uint32(len(a))}, Buffers: map[string][]uint32{"a": a, "b": b, "c": c, "y": ys[i]}}); err != nil {
			t.Fatal(err)
		}
	}
	if !equal(ys[0], ys[1]) {
		t.Errorf("%s differs between full and sparse workgroups", expr)
	}
	return ys[0]
}

// triples returns the words of all pairs of edges, with random third words,
// and of random values.
func triples(edges []uint32, random func(*rand.Rand) uint32) (a, b, c []uint32) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, x := range edges {
		for _, y := range edges {
			a, b, c = append(a, x), append(b, y), append(c, edges[r.IntN(len(edges))])
		}
	}
	for range 2000 {
		a, b, c = append(a, random(r)), append(b, random(r)), append(c, random(r))
	}
	return a, b, c
}

func randomFloat(r *rand.Rand) uint32 {
	if r.IntN(2) == 0 {
		return r.Uint32() // any exponent
	}
	return math.Float32bits(float32(r.NormFloat64() * 10))
}

func is32(x float32) bool { return x != x }

// in64 rounds the result of a float64 function.
func in64(f func(float64) float64) func(a, b, c float32) float32 {
	return func(a, _, _ float32) float32 { return float32(f(float64(a))) }
}

func TestFloatBuiltins(t *testing.T) {
	a, b, c := triples(f32s(edges32...), randomFloat)
	for _, tt := range []struct {
		expr string
		want func(a, b, c float32) float32
	}{
		{"a + b", func(a, b, _ float32) float32 { return a + b }},
		{"a - b", func(a, b, _ float32) float32 { return a - b }},
		{"a * b", func(a, b, _ float32) float32 { return a * b }},
		{"a / b", func(a, b, _ float32) float32 { return a / b }},
		{"a % b", func(a, b, _ float32) float32 { return float32(math.Mod(float64(a), float64(b))) }},
		{"a * b + c", func(a, b, c float32) float32 { return float32(a*b) + c }},
		{"-a", func(a, _, _ float32) float32 { return -a }},
		{"abs(a)", in64(math.Abs)},
		{"min(a, b)", func(a, b, _ float32) float32 {
			if is32(a) || b < a {
				return b
			}
			return a
		}},
		{"max(a, b)", func(a, b, _ float32) float32 {
			if is32(a) || b > a {
				return b
			}
			return a
		}},
		{"clamp(a, -1.5, 2.5)", func(a, _, _ float32) float32 {
			if is32(a) {
				return -1.5
			}
			return min(max(a, -1.5), 2.5)
		}},
		{"floor(a)", in64(math.Floor)},
		{"ceil(a)", in64(math.Ceil)},
		{"round(a)", in64(math.RoundToEven)},
		{"sqrt(a)", in64(math.Sqrt)},
		{"rsqrt(a)", in64(func(x float64) float64 { return 1 / math.Sqrt(x) })},
		{"exp(a)", in64(math.Exp)},
		{"log(a)", in64(math.Log)},
		{"sin(a)", in64(math.Sin)},
		{"cos(a)", in64(math.Cos)},
		{"tanh(a)", in64(math.Tanh)},
		{"pow(a, b)", func(a, b, _ float32) float32 {
			if a < 0 {
				return float32(math.NaN())
			}
			return float32(math.Pow(float64(a), float64(b)))
		}},
		{"fma(a, b, c)", exactFMA},
		{"select(a < b, a, c)", func(a, b, c float32) float32 {
			if a < b {
				return a
			}
			return c
		}},
		{"dot(vec2(a, b), vec2(c, a))", func(a, b, c float32) float32 { return float32(a*c) + float32(b*a) }},
		{"vec4(a, b, c, 1.0).z", func(_, _, c float32) float32 { return c }},
		{"bits_f32(bits_i32(a))", func(a, _, _ float32) float32 { return a }},
	} {
		got := floats32(evaluate(t, "f32", "bits_u32("+tt.expr+")", a, b, c))
		bad := 0
		for i, g := range got {
			x, y, z := math.Float32frombits(a[i]), math.Float32frombits(b[i]), math.Float32frombits(c[i])
			w := tt.want(x, y, z)
			if math.Float32bits(g) != math.Float32bits(w) && !(is32(g) && is32(w)) {
				if bad++; bad <= 5 {
					t.Errorf("%s with %g, %g, %g: got %g, want %g", tt.expr, x, y, z, g, w)
				}
			}
		}
	}
}

// exactFMA rounds the exact result once.
func exactFMA(a, b, c float32) float32 {
	for _, x := range []float32{a, b, c} {
		if is32(x) || math.IsInf(float64(x), 0) {
			return float32(float64(a)*float64(b) + float64(c))
		}
	}
	var x, y, z, sum big.Float
	x.SetFloat64(float64(a)).SetPrec(600)
	y.SetFloat64(float64(b)).SetPrec(600)
	z.SetFloat64(float64(c)).SetPrec(600)
	x.Mul(&x, &y)
	if sum.SetPrec(600).Add(&x, &z).Sign() == 0 {
		return float32(float64(a)*float64(b) + float64(c)) // the sign of zero
	}
	f, _ := sum.Float32()
	return f
}

// Adding to a product rounded to float64 would make a tie of what is none.
func TestFMARoundsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200000 {
		a, b := math.Float32frombits(r.Uint32()&0x7fffff|0x3f800000), math.Float32frombits(r.Uint32()&0x7fffff|0x3f800000)
		c := math.Float32frombits(r.Uint32()&0x80ffffff | r.Uint32N(80)<<23 | 0x20000000)
		got := math.Float32frombits(fmaF(math.Float32bits(a), math.Float32bits(b), math.Float32bits(c)))
		if want := exactFMA(a, b, c); got != want {
			t.Fatalf("fma(%g, %g, %g): got %g, want %g", a, b, c, got, want)
		}
	}
	a, b, c := float32(1+0x1p-12), float32(1+0x1p-12), float32(0x1p-80) // a*b lies between two float32
	if got, want := math.Float32frombits(fmaF(word(a), word(b), word(c))), float32(1+0x1p-11+0x1p-23); got != want {
		t.Errorf("got %b, want %b", got, want)
	}
}

func TestFloatConversions(t *testing.T) {
	a, b, c := triples(f32s(edges32...), randomFloat)
	for _, tt := range []struct {
		expr string
		want func(a, b float32) uint32
	}{
		{"u32(a)", func(a, _ float32) uint32 {
			if is32(a) {
				return 0
			}
			return uint32(min(max(float64(a), 0), math.MaxUint32))
		}},
		{"bits_u32(i32(a))", func(a, _ float32) uint32 {
			if is32(a) {
				return 0
			}
			return uint32(int32(min(max(float64(a), math.MinInt32), math.MaxInt32)))
		}},
		{"u32(a == b) + u32(a != b) * 2 + u32(a < b) * 4 + u32(a <= b) * 8 + u32(a > b) * 16 + u32(a >= b) * 32", func(a, b float32) uint32 {
			return truth(a == b) + truth(a != b)*2 + truth(a < b)*4 + truth(a <= b)*8 + truth(a > b)*16 + truth(a >= b)*32
		}},
		{"pack_f16(vec2(a, b))", func(a, b float32) uint32 { return halfOf(a) | halfOf(b)<<16 }},
	} {
		for i, g := range evaluate(t, "f32", tt.expr, a, b, c) {
			x, y := math.Float32frombits(a[i]), math.Float32frombits(b[i])
			if w := tt.want(x, y); g != w && !is32(x) && !is32(y) {
				t.Errorf("%s with %g, %g: got %#x, want %#x", tt.expr, x, y, g, w)
				break
			}
		}
	}
}

// halfOf rounds by the definition of the format: to a multiple of 2^-24, or of
// 2^-10 of the value's power of two.
func halfOf(x float32) uint32 {
	sign := math.Float32bits(x) >> 31 << 15
	m := math.Abs(float64(x))
	if m < 0x1p-14 {
		return sign + uint32(math.RoundToEven(m*0x1p24))
	}
	_, e := math.Frexp(m)
	r := math.RoundToEven(math.Ldexp(m, 11-e)) // 1024 to 2048
	if bits := uint32(e+13)<<10 + uint32(r); bits < 0x7c00 && !math.IsInf(m, 0) {
		return sign + bits
	}
	return sign + 0x7c00
}

func TestUnpackHalf(t *testing.T) {
	words := make([]uint32, 1<<15)
	for i := range words {
		words[i] = uint32(i) | uint32(i+1<<15)<<16
	}
	low := floats32(evaluate(t, "u32", "bits_u32(unpack_f16(a).x)", words, words, words))
	high := floats32(evaluate(t, "u32", "bits_u32(unpack_f16(a).y)", words, words, words))
	back := evaluate(t, "u32", "pack_f16(unpack_f16(a))", words, words, words)
	for i := range words {
		want := math.Ldexp(float64(i&0x3ff), -24)
		switch e := i >> 10; {
		case e == 31 && i&0x3ff == 0:
			want = inf
		case e == 31:
			if !is32(low[i]) || !is32(high[i]) {
				t.Fatalf("half %#x is not NaN", i)
			}
			continue
		case e > 0:
			want = math.Ldexp(float64(i&0x3ff|0x400), e-25)
		}
		if low[i] != float32(want) || high[i] != -low[i] || back[i] != words[i] {
			t.Fatalf("half %#x: got %g and %g, want %g; packed again %#x, want %#x", i, low[i], high[i], want, back[i], words[i])
		}
	}
}

// TestHalfArithmetic: results in f16 are the exact ones, rounded once.
func TestHalfArithmetic(t *testing.T) {
	halves := make([]uint32, 1<<16)
	for i := range halves {
		halves[i] = uint32(i)
	}
	a, b, _ := triples([]uint32{0, 1, 0x3ff, 0x400, 0x3c00, 0x3c01, 0x7bff, 0x8000, 0xbc00, 0xfbff, 0x7c00, 0xfc00}, func(r *rand.Rand) uint32 { return r.Uint32() & 0xffff })
	a, b = append(a, halves...), append(b, halves...)
	operands := strings.NewReplacer("X", "f16(unpack_f16(a).x)", "Y", "f16(unpack_f16(b).x)")
	for i := range halves {
		b[len(b)-1-i] = uint32(i*40503) & 0xffff
	}
	for _, tt := range []struct {
		expr string
		want func(a, b float64) float64
	}{
		{"X + Y", func(a, b float64) float64 { return a + b }},
		{"X - Y", func(a, b float64) float64 { return a - b }},
		{"X * Y", func(a, b float64) float64 { return a * b }},
		{"X / Y", func(a, b float64) float64 { return a / b }},
		{"-X", func(a, _ float64) float64 { return -a }},
		{"abs(X)", func(a, _ float64) float64 { return math.Abs(a) }},
		{"max(X, 0.25)", func(a, _ float64) float64 { return max(a, 0.25) }},
		{"min(X, 3)", func(a, _ float64) float64 { return min(a, 3) }},
		{"round(X)", func(a, _ float64) float64 { return math.RoundToEven(a) }},
		{"sqrt(abs(X))", func(a, _ float64) float64 { return math.Sqrt(math.Abs(a)) }},
		{"X * 0.1", func(a, _ float64) float64 { return a * 0x1.998p-4 }}, // the f16 nearest to 0.1
		{"f16(f32(X) * 3.0)", func(a, _ float64) float64 { return a * 3 }},
		{"f16(i32(clamp(X, -1000.0, 1000.0)))", func(a, _ float64) float64 { return math.Trunc(min(max(a, -1000), 1000)) + 0 }}, // no -0,
		{"select(X < Y, X, Y)", func(a, b float64) float64 {
			if a < b {
				return a
			}
			return b
		}},
		{"dot(vec2h(X, Y), vec2h(2.0, 1.0))", func(a, b float64) float64 { return value16(halfOf(float32(2*a))) + b }},
	} {
		for i, got := range evaluate(t, "u32", "pack_f16(vec2(f32("+operands.Replace(tt.expr)+"), 0.0))", a, b, b) {
			x, y := value16(a[i]), value16(b[i])
			want := halfOf(float32(tt.want(x, y))) // exact in float32, or rounded such that rounding again does no harm
			if x == x && y == y && got != want && !(got&0x7fff > 0x7c00 && is64(tt.want(x, y))) {
				t.Errorf("%s with %g, %g: got %#x, want %#x", tt.expr, x, y, got, want)
				break
			}
		}
	}
}

func is64(x float64) bool { return x != x }

// value16 is the number that a half's bits mean.
func value16(h uint32) float64 { return float64(math.Float32frombits(unpackLow(h))) }

func TestUnsignedBuiltins(t *testing.T) {
	a, b, c := triples(edges, (*rand.Rand).Uint32)
	for _, tt := range []struct {
		expr string
		want func(a, b, c uint32) uint32
	}{
		{"a + b", func(a, b, _ uint32) uint32 { return a + b }},
		{"a - b", func(a, b, _ uint32) uint32 { return a - b }},
		{"a * b", func(a, b, _ uint32) uint32 { return a * b }},
		{"a / max(b, 1)", func(a, b, _ uint32) uint32 { return a / max(b, 1) }},
		{"a % max(b, 1)", func(a, b, _ uint32) uint32 { return a % max(b, 1) }},
		{"a & b | c ^ ~a", func(a, b, c uint32) uint32 { return a&b | c ^ ^a }},
		{"a << (b % 32)", func(a, b, _ uint32) uint32 { return a << (b % 32) }},
		{"a >> (b % 32)", func(a, b, _ uint32) uint32 { return a >> (b % 32) }},
		{"abs(a)", func(a, _, _ uint32) uint32 { return a }},
		{"min(a, b)", func(a, b, _ uint32) uint32 { return min(a, b) }},
		{"max(a, b)", func(a, b, _ uint32) uint32 { return max(a, b) }},
		{"clamp(a, b, c)", func(a, b, c uint32) uint32 { return min(max(a, b), c) }},
		{"ceildiv(a, max(b, 1))", func(a, b, _ uint32) uint32 { return (a + max(b, 1) - 1) / max(b, 1) }},
		{"count_ones(a)", func(a, _, _ uint32) uint32 { return uint32(bits.OnesCount32(a)) }},
		{"bits_u32(f32(a))", func(a, _, _ uint32) uint32 { return math.Float32bits(float32(a)) }},
		{"bits_u32(f32(a < b))", func(a, b, _ uint32) uint32 { return math.Float32bits(float32(truth(a < b))) }},
		{"u32(i32(a))", func(a, _, _ uint32) uint32 { return a }},
		{"bits_u32(dot_i8(a, b))", func(a, b, _ uint32) uint32 {
			return uint32(int(int8(a))*int(int8(b)) + int(int8(a>>8))*int(int8(b>>8)) + int(int8(a>>16))*int(int8(b>>16)) + int(int8(a>>24))*int(int8(b>>24)))
		}},
		{"u32(a == b) + u32(a != b) * 2 + u32(a < b) * 4 + u32(a <= b) * 8 + u32(a > b) * 16 + u32(a >= b) * 32", func(a, b, _ uint32) uint32 {
			return truth(a == b) + truth(a != b)*2 + truth(a < b)*4 + truth(a <= b)*8 + truth(a > b)*16 + truth(a >= b)*32
		}},
	} {
		for i, g := range evaluate(t, "u32", tt.expr, a, b, c) {
			if w := tt.want(a[i], b[i], c[i]); g != w {
				t.Errorf("%s with %d, %d, %d: got %d, want %d", tt.expr, a[i], b[i], c[i], g, w)
				break
			}
		}
	}
}

func TestSignedBuiltins(t *testing.T) {
	a, b, c := triples(edges, (*rand.Rand).Uint32)
	positive := func(b int32) int32 { return max(b, 1) }
	for _, tt := range []struct {
		expr string
		want func(a, b, c int32) int32
	}{
		{"-a", func(a, _, _ int32) int32 { return -a }},
		{"~a", func(a, _, _ int32) int32 { return ^a }},
		{"a * b - c", func(a, b, c int32) int32 { return a*b - c }},
		{"a / max(b, 1)", func(a, b, _ int32) int32 { return a / positive(b) }},
		{"a % max(b, 1)", func(a, b, _ int32) int32 { return a % positive(b) }},
		{"a / (b | 1)", func(a, b, _ int32) int32 { return a / (b | 1) }},
		{"a % (b | 1)", func(a, b, _ int32) int32 { return a % (b | 1) }},
		{"ceildiv(a, max(b, 1))", func(a, b, _ int32) int32 { return (a + positive(b) - 1) / positive(b) }},
		{"a >> (bits_u32(b) % 32)", func(a, b, _ int32) int32 { return a >> (uint32(b) % 32) }},
		{"a << (bits_u32(b) % 32)", func(a, b, _ int32) int32 { return a << (uint32(b) % 32) }},
		{"abs(a)", func(a, _, _ int32) int32 { return max(a, -a) }},
		{"min(a, b)", func(a, b, _ int32) int32 { return min(a, b) }},
		{"max(a, b)", func(a, b, _ int32) int32 { return max(a, b) }},
		{"clamp(a, b, c)", func(a, b, c int32) int32 { return min(max(a, b), c) }},
		{"bits_i32(f32(a))", func(a, _, _ int32) int32 { return int32(math.Float32bits(float32(a))) }},
		{"i32(a < b) + i32(a <= b) * 2 + i32(a > b) * 4 + i32(a >= b) * 8", func(a, b, _ int32) int32 {
			return int32(truth(a < b) + truth(a <= b)*2 + truth(a > b)*4 + truth(a >= b)*8)
		}},
	} {
		for i, g := range evaluate(t, "i32", "bits_u32("+tt.expr+")", a, b, c) {
			x, y, z := int32(a[i]), int32(b[i]), int32(c[i])
			if w := tt.want(x, y, z); int32(g) != w {
				t.Errorf("%s with %d, %d, %d: got %d, want %d", tt.expr, x, y, z, int32(g), w)
				break
			}
		}
	}
}

// x / 0 is x and x % 0 is 0; counts of shifts use five bits.
func TestDefinedDefects(t *testing.T) {
	for _, tt := range []struct {
		f          func(x, y uint32) uint32
		x, y, want uint32
		name       string
	}{
		{name: "div", f: div, x: 7, y: 0, want: 7},
		{name: "mod", f: mod, x: 7, y: 0, want: 0},
		{name: "divI", f: divI, x: 7, y: 0, want: 7},
		{name: "modI", f: modI, x: 7, y: 0, want: 0},
		{name: "divI", f: divI, x: signBit, y: math.MaxUint32, want: signBit},
		{name: "modI", f: modI, x: signBit, y: math.MaxUint32, want: 0},
		{name: "shl", f: shl, x: 1, y: 33, want: 2},
		{name: "shr", f: shr, x: 4, y: 33, want: 2},
		{name: "shrI", f: shrI, x: signBit, y: 63, want: math.MaxUint32},
	} {
		if got := tt.f(tt.x, tt.y); got != tt.want {
			t.Errorf("%s(%d, %d): got %d, want %d", tt.name, tt.x, tt.y, got, tt.want)
		}
	}
}

// Every builtin of the language is known, but for the reductions.
func TestBuiltinsAreKnown(t *testing.T) {
	for name, b := range ir.Builtins {
		known := false
		switch b.Kind {
		case ir.FloatMap, ir.NumberMap, ir.IntegerMap:
			scalar := ir.F32
			if b.Kind == ir.IntegerMap {
				scalar = ir.I32
			}
			_, known2 := function2(name, scalar)
			_, known3 := function3(name, scalar)
			known = function1(name, scalar) != nil || known2 || known3
		case ir.Special:
			known = name == "dot" || name == "dot_i8" || name == "select" || name == "unpack_f16" || name == "pack_f16"
		default:
			known = true
		}
		if !known {
			t.Errorf("%s is unknown", name)
		}
	}
}
