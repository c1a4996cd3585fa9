package kernel

// The functions below are the arithmetic of generated grids and sizes. As in
// WGSL, nothing panics: x / 0 is x, and x % 0 is 0.

// CeilDiv returns a/b rounded up.
func CeilDiv(a, b uint64) uint64 { return Div(a+b-min(b, 1), b) }

// Div returns a/b.
func Div(a, b uint64) uint64 {
	if b == 0 {
		return a
	}
	return a / b
}

// Mod returns a%b.
func Mod(a, b uint64) uint64 {
	if b == 0 {
		return 0
	}
	return a % b
}

// Sub returns a-b, or 0 where that is negative.
func Sub(a, b uint64) uint64 { return a - min(a, b) }

// Select returns then where cond is true, else otherwise.
func Select(cond bool, then, otherwise uint64) uint64 {
	if cond {
		return then
	}
	return otherwise
}
