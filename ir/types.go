package ir

import (
	"fmt"
	"strings"
)

// Scalar is an element type.
type Scalar uint8

// Element types. A load from a binding of F16 gives F32; arithmetic in F16 needs
// a device feature. Q8_0 exists in bindings only: a load gives F32. The untyped
// ones are those of literals before they meet a typed operand, as in Go.
const (
	Invalid Scalar = iota
	Bool
	U32
	I32
	F32
	F16
	Q8_0
	UntypedInt
	UntypedFloat
	Symbol // a value of an axis whose values are words
)

var scalarNames = [...]string{"invalid", "bool", "u32", "i32", "f32", "f16", "q8_0", "untyped int", "untyped float", "symbol"}

func (s Scalar) String() string { return scalarNames[s] }

// IsInteger reports whether s holds whole numbers.
func (s Scalar) IsInteger() bool { return s == U32 || s == I32 || s == UntypedInt }

// IsFloat reports whether s holds floating-point numbers.
func (s Scalar) IsFloat() bool { return s == F32 || s == F16 || s == UntypedFloat }

// IsPacked reports whether bindings of s hold F32 in fewer bits.
func (s Scalar) IsPacked() bool { return s == F16 || s == Q8_0 }

// IsUntyped reports whether s is the type of a literal not yet used.
func (s Scalar) IsUntyped() bool { return s == UntypedInt || s == UntypedFloat }

// Type is a scalar, a vector of 2 to 4 lanes, or an array of those with up to
// three constant dimensions. Types are comparable.
type Type struct {
	Scalar Scalar
	Lanes  int // 1 to 4
	Rank   int // 0 where it is no array
	Dims   [3]int
}

// ScalarType returns the type of one s.
func ScalarType(s Scalar) Type { return Type{Scalar: s, Lanes: 1} }

// VecType returns the type of n lanes of s.
func VecType(s Scalar, n int) Type { return Type{Scalar: s, Lanes: n} }

// Types that come up everywhere.
var (
	BoolType = ScalarType(Bool)
	U32Type  = ScalarType(U32)
	I32Type  = ScalarType(I32)
	F32Type  = ScalarType(F32)
)

// IsArray reports whether t is an array.
func (t Type) IsArray() bool { return t.Rank > 0 }

// Elem returns the element type of an array, or t itself.
func (t Type) Elem() Type { return Type{Scalar: t.Scalar, Lanes: t.Lanes} }

// Of returns t's shape over another element scalar.
func (t Type) Of(s Scalar) Type { t.Scalar = s; return t }

// Len returns the number of elements of an array, or 1.
func (t Type) Len() int {
	n := 1
	for _, d := range t.Dims[:t.Rank] {
		n *= d
	}
	return n
}

// Bytes returns the size in WGSL's workgroup or private memory, where a
// vec3 takes the room of a vec4.
func (t Type) Bytes() int {
	lanes := t.Lanes
	if lanes == 3 {
		lanes = 4
	}
	if t.Scalar == F16 {
		return 2 * lanes * t.Len()
	}
	return 4 * lanes * t.Len()
}

// String prints t as source.
func (t Type) String() string {
	name := t.Scalar.String()
	if t.Lanes > 1 {
		switch t.Scalar {
		case F32:
			name = fmt.Sprintf("vec%d", t.Lanes)
		default:
			name = fmt.Sprintf("vec%d<%s>", t.Lanes, t.Scalar)
		}
	}
	if t.Rank == 0 {
		return name
	}
	dims := make([]string, t.Rank)
	for i, d := range t.Dims[:t.Rank] {
		dims[i] = fmt.Sprint(d)
	}
	return name + "[" + strings.Join(dims, ", ") + "]"
}
