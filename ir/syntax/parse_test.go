package syntax

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/ir"
)

// Short names for what the tables build.
var none ir.Pos

func name(n string) ir.Expr                       { return ir.NewName(none, n) }
func num(n int64) ir.Expr                         { return ir.NewInt(none, n) }
func bin(x ir.Expr, op string, y ir.Expr) ir.Expr { return ir.NewBinary(none, op, x, y) }
func un(op string, x ir.Expr) ir.Expr             { return ir.NewUnary(none, op, x) }

func TestExpressions(t *testing.T) {
	a, b, c := name("a"), name("b"), name("c")
	for src, want := range map[string]ir.Expr{
		"1":                 num(1),
		"0xffFFffFF":        num(0xffffffff),
		"1.5":               ir.NewFloat(none, 1.5),
		"1e-3":              ir.NewFloat(none, 1e-3),
		"2.5E+3":            ir.NewFloat(none, 2500),
		"true":              ir.NewBool(none, true),
		"a":                 a,
		"((a))":             a,
		"a - b - c":         bin(bin(a, "-", b), "-", c),
		"a - (b - c)":       bin(a, "-", bin(b, "-", c)),
		"a + b * c":         bin(a, "+", bin(b, "*", c)),
		"a & b | c":         bin(bin(a, "&", b), "|", c),
		"a << 1 + b":        bin(bin(a, "<<", num(1)), "+", b),
		"a == b && c":       bin(bin(a, "==", b), "&&", c),
		"a || b && c":       bin(a, "||", bin(b, "&&", c)),
		"a => b => c":       bin(a, "=>", bin(b, "=>", c)),
		"a || b => c":       bin(bin(a, "||", b), "=>", c),
		"a => b || c":       bin(a, "=>", bin(b, "||", c)),
		"-a.x":              un("-", ir.NewMember(none, a, "x")),
		"!-~a * b":          bin(un("!", un("-", un("~", a))), "*", b),
		"a - -1":            bin(a, "-", un("-", num(1))),
		"a()":               ir.NewCall(none, "a"),
		"a(b, c)":           ir.NewCall(none, "a", b, c),
		"a.b(c)":            ir.NewMethodCall(none, a, "b", c),
		"a(b).c(b)[1]":      ir.NewIndex(none, ir.NewMethodCall(none, ir.NewCall(none, "a", b), "c", b), num(1)),
		"a[b, c]":           ir.NewIndex(none, a, b, c),
		"a[b .. +4]":        ir.NewSlice(none, a, nil, b, num(4)),
		"a[1, b+1..+W.n*2]": ir.NewSlice(none, a, []ir.Expr{num(1)}, bin(b, "+", num(1)), bin(ir.NewMember(none, name("W"), "n"), "*", num(2))),
		"a.block":           ir.NewMember(none, a, "block"),
		"a.let":             ir.NewMember(none, a, "let"),
		"a.x.y":             ir.NewMember(none, ir.NewMember(none, a, "x"), "y"),
		"workgroup.x":       ir.NewMember(none, name("workgroup"), "x"),
		"1.x":               ir.NewMember(none, num(1), "x"),
	} {
		f := mustParse(t, "fn f() { return "+src+" }")
		got := f.Decls[0].(*ir.Func).Body[0].(*ir.Return).X
		if diff := cmp.Diff(want, got, sameTree); diff != "" {
			t.Errorf("%s (-want +got):\n%s", src, diff)
		}
	}
}

