package pass

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/interp"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

// TestFoldKeepsValues folds random integer expressions, before they are typed
// and after, and compares what the interpreter makes of all three.
func TestFoldKeepsValues(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		const n = 50
		exprs := make([]string, n)
		for i := range exprs {
			exprs[i] = randomInteger(r, 4)
		}
		params := []uint32{r.Uint32(), r.Uint32() >> 28, 0}
		early := func(k *ir.Kernel) { foldBody(k) }
		none := func(*ir.Kernel) {}
		want := results(t, exprs, params, none, none)
		for name, got := range map[string][]uint32{
			"untyped": results(t, exprs, params, early, none),
			"typed":   results(t, exprs, params, none, early),
		} {
			for i, e := range exprs {
				if got[i] != want[i] {
					t.Errorf("seed %d, %s: %s is %#x, folded %#x", seed, name, e, want[i], got[i])
				}
			}
		}
	}
}

// results interprets a kernel that stores the expressions over a, b and c.
// before and after may change it before and after it is typed.
func results(t *testing.T, exprs []string, params []uint32, before, after func(*ir.Kernel)) []uint32 {
	t.Helper()
	src := fmt.Sprintf("kernel k \"k\" {\n  shape a, b, c\n  out y: u32[%d]\n  workgroup 1\n  grid 1\n  body {\n", len(exprs))
	for i, e := range exprs {
		src += fmt.Sprintf("    y[%d] = %s\n", i, e)
	}
	f, err := syntax.Parse("fold.wk", []byte(src+"  }\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	k := f.Decls[0].(*ir.Kernel)
	before(k)
	if err := ir.Check(k); err != nil {
		t.Fatal(err)
	}
	after(k)
	if err := ir.Check(k); err != nil {
		t.Fatal(err)
	}
	p, err := interp.Compile(k)
	if err != nil {
		t.Fatal(err)
	}
	y := make([]uint32, len(exprs))
	if err := p.Run(interp.Call{Params: params, Buffers: map[string][]uint32{"y": y}}); err != nil {
		t.Fatal(err)
	}
	return y
}

func foldBody(k *ir.Kernel) { k.Body = ir.RewriteStmts(k.Body, nil, fold) }

// randomInteger returns an expression of type u32 that no division by zero and
// no wide shift makes undefined. Every literal meets an expression with a
// parameter: what literals alone make is for Check to judge.
func randomInteger(r *rand.Rand, depth int) string {
	if depth <= 0 {
		return []string{"a", "b", "c"}[r.IntN(3)]
	}
	x, y := randomInteger(r, depth-1), randomInteger(r, depth-1)
	if literal := []string{"0", "1", "2", "7", "64", "0x80000000", "0xffffffff"}[r.IntN(7)]; r.IntN(2) == 0 {
		y = literal
		if r.IntN(4) == 0 {
			x, y = y, x
		}
	}
	switch op := r.IntN(16); op {
	case 0, 1, 2:
		return fmt.Sprintf("(%s + %s)", x, y)
	case 3:
		return fmt.Sprintf("(%s - %s)", x, y)
	case 4, 5:
		return fmt.Sprintf("(%s * %s)", x, y)
	case 6, 7:
		return fmt.Sprintf("(%s %s %d)", randomInteger(r, depth-1), []string{"/", "%"}[op-6], 1+r.IntN(3))
	case 8, 9:
		return fmt.Sprintf("(%s %s %d)", randomInteger(r, depth-1), []string{"<<", ">>"}[op-8], r.IntN(32))
	case 10, 11, 12:
		return fmt.Sprintf("(%s %s %s)", x, []string{"&", "|", "^"}[op-10], y)
	case 13:
		return fmt.Sprintf("%s(%s, %s)", []string{"min", "max"}[r.IntN(2)], x, y)
	case 14:
		return fmt.Sprintf("ceildiv(%s, %d)", randomInteger(r, depth-1), 1+r.IntN(3))
	}
	return fmt.Sprintf("select(%s, %s, %s)", randomCondition(r, depth-1), x, y)
}

func randomCondition(r *rand.Rand, depth int) string {
	if depth <= 0 || r.IntN(2) == 0 {
		return fmt.Sprintf("(%s %s %s)", randomInteger(r, depth-1),
			[]string{"==", "!=", "<", "<=", ">", ">="}[r.IntN(6)], randomInteger(r, depth-1))
	}
	x, y := randomCondition(r, depth-1), randomCondition(r, depth-1)
	switch op := r.IntN(3); op {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", x, []string{"&&", "||"}[op], y)
	}
	return "!" + x
}
