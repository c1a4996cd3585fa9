package ir

import (
	"math"
	"strconv"
	"strings"
)

// Value is a compile-time value: an integer, a float, a truth value, or a
// word (a value of an axis, such as a memory tier or a format). Values are
// comparable.
type Value struct {
	Kind  ValueKind
	Int   int64
	Float float64
	Word  string
}

// ValueKind tells values apart.
type ValueKind uint8

// The kinds of values; a BoolKind holds 0 or 1 in Int.
const (
	IntKind ValueKind = iota
	FloatKind
	BoolKind
	WordKind
)

// IntValue makes a whole number.
func IntValue(n int64) Value { return Value{Kind: IntKind, Int: n} }

// FloatValue makes a float.
func FloatValue(x float64) Value { return Value{Kind: FloatKind, Float: x} }

// WordValue makes an axis word.
func WordValue(w string) Value { return Value{Kind: WordKind, Word: w} }

// BoolValue makes a truth value.
func BoolValue(b bool) Value {
	if b {
		return Value{Kind: BoolKind, Int: 1}
	}
	return Value{Kind: BoolKind}
}

// Bool reports whether a BoolKind value is true.
func (v Value) Bool() bool { return v.Int != 0 }

// String prints v as source.
func (v Value) String() string {
	switch v.Kind {
	case FloatKind:
		return formatFloat(v.Float)
	case BoolKind:
		return strconv.FormatBool(v.Bool())
	case WordKind:
		return v.Word
	}
	if v.Int > math.MaxInt32 {
		return "0x" + strconv.FormatInt(v.Int, 16)
	}
	return strconv.FormatInt(v.Int, 10)
}

// formatFloat prints x so that it reads back as the same float64 and can't be
// taken for an integer.
func formatFloat(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(s, ".eE") {
		s += ".0"
	}
	return s
}

// Point gives each axis a value.
type Point map[string]Value
