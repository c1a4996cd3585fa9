package kerneltest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// RandomKernel writes a kernel of random integer statements over parameters a
// and b, which reads x, u32[8], and adds up in y, u32[32]. All of it is in the
// plain part of the language that the interpreter knows before any pass; loop
// is the keyword, for or unroll, of some of its loops. The same r gives the same kernel.
func RandomKernel(r *rand.Rand, loop string) string {
	w := &writer{Rand: r, loop: loop, names: []string{"a", "b", "local"}}
	w.block(3)
	return `kernel random "random statements" {
  shape a, b

  in    x: u32[8]
  inout y: u32[32]

  workgroup 4
  grid 1

  body {
` + w.text.String() + `  }
}
`
}

// slotsEach is how many results an invocation has.
const slotsEach = 8

// writer writes random statements.
type writer struct {
	*rand.Rand
	loop   string
	text   strings.Builder
	names  []string // that can be read
	vars   []string // that can be assigned to
	arrays []string // of 4 elements; those named d… may have any index
	depth  int
	made   int // names of the current block; siblings use the same ones
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.text, strings.Repeat("  ", w.depth+2)+format+"\n", args...)
}

// block writes statements; the names that they declare end with it.
func (w *writer) block(nesting int) {
	names, vars, arrays, made := w.names, w.vars, w.arrays, w.made
	w.made = 0
	for range 2 + w.IntN(5) {
		w.stmt(nesting)
	}
	w.line("y[local * %d + %d] += %s", slotsEach, w.IntN(slotsEach), w.expr(2))
	w.names, w.vars, w.arrays, w.made = names, vars, arrays, made
}

func (w *writer) declare(prefix string) string {
	w.made++
	return fmt.Sprintf("%s%d_%d", prefix, w.depth, w.made)
}

func (w *writer) stmt(nesting int) {
	switch n := w.IntN(12); {
	case n < 2:
		x := w.expr(2)
		name := w.declare("l")
		w.line("let %s = %s", name, x)
		w.names = append(w.names, name)
	case n == 2:
		x := w.expr(2)
		name := w.declare("v")
		if w.IntN(2) == 0 {
			w.line("var %s = u32(%s)", name, x)
		} else {
			w.line("var %s: u32", name)
		}
		w.names, w.vars = append(w.names, name), append(w.vars, name)
	case n == 3:
		name := w.declare([]string{"c", "d"}[w.IntN(2)])
		w.line("var %s: u32[4]", name)
		w.arrays = append(w.arrays, name)
	case n < 7 && len(w.vars) > 0:
		w.line("%s %s %s", w.pick(w.vars), w.pick([]string{"=", "+=", "*=", "^="}), w.expr(2))
	case n < 9 && len(w.arrays) > 0:
		w.line("%s %s %s", w.element(), w.pick([]string{"=", "+="}), w.expr(2))
	case n == 9 && nesting > 0:
		w.line("if %s > %s {", w.expr(1), w.expr(1))
		w.nested(nesting)
		if w.IntN(2) == 0 {
			w.line("} else {")
			w.nested(nesting)
		}
		w.line("}")
	case n == 10 && nesting > 0:
		name := w.declare("i")
		w.line("%s %s in %d .. %d {", w.pick([]string{w.loop, "for"}), name, w.IntN(2), w.IntN(4))
		w.names = append(w.names, name)
		w.nested(nesting)
		w.names = w.names[:len(w.names)-1]
		w.line("}")
	default:
		w.line("y[local * %d + %d] = %s", slotsEach, w.IntN(slotsEach), w.expr(3))
	}
}

func (w *writer) nested(nesting int) {
	w.depth++
	w.block(nesting - 1)
	w.depth--
}

func (w *writer) pick(list []string) string { return list[w.IntN(len(list))] }

// element returns an array's element.
func (w *writer) element() string {
	name := w.pick(w.arrays)
	if name[0] == 'd' && w.IntN(2) == 0 {
		return fmt.Sprintf("%s[%s %% 4]", name, w.pick(w.names))
	}
	return fmt.Sprintf("%s[%d]", name, w.IntN(4))
}

// expr returns an expression of type u32 with a name in each operation.
func (w *writer) expr(depth int) string {
	if depth == 0 {
		if w.IntN(4) == 0 && len(w.arrays) > 0 {
			return w.element()
		}
		return w.pick(w.names)
	}
	x, y := w.expr(depth-1), w.expr(depth-1)
	if w.IntN(3) == 0 {
		y = w.pick([]string{"0", "1", "3", "0xfffffff0"})
	}
	switch w.IntN(9) {
	case 0:
		return fmt.Sprintf("x[%s %% 8]", x)
	case 1:
		return fmt.Sprintf("y[local * %d + %d]", slotsEach, w.IntN(slotsEach))
	case 2:
		return fmt.Sprintf("select(%s > %s, %s, %s)", x, y, w.expr(depth-1), y)
	case 3:
		return fmt.Sprintf("max(%s, %s)", x, y)
	}
	return fmt.Sprintf("(%s %s %s)", x, w.pick([]string{"+", "-", "*", "&", "^"}), y)
}
