package wgsl

import "strings"

// reservedSafe returns a name that WGSL leaves free: its keywords, reserved
// words and predeclared functions get an underscore.
func reservedSafe(name string) string {
	if reserved[name] || strings.HasPrefix(name, "_") {
		return "k_" + name
	}
	return name
}

// reserved are the words that the WGSL specification keeps for itself
// (sections "Keyword Summary" and "Reserved Words").
var reserved = map[string]bool{}

func init() {
	for _, w := range strings.Fields(`
		alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if
		let loop override requires return struct switch true var while
		NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become binding_array
		cast catch class co_await co_return co_yield coherent column_major common compile compile_fragment concept
		const_cast consteval constexpr constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast
		enum explicit export extends extern external fallthrough filter final finally friend from fxgroup get goto
		groupshared highp impl implements import inline instanceof interface layout lowp macro macro_rules match
		mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation noperspective null
		nullptr of operator package packoffset partition pass patch pixelfragment precise precision premerge priv
		protected pub public readonly ref regardless register reinterpret_cast require resource restrict self set
		shared sizeof smooth snorm static static_assert static_cast std subroutine super target template this
		thread_local throw trait try type typedef typeid typename typeof union unless unorm unsafe unsized use using
		varying virtual volatile wgsl where with writeonly yield
		params texel_at textureLoad array bool f16 f32 i32 u32 vec2 vec3 vec4 atomic ptr sampler texture
		abs all any acos asin atan ceil clamp cos cross distance dot exp exp2 floor fma fract length log log2 max min
		mix modf pow round select sign sin sqrt step tan tanh trunc transpose normalize`) {
		reserved[w] = true
	}
}
