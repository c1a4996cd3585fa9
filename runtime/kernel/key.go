package kernel

import "strconv"

// Int is a whole number of a key whose axis has 0 among its values: the zero
// Int matches any value, Is(0) only 0.
type Int struct {
	value int
	set   bool
}

// Is returns the Int that matches n alone.
func Is(n int) Int { return Int{n, true} }

// Key returns n as a table's keys spell it, or "" for any value.
func (n Int) Key() string {
	if !n.set {
		return ""
	}
	return strconv.Itoa(n.value)
}

// KeyInt returns n as a table's keys spell it, or "" for 0: any value.
func KeyInt(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
