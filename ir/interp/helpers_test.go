package interp

import (
	"math"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

// fileName is the name of the tests' sources.
const fileName = "t.wk"

// compile compiles a lowered kernel from its source.
func compile(t testing.TB, src string) *Program {
	t.Helper()
	p, err := Compile(parse(t, src))
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return p
}

func parse(t testing.TB, src string) *ir.Kernel {
	t.Helper()
	f, err := syntax.Parse(fileName, []byte(src))
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	k := f.Decls[0].(*ir.Kernel)
	if err := ir.Check(k); err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return k
}

// kernel makes a source of declarations and a body.
func kernel(decls, body string) string {
	return "kernel k \"test\" {\n" + decls + "\nbody {\n" + body + "\n}\n}\n"
}

// marked takes the marks out of a source, and returns where they stood.
func marked(src string, marks ...string) (string, []ir.Pos) {
	var found []ir.Pos
	for _, mark := range marks {
		before, after, ok := strings.Cut(src, mark)
		if !ok {
			found = append(found, ir.Pos{})
			continue
		}
		clean := before
		for _, m := range marks {
			clean = strings.ReplaceAll(clean, m, "")
		}
		line := clean[strings.LastIndexByte(clean, '\n')+1:]
		found = append(found, ir.Pos{File: fileName, Line: strings.Count(clean, "\n") + 1, Col: len(line) + 1})
		src = before + after
	}
	return src, found
}

func f32s(xs ...float32) []uint32 {
	out := make([]uint32, len(xs))
	for i, x := range xs {
		out[i] = math.Float32bits(x)
	}
	return out
}

func floats32(words []uint32) []float32 {
	out := make([]float32, len(words))
	for i, w := range words {
		out[i] = math.Float32frombits(w)
	}
	return out
}

// count returns 0, 1, … below n.
func count(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(i)
	}
	return out
}
