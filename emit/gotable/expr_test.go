package gotable

import (
	"fmt"
	"testing"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

// size parses an expression by way of a kernel's grid.
func size(t *testing.T, text string) (*ir.Kernel, ir.Expr) {
	t.Helper()
	file, err := syntax.Parse("k.wk", fmt.Appendf(nil, `kernel k "k" {
  shape n, m
  param x: f32
  param i: i32
  in a: f32[n]
  workgroup 1
  grid %s
  body {}
}
`, text))
	if err != nil {
		t.Fatal(err)
	}
	k := file.Decls[0].(*ir.Kernel)
	return k, k.Grid[0]
}

func TestSizeToGo(t *testing.T) {
	for _, c := range []struct{ size, want string }{
		{"7", "7"},
		{"m", "uint64(p[1])"},
		{"n * (m + 1)", "uint64(p[0]) * (uint64(p[1]) + 1)"},
		{"n * m / 4", "uint64(p[0]) * uint64(p[1]) / 4"},
		{"n * (m / 4)", "uint64(p[0]) * (uint64(p[1]) / 4)"},
		{"n / m", "kernel.Div(uint64(p[0]), uint64(p[1]))"},
		{"n % m", "kernel.Mod(uint64(p[0]), uint64(p[1]))"},
		{"n - 1", "kernel.Sub(uint64(p[0]), 1)"},
		{"n >> 2 & 3", "uint64(p[0]) >> 2 & 3"},
		{"ceildiv(n, 64)", "kernel.CeilDiv(uint64(p[0]), 64)"},
		{"ceildiv(n, 1)", "uint64(p[0])"},
		{"min(n, max(m, 2))", "min(uint64(p[0]), max(uint64(p[1]), 2))"},
		{"select(n > 4 && !(m == 2), u32(n), 2)", "kernel.Select(uint64(p[0]) > 4 && !(uint64(p[1]) == 2), uint64(p[0]), 2)"},
		{"select(n > 4 => m > 4, 1, 2)", "kernel.Select(!(uint64(p[0]) > 4) || (uint64(p[1]) > 4), 1, 2)"},
	} {
		k, e := size(t, c.size)
		s := newSizes(k)
		if got := s.expr(e).GoString(); got != c.want || len(s.errs) > 0 {
			t.Errorf("%s became %s, want %s (%v)", c.size, got, c.want, s.errs)
		}
	}
}

func TestSizeMistakes(t *testing.T) {
	for _, c := range []struct{ size, want string }{
		{"x", "k.wk:7:8: a size can't depend on x: it is f32, not u32"},
		{"n + i", "k.wk:7:12: a size can't depend on i: it is i32, not u32"},
		{"local", "k.wk:7:8: a size can't depend on local: it is no parameter"},
		{"a[0]", "k.wk:7:8: a size can't be computed from a[0] before the kernel runs"},
		{"exp(n)", "k.wk:7:8: a size can't be computed from exp(n) before the kernel runs"},
		{"1.5", "k.wk:7:8: a size can't be computed from 1.5 before the kernel runs"},
	} {
		k, e := size(t, c.size)
		s := newSizes(k)
		s.expr(e)
		if got := s.errs.Error(); got != c.want {
			t.Errorf("%s gave %q, want %q", c.size, got, c.want)
		}
	}
}
