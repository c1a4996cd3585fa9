package ir

// Builtin describes a function that the language itself has.
type Builtin struct {
	Name  string
	Arity int // -1: constructors, which take one value or one a lane
	Kind  BuiltinKind
	WGSL  string // its name in WGSL, where a plain call serves
}

// BuiltinKind groups builtins by how their types follow from their arguments.
type BuiltinKind uint8

// The kinds. T is a scalar or vector type.
const (
	FloatMap   BuiltinKind = iota // f(T…) T over f32, f16
	NumberMap                     // f(T…) T over f32, f16, u32, i32
	IntegerMap                    // f(T…) T over u32, i32
	Convert                       // f32(T), f16(T), u32(T), i32(T): lane by lane
	Construct                     // vec4(x), vec4(a, b, c, d), vec4(vec2, vec2)
	Bitcast                       // bits_f32(T), bits_u32(T), bits_i32(T)
	Special                       // typed one by one
	Reduction                     // f(T, width): over invocations, lowered by a pass
	Shuffle                       // f(T, mask): value of the invocation local ^ mask, within a subgroup
)

// Builtins are the language's own functions by name. sum, maximum and minimum combine
// the values of width neighbouring invocations (those with equal
// local / width), and give each of them the result.
var Builtins = map[string]*Builtin{}

func init() {
	for _, b := range []Builtin{
		{"abs", 1, NumberMap, "abs"},
		{"min", 2, NumberMap, "min"},
		{"max", 2, NumberMap, "max"},
		{"clamp", 3, NumberMap, "clamp"},
		{"ceildiv", 2, IntegerMap, ""}, // (a + b - 1) / b
		{"floor", 1, FloatMap, "floor"},
		{"ceil", 1, FloatMap, "ceil"},
		{"round", 1, FloatMap, "round"}, // ties to even
		{"sqrt", 1, FloatMap, "sqrt"},
		{"rsqrt", 1, FloatMap, "inverseSqrt"},
		{"exp", 1, FloatMap, "exp"},
		{"log", 1, FloatMap, "log"},
		{"pow", 2, FloatMap, "pow"},
		{"sin", 1, FloatMap, "sin"},
		{"cos", 1, FloatMap, "cos"},
		{"tanh", 1, FloatMap, "tanh"},
		{"fma", 3, FloatMap, "fma"},
		{"f32", 1, Convert, "f32"},
		{"f16", 1, Convert, "f16"},
		{"u32", 1, Convert, "u32"},
		{"i32", 1, Convert, "i32"},
		{"vec2", -1, Construct, "vec2<f32>"},
		{"vec3", -1, Construct, "vec3<f32>"},
		{"vec4", -1, Construct, "vec4<f32>"},
		{"vec2h", -1, Construct, "vec2<f16>"},
		{"vec3h", -1, Construct, "vec3<f16>"},
		{"vec4h", -1, Construct, "vec4<f16>"},
		{"vec2u", -1, Construct, "vec2<u32>"},
		{"vec3u", -1, Construct, "vec3<u32>"},
		{"vec4u", -1, Construct, "vec4<u32>"},
		{"vec2i", -1, Construct, "vec2<i32>"},
		{"vec4i", -1, Construct, "vec4<i32>"},
		{"bits_f32", 1, Bitcast, "bitcast"},
		{"bits_u32", 1, Bitcast, "bitcast"},
		{"bits_i32", 1, Bitcast, "bitcast"},
		{"dot", 2, Special, "dot"},                    // two float vectors to their scalar
		{"dot_i8", 2, Special, "dot4I8Packed"},        // two u32 of four signed bytes to i32
		{"select", 3, Special, "select"},              // select(condition, then, else); both are evaluated
		{"unpack_f16", 1, Special, "unpack2x16float"}, // u32 to vec2, low half first
		{"pack_f16", 1, Special, "pack2x16float"},     // vec2 to u32, low half first
		{"count_ones", 1, IntegerMap, "countOneBits"},
		{"sum", 2, Reduction, ""},
		{"maximum", 2, Reduction, ""},
		{"minimum", 2, Reduction, ""},
		{"shuffle_xor", 2, Shuffle, "subgroupShuffleXor"},
	} {
		Builtins[b.Name] = &b
	}
}