func TestStatements(t *testing.T) {
	a, b, c := name("a"), name("b"), name("c")
	call := ir.NewCall(none, "f", a)
	for src, want := range map[string][]ir.Stmt{
		"let a = b":                           {&ir.Let{Name: "a", X: b}},
		"let a = b let b = c":                 {&ir.Let{Name: "a", X: b}, &ir.Let{Name: "b", X: c}},
		"var a":                               {&ir.Var{Name: "a"}},
		"var a = b":                           {&ir.Var{Name: "a", Init: b}},
		"var a: vec4<u32>[b, 2]":              {&ir.Var{Name: "a", Type: &ir.TypeExpr{Name: "vec4", Elem: "u32", Dims: []ir.Expr{b, num(2)}}}},
		"var a: f32 = b":                      {&ir.Var{Name: "a", Type: &ir.TypeExpr{Name: "f32"}, Init: b}},
		"a = b":                               {&ir.Assign{LHS: a, Op: "=", X: b}},
		"a[b] <<= c":                          {&ir.Assign{LHS: ir.NewIndex(none, a, b), Op: "<<=", X: c}},
		"a=b c=a":                             {&ir.Assign{LHS: a, Op: "=", X: b}, &ir.Assign{LHS: c, Op: "=", X: a}},
		"f(a)":                                {&ir.ExprStmt{X: call}},
		"barrier f(a)":                        {&ir.Barrier{}, &ir.ExprStmt{X: call}},
		"if a { f(a) }":                       {&ir.If{Cond: a, Then: []ir.Stmt{&ir.ExprStmt{X: call}}}},
		"if a { } else { f(a) }":              {&ir.If{Cond: a, Else: []ir.Stmt{&ir.ExprStmt{X: call}}}},
		"if a { } else if b { f(a) }":         {&ir.If{Cond: a, Else: []ir.Stmt{&ir.If{Cond: b, Then: []ir.Stmt{&ir.ExprStmt{X: call}}}}}},
		"for i in 0..a { }":                   {&ir.For{Name: "i", From: num(0), To: a}},
		"for in in in .. by by by { }":        {&ir.For{Name: "in", From: name("in"), To: name("by"), By: name("by")}},
		"unroll i in a .. b by 2 { barrier }": {&ir.For{Unroll: true, Name: "i", From: a, To: b, By: num(2), Body: []ir.Stmt{&ir.Barrier{}}}},
		"return a":                            {&ir.Return{X: a}},
	} {
		f := mustParse(t, "fn f() { "+src+" }")
		if diff := cmp.Diff(want, f.Decls[0].(*ir.Func).Body, sameTree); diff != "" {
			t.Errorf("%s (-want +got):\n%s", src, diff)
		}
	}
}

