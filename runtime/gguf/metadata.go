package gguf

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// ErrMissing is wrapped by the errors of getters for a key that the file does not have.
var ErrMissing = errors.New("is missing")

// Metadata is the ordered list of a file's keys and values. The typed getters return an error that names the key, the
// wanted type, and the found one; slices that they return must not be changed.
type Metadata struct {
	keys   []string
	values map[string]Value
}

// All yields the keys and values in the order of the file.
func (m *Metadata) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, key := range m.keys {
			if !yield(key, m.values[key]) {
				return
			}
		}
	}
}

// Len returns the number of keys.
func (m *Metadata) Len() int { return len(m.keys) }

// Has reports whether the key is present.
func (m *Metadata) Has(key string) bool {
	_, ok := m.values[key]
	return ok
}

// Value returns the value of a key.
func (m *Metadata) Value(key string) (Value, bool) {
	v, ok := m.values[key]
	return v, ok
}

// Set sets a key to a value that NewValue accepts: at the end, or in the place that the key already has.
func (m *Metadata) Set(key string, value any) error {
	v, err := NewValue(value)
	if err != nil {
		return fmt.Errorf("%w (key %q)", err, key)
	}
	if key == "" || len(key) > maxName {
		return fmt.Errorf("gguf: a key has %d bytes; 1 to %d are allowed", len(key), maxName)
	}
	if m.values == nil {
		m.values = map[string]Value{}
	}
	if !m.Has(key) {
		m.keys = append(m.keys, key)
	}
	m.values[key] = v
	return nil
}

// Delete takes an entry out, if there is one of the key.
func (m *Metadata) Delete(key string) {
	delete(m.values, key)
	m.keys = slices.DeleteFunc(m.keys, func(k string) bool { return k == key })
}

// Clone returns a copy that can be changed without changing m. The values' own slices are shared.
func (m *Metadata) Clone() Metadata {
	return Metadata{keys: slices.Clone(m.keys), values: maps.Clone(m.values)}
}

// String returns a string.
func (m *Metadata) String(key string) (string, error) {
	s, err := getSlice[string](m, key, false, "a string")
	if err != nil {
		return "", err
	}
	return s[0], nil
}

// Strings returns an array of strings.
func (m *Metadata) Strings(key string) ([]string, error) {
	return getSlice[string](m, key, true, "an array of strings")
}

// Bool returns a bool.
func (m *Metadata) Bool(key string) (bool, error) {
	b, err := getSlice[bool](m, key, false, "a bool")
	if err != nil {
		return false, err
	}
	return b[0], nil
}

// Bools returns an array of bools.
func (m *Metadata) Bools(key string) ([]bool, error) {
	return getSlice[bool](m, key, true, "an array of bools")
}

// Int returns an integer of any size.
func (m *Metadata) Int(key string) (int64, error) {
	i, err := m.getInts(key, false, "an integer")
	if err != nil {
		return 0, err
	}
	return i[0], nil
}

// Ints returns an array of integers of any size.
func (m *Metadata) Ints(key string) ([]int64, error) {
	return m.getInts(key, true, "an array of integers")
}

// Uint returns an integer of any size that is not negative.
func (m *Metadata) Uint(key string) (uint64, error) {
	if d, ok := m.values[key].data.([]uint64); ok && !m.values[key].array {
		return d[0], nil
	}
	i, err := m.getInts(key, false, "an integer")
	if err != nil {
		return 0, err
	}
	if i[0] < 0 {
		return 0, fmt.Errorf("gguf: metadata key %q is %d; want a number that is not negative", key, i[0])
	}
	return uint64(i[0]), nil
}

// Float returns a float of either size, or an integer as a float.
func (m *Metadata) Float(key string) (float64, error) {
	v, err := m.get(key, false, "a float")
	if err != nil {
		return 0, err
	}
	switch d := v.data.(type) {
	case []float32:
		return float64(d[0]), nil
	case []float64:
		return d[0], nil
	}
	if i, ok, err := v.ints(); ok && err == nil {
		return float64(i[0]), nil
	}
	return 0, wrongType(key, v, "a float")
}

// Floats returns an array of floats, rounded to float32.
func (m *Metadata) Floats(key string) ([]float32, error) {
	v, err := m.get(key, true, "an array of floats")
	if err != nil {
		return nil, err
	}
	switch d := v.data.(type) {
	case []float32:
		return d, nil
	case []float64:
		return convert[float32](d), nil
	}
	return nil, wrongType(key, v, "an array of floats")
}

func (m *Metadata) get(key string, array bool, want string) (Value, error) {
	v, ok := m.values[key]
	if !ok {
		return Value{}, fmt.Errorf("gguf: metadata key %q %w; want %s", key, ErrMissing, want)
	}
	if v.array != array {
		return Value{}, wrongType(key, v, want)
	}
	return v, nil
}

func (m *Metadata) getInts(key string, array bool, want string) ([]int64, error) {
	v, err := m.get(key, array, want)
	if err != nil {
		return nil, err
	}
	i, ok, err := v.ints()
	if !ok {
		return nil, wrongType(key, v, want)
	}
	if err != nil {
		return nil, fmt.Errorf("gguf: metadata key %q: %w", key, err)
	}
	return i, nil
}

func getSlice[T any](m *Metadata, key string, array bool, want string) ([]T, error) {
	v, err := m.get(key, array, want)
	if err != nil {
		return nil, err
	}
	d, ok := v.data.([]T)
	if !ok {
		return nil, wrongType(key, v, want)
	}
	return d, nil
}

func wrongType(key string, v Value, want string) error {
	return fmt.Errorf("gguf: metadata key %q is %s; want %s", key, v.describe(), want)
}
