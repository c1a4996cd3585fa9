package emit_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// TestTablesCompute compares what the generated Go computes, for random
// parameters, with the expressions that it came from.
func TestTablesCompute(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles everything")
	}
	all := compileAll(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, table := range generated.Tables {
		k := all.library.Kernel(table.Kernel)
		if k == nil || len(all.variants[k]) != len(table.Variants) {
			t.Fatalf("table %s is stale: run go generate ./templates", table.Kernel)
		}
		for i, v := range table.Variants {
			for range 4 {
				compareVariant(t, v, all.variants[k][i].Unit.Kernel, randomParams(random, k))
			}
		}
	}
}

func randomParams(r *rand.Rand, k *ir.Kernel) []uint32 {
	p := make([]uint32, len(k.Params))
	for i := range p {
		p[i] = 1 + r.Uint32N(5000)
	}
	return p
}

func compareVariant(t *testing.T, v *kernel.Variant, k *ir.Kernel, p []uint32) {
	t.Helper()
	env := map[string]int64{}
	for i, q := range k.Params {
		env[q.Name] = int64(p[i])
	}
	want := [3]uint64{1, 1, 1}
	for i, g := range k.Grid {
		want[i] = uint64(evaluate(g, env))
	}
	if got := v.Grid(p); got != want {
		t.Errorf("%s: grid %v for %v, want %v", v.Name, got, p, want)
	}
	for i, b := range k.Bindings {
		elem, _ := b.Type.ElemType()
		want := evaluate(b.Type.Dims[0], env) * int64(elem.Bytes())
		if got := v.Bindings[i].Bytes(p); got != want || v.Bindings[i].Name != b.Name {
			t.Errorf("%s: binding %s has %d bytes for %v, want %s with %d", v.Name, v.Bindings[i].Name, got, p, b.Name, want)
		}
	}
}

// evaluate computes a size as the language means it.
func evaluate(e ir.Expr, env map[string]int64) int64 {
	switch e := e.(type) {
	case *ir.Lit:
		return e.Value.Int
	case *ir.Name:
		return env[e.Name]
	case *ir.Binary:
		x, y := evaluate(e.X, env), evaluate(e.Y, env)
		switch e.Op {
		case "+":
			return x + y
		case "-":
			return max(x-y, 0)
		case "*":
			return x * y
		case "/":
			return x / y
		case "%":
			return x % y
		case "==":
			return truth(x == y)
		case "!=":
			return truth(x != y)
		case "<":
			return truth(x < y)
		case ">":
			return truth(x > y)
		case "&&":
			return x & y
		case "||":
			return x | y
		}
	case *ir.Call:
		x, y := evaluate(e.Args[0], env), evaluate(e.Args[1], env)
		switch e.Func {
		case "select":
			if x != 0 {
				return y
			}
			return evaluate(e.Args[2], env)
		case "ceildiv":
			return (x + y - 1) / y
		case "min":
			return min(x, y)
		case "max":
			return max(x, y)
		}
	}
	panic(fmt.Sprintf("no size: %s", ir.FormatExpr(e)))
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
