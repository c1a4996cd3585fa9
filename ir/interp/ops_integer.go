package interp

// Integer operations on words: all wrap. An I in the name reads the words as
// signed.

func add(x, y uint32) uint32 { return x + y }
func sub(x, y uint32) uint32 { return x - y }
func mul(x, y uint32) uint32 { return x * y }
func and(x, y uint32) uint32 { return x & y }
func or(x, y uint32) uint32  { return x | y }
func xor(x, y uint32) uint32 { return x ^ y }
func eq(x, y uint32) uint32  { return truth(x == y) }
func ne(x, y uint32) uint32  { return truth(x != y) }

// shl and shr use the low five bits of the count, as GPUs do.
func shl(x, y uint32) uint32  { return x << (y & 31) }
func shr(x, y uint32) uint32  { return x >> (y & 31) }
func shrI(x, y uint32) uint32 { return uint32(int32(x) >> (y & 31)) }

// WGSL: x / 0 is x, x % 0 is 0.
func div(x, y uint32) uint32 {
	if y == 0 {
		return x
	}
	return x / y
}

func mod(x, y uint32) uint32 {
	if y == 0 {
		return 0
	}
	return x % y
}

// The smallest integer divided by -1 is itself, in WGSL and in Go.
func divI(x, y uint32) uint32 {
	if y == 0 {
		return x
	}
	return uint32(int32(x) / int32(y))
}

func modI(x, y uint32) uint32 {
	if y == 0 {
		return 0
	}
	return uint32(int32(x) % int32(y))
}

func ceildiv(x, y uint32) uint32  { return div(x+y-1, y) }
func ceildivI(x, y uint32) uint32 { return divI(x+y-1, y) }

// dotBytes adds up the products of two words' signed bytes.
func dotBytes(x, y uint32) uint32 {
	var sum int32
	for i := 0; i < 32; i += 8 {
		sum += int32(int8(x>>i)) * int32(int8(y>>i))
	}
	return uint32(sum)
}

func lt(x, y uint32) uint32  { return truth(x < y) }
func le(x, y uint32) uint32  { return truth(x <= y) }
func gt(x, y uint32) uint32  { return truth(x > y) }
func ge(x, y uint32) uint32  { return truth(x >= y) }
func ltI(x, y uint32) uint32 { return truth(int32(x) < int32(y)) }
func leI(x, y uint32) uint32 { return truth(int32(x) <= int32(y)) }
func gtI(x, y uint32) uint32 { return truth(int32(x) > int32(y)) }
func geI(x, y uint32) uint32 { return truth(int32(x) >= int32(y)) }

func minU(x, y uint32) uint32 { return min(x, y) }
func maxU(x, y uint32) uint32 { return max(x, y) }
func minI(x, y uint32) uint32 { return uint32(min(int32(x), int32(y))) }
func maxI(x, y uint32) uint32 { return uint32(max(int32(x), int32(y))) }

// clamp is min(max(x, low), high), whichever of the bounds is greater.
func clampU(x, low, high uint32) uint32 { return minU(maxU(x, low), high) }
func clampI(x, low, high uint32) uint32 { return minI(maxI(x, low), high) }

func absI(x uint32) uint32 { return maxI(x, -x) }
func same(x uint32) uint32 { return x }
func neg(x uint32) uint32  { return -x }
func not(x uint32) uint32  { return ^x }
func flip(x uint32) uint32 { return x ^ 1 }

// choose is select(condition, then, otherwise).
func choose(cond, then, otherwise uint32) uint32 {
	if cond != 0 {
		return then
	}
	return otherwise
}

func truth(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