func TestKernel(t *testing.T) {
	f := mustParse(t, `kernel k "a \"doc\"" {
  shape rows, cols
  param eps: f32
  axis  W in formats
  axis  causal in false, true
  tune  R in 1, -2, word
  where R == 1
  ship  s { R = 1 | word, causal = true }
  in    w: W[rows, cols] interleave R
  inout y: f32
  shared t: f32[64]
  workgroup 64
  grid rows, 2
  body { barrier }
}`)
	u32 := &ir.TypeExpr{Name: "u32"}
	rows, cols := name("rows"), name("cols")
	want := []ir.Decl{&ir.Kernel{
		Name: "k",
		Doc:  `a "doc"`,
		Params: []*ir.Param{
			{Name: "rows", Type: u32, Shape: true},
			{Name: "cols", Type: u32, Shape: true},
			{Name: "eps", Type: &ir.TypeExpr{Name: "f32"}},
		},
		Axes: []*ir.Axis{
			{Name: "W", Formats: true},
			{Name: "causal", Values: []ir.Value{ir.BoolValue(false), ir.BoolValue(true)}},
			{Name: "R", Tune: true, Values: []ir.Value{ir.IntValue(1), ir.IntValue(-2), ir.WordValue("word")}},
		},
		Where: []ir.Expr{bin(name("R"), "==", num(1))},
		Ships: []*ir.Ship{{Name: "s", Settings: []*ir.Setting{
			{Axis: "R", Values: []ir.Value{ir.IntValue(1), ir.WordValue("word")}},
			{Axis: "causal", Values: []ir.Value{ir.BoolValue(true)}},
		}}},
		Bindings: []*ir.Binding{
			{Access: ir.In, Name: "w", Type: &ir.TypeExpr{Name: "W", Dims: []ir.Expr{rows, cols}}, Interleave: name("R")},
			{Access: ir.InOut, Name: "y", Type: &ir.TypeExpr{Name: "f32"}},
		},
		Shared:    []*ir.Shared{{Name: "t", Type: &ir.TypeExpr{Name: "f32", Dims: []ir.Expr{num(64)}}}},
		Workgroup: num(64),
		Grid:      []ir.Expr{rows, num(2)},
		Body:      []ir.Stmt{&ir.Barrier{}},
	}}
	if diff := cmp.Diff(want, f.Decls, sameTree); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFormatDecl(t *testing.T) {
	f := mustParse(t, `format q "doc" {
  block 32 chunk 16 ggml 2, 64 weights in 18 bytes
  plane d: f16 from 1 .. 3
  fn value(i, j: u32) -> f32 { return d }
}`)
	want := []ir.Decl{&ir.Format{
		Name: "q", Doc: "doc", Block: 32, Chunk: 16, GGML: 2, FileBlock: 64, BlockBytes: 18,
		Planes: []*ir.Plane{{Name: "d", Type: &ir.TypeExpr{Name: "f16"}, From: 1, To: 3}},
		Funcs: []*ir.Func{{
			Name:   "value",
			Params: []*ir.FuncParam{{Name: "i"}, {Name: "j", Type: &ir.TypeExpr{Name: "u32"}}},
			Result: &ir.TypeExpr{Name: "f32"},
			Body:   []ir.Stmt{&ir.Return{X: name("d")}},
		}},
	}}
	if diff := cmp.Diff(want, f.Decls, sameTree); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPositions checks which token each kind of node points at.
func TestPositions(t *testing.T) {
	f := mustParse(t, "fn f() {\n  let x = -a.b(c)[1] + v.xy\n}")
	let := f.Decls[0].(*ir.Func).Body[0].(*ir.Let)
	sum := let.X.(*ir.Binary)
	neg := sum.X.(*ir.Unary)
	index := neg.X.(*ir.Index)
	for what, c := range map[string]struct {
		pos ir.Pos
		col int
	}{
		"let":         {let.Pos, 3},
		"operator":    {sum.Pos, 22},
		"unary":       {neg.Pos, 11},
		"indexed":     {index.Pos, 14}, // where x of x[1] points: at b of a.b(c)
		"method call": {index.X.ExprPos(), 14},
		"receiver":    {index.X.(*ir.Call).Recv.ExprPos(), 12},
		"member":      {sum.Y.ExprPos(), 26},
	} {
		if want := (ir.Pos{File: "test.wk", Line: 2, Col: c.col}); c.pos != want {
			t.Errorf("%s at %v, want %v", what, c.pos, want)
		}
	}
}

func TestComments(t *testing.T) {
	f := mustParse(t, "// one\n//  two\t\r\nfn f() { // three\n}\n//")
	want := []*ir.Comment{{Text: "one"}, {Text: " two"}, {Text: "three", Trail: true}, {}}
	if diff := cmp.Diff(want, f.Comments, sameTree); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLimits(t *testing.T) {
	for what, c := range map[string]struct{ src, want string }{
		"parentheses": {"return " + strings.Repeat("(", 1e5), "nested more than 100 deep"},
		"blocks":      {strings.Repeat("if a {", 1e4), "nested more than 100 deep"},
		"else if":     {"if a {}" + strings.Repeat("else if a {}", 1e4), "nested more than 100 deep"},
		"operators":   {"return a" + strings.Repeat("+ a", 1e4), "more than 500 operators in a row"},
		"implies":     {"return a" + strings.Repeat("=> a", 1e4), "more than 500 operators in a row"},
		"unary":       {"return " + strings.Repeat("-", 1e4) + "a", "more than 500 operators in a row"},
		"suffixes":    {"return a" + strings.Repeat(".a", 1e4), "more than 500 suffixes in a row"},
		"statement":   {"a" + strings.Repeat("[a]", 1e4) + " = 1", "more than 500 suffixes in a row"},
	} {
		_, err := Parse("test.wk", []byte("fn f() { "+c.src+" }"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	// Many ifs one after another are no chain.
	mustParse(t, "fn f() { "+strings.Repeat("if a { } else { b() } ", 300)+" }")
}

func TestParseFS(t *testing.T) {
	lib, err := ParseFS(fstest.MapFS{
		"b.wk":        {Data: []byte("fn b() {}")},
		"a/z.wk":      {Data: []byte("fn z() {}")},
		"a.wk":        {Data: []byte("fn a() {}")},
		"a/notes.txt": {Data: []byte("{{{")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range lib.Files {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"a/z.wk", "a.wk", "b.wk"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseFSErrors(t *testing.T) {
	_, err := ParseFS(fstest.MapFS{
		"1.wk": {Data: []byte("fn a() {}\nfn a() {}")},
		"2.wk": {Data: []byte("fn a() {}\nformat a \"\" { block 1 chunk 1 ggml 1, 1 weights in 1 bytes }")},
		"3.wk": {Data: []byte("fn b( {}")},
		"4.wk": {Data: []byte("fn b() }")},
	})
	want := `1.wk:2:1: fn a is declared twice, first at 1.wk:1:1
2.wk:1:1: fn a is declared twice, first at 1.wk:1:1
3.wk:1:7: unexpected "{", expected ")"
4.wk:1:8: unexpected "}", expected "{"`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
