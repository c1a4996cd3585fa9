package gguf

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
)

// ValueType is the type of a metadata value, by its number in the file.
type ValueType uint32

// The types of metadata values.
const (
	Uint8   ValueType = 0
	Int8    ValueType = 1
	Uint16  ValueType = 2
	Int16   ValueType = 3
	Uint32  ValueType = 4
	Int32   ValueType = 5
	Float32 ValueType = 6
	Bool    ValueType = 7
	String  ValueType = 8
	Array   ValueType = 9
	Uint64  ValueType = 10
	Int64   ValueType = 11
	Float64 ValueType = 12
)

// minBytes is the least that a value of each type takes in a file: what bounds a count before memory is allocated.
var valueTypes = map[ValueType]struct {
	name     string
	minBytes int64
}{
	Uint8:   {"uint8", 1},
	Int8:    {"int8", 1},
	Uint16:  {"uint16", 2},
	Int16:   {"int16", 2},
	Uint32:  {"uint32", 4},
	Int32:   {"int32", 4},
	Float32: {"float32", 4},
	Bool:    {"bool", 1},
	String:  {"string", 8},
	Array:   {"array", 12},
	Uint64:  {"uint64", 8},
	Int64:   {"int64", 8},
	Float64: {"float64", 8},
}

// String returns the name of the type, such as "uint32".
func (t ValueType) String() string {
	if v, ok := valueTypes[t]; ok {
		return v.name
	}
	return fmt.Sprintf("value type %d", uint32(t))
}

// Value is one metadata value: a scalar, or an array whose elements have one type.
type Value struct {
	elem  ValueType
	array bool
	data  any // a slice of the Go type of elem, one long for a scalar; []Value if the elements are arrays
}

// NewValue returns the metadata value of a bool, string, sized integer, or float, or of a slice of those, or of a slice
// of Values that are arrays. An int is refused, since it names no size.
func NewValue(v any) (Value, error) {
	switch v := v.(type) {
	case Value:
		if v.data == nil {
			return Value{}, errors.New("gguf: a zero Value has no metadata type")
		}
		return v, nil
	case bool:
		return scalar(Bool, v), nil
	case string:
		return scalar(String, v), nil
	case uint8:
		return scalar(Uint8, v), nil
	case int8:
		return scalar(Int8, v), nil
	case uint16:
		return scalar(Uint16, v), nil
	case int16:
		return scalar(Int16, v), nil
	case uint32:
		return scalar(Uint32, v), nil
	case int32:
		return scalar(Int32, v), nil
	case uint64:
		return scalar(Uint64, v), nil
	case int64:
		return scalar(Int64, v), nil
	case float32:
		return scalar(Float32, v), nil
	case float64:
		return scalar(Float64, v), nil
	case []bool:
		return array(Bool, v), nil
	case []string:
		return array(String, v), nil
	case []uint8:
		return array(Uint8, v), nil
	case []int8:
		return array(Int8, v), nil
	case []uint16:
		return array(Uint16, v), nil
	case []int16:
		return array(Int16, v), nil
	case []uint32:
		return array(Uint32, v), nil
	case []int32:
		return array(Int32, v), nil
	case []uint64:
		return array(Uint64, v), nil
	case []int64:
		return array(Int64, v), nil
	case []float32:
		return array(Float32, v), nil
	case []float64:
		return array(Float64, v), nil
	case []Value:
		for i, e := range v {
			if !e.array {
				return Value{}, fmt.Errorf("gguf: element %d of an array of arrays is %s", i, e.describe())
			}
		}
		return array(Array, v), nil
	}
	return Value{}, fmt.Errorf("gguf: a Go %T has no metadata type", v)
}

func scalar[T any](t ValueType, v T) Value { return Value{elem: t, data: []T{v}} }

func array[T any](t ValueType, v []T) Value { return Value{elem: t, array: true, data: v} }

// Type returns the type of the value: Array for arrays.
func (v Value) Type() ValueType {
	if v.array {
		return Array
	}
	return v.elem
}

// Elem returns the type of the elements of an array, and the type of the value itself for a scalar.
func (v Value) Elem() ValueType { return v.elem }

// Any returns the Go value: a scalar, or a slice that the caller must not change ([]Value for arrays of arrays).
func (v Value) Any() any {
	if v.array || v.data == nil {
		return v.data
	}
	return reflect.ValueOf(v.data).Index(0).Interface()
}

// describe names the type for an error message.
func (v Value) describe() string {
	name := v.elem.String()
	switch {
	case v.array:
		return "an array of " + name
	case strings.HasPrefix(name, "int"):
		return "an " + name
	}
	return "a " + name
}

// ints returns the elements as int64. It is false if they are not integers; an error names one that does not fit.
func (v Value) ints() ([]int64, bool, error) {
	switch d := v.data.(type) {
	case []uint8:
		return convert[int64](d), true, nil
	case []int8:
		return convert[int64](d), true, nil
	case []uint16:
		return convert[int64](d), true, nil
	case []int16:
		return convert[int64](d), true, nil
	case []uint32:
		return convert[int64](d), true, nil
	case []int32:
		return convert[int64](d), true, nil
	case []int64:
		return d, true, nil
	case []uint64:
		for i, u := range d {
			if u > math.MaxInt64 {
				return nil, true, fmt.Errorf("element %d is %d, above the largest int64", i, u)
			}
		}
		return convert[int64](d), true, nil
	}
	return nil, false, nil
}

func convert[To, From uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64](from []From) []To {
	to := make([]To, len(from))
	for i, x := range from {
		to[i] = To(x)
	}
	return to
}
