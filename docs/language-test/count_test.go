package languagetest

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/templates"
)

const comparison = "../language-test.md"

// TestComparison recounts the table of the comparison. WGSLGEN_UPDATE=1
// rewrites it.
func TestComparison(t *testing.T) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, s := range subjects {
		table.WriteString(row(t, lib, s))
	}
	page, err := os.ReadFile(comparison)
	if err != nil {
		t.Fatal(err)
	}
	at := counts.FindSubmatchIndex(page)
	if at == nil {
		t.Fatalf("%s has no table of counts", comparison)
	}
	rewrite(t, comparison, string(page), string(page[:at[2]])+table.String()+string(page[at[3]:]))
}

// counts finds the lines of the table.
var counts = regexp.MustCompile(`(?m)^\| kernel \| body.*\n\|[-|]+\n((?:\|.*\n)*)`)

func row(t *testing.T, lib *ir.Library, s subject) string {
	t.Helper()
	k := lib.Kernel(s.kernel)
	points := 0
	err := pass.Points(lib, k, func(ir.Point, []pass.Need) bool { points++; return true })
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := pass.ShippedPoints(lib, k)
	if err != nil {
		t.Fatal(err)
	}
	point, err := emit.ParsePoint(lib, k, s.point)
	if err != nil {
		t.Fatal(err)
	}
	u, err := pass.Compile(lib, k, point, "specialize")
	if err != nil {
		t.Fatal(err)
	}
	called := map[*ir.Func]bool{}
	reach(lib, lib.Format(point["W"].Word), u.Kernel.Body, called)
	var functions size
	for f := range called {
		functions = functions.plus(measure(lines(t, f.Pos, f.Pos.Line, f.End.Line)))
	}
	hand, err := byHand(s)
	if err != nil {
		t.Fatal(err)
	}
	start := regexp.MustCompile(`(?m)^(fn|@compute)`).FindStringIndex(hand.Text)[0]
	return fmt.Sprintf("| %s | %v | %v | %v | %v | %v | %d | %d |\n", s.kernel,
		measure(lines(t, k.Pos, k.BodyPos.Line+1, k.BodyEnd.Line-1)), functions, measure(hand.Text[start:]),
		measure(lines(t, k.Pos, k.Pos.Line, k.End.Line)), measure(hand.Text), points, len(shipped))
}

// reach collects the functions that statements call, those of a format included.
func reach(lib *ir.Library, format *ir.Format, body []ir.Stmt, called map[*ir.Func]bool) {
	ir.Inspect(body, nil, func(e ir.Expr) {
		c, ok := e.(*ir.Call)
		if !ok {
			return
		}
		f := lib.Func(c.Func)
		if format != nil && format.Func(c.Func) != nil {
			f = format.Func(c.Func)
		}
		if f != nil && !called[f] {
			called[f] = true
			reach(lib, format, f.Body, called)
		}
	})
}

// lines returns some lines of a source.
func lines(t *testing.T, file ir.Pos, from, to int) string {
	t.Helper()
	text, err := fs.ReadFile(templates.FS, file.File)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Split(string(text), "\n")[from-1:to], "\n")
}

// size is how much text there is: lines that hold more than a comment, and
// tokens.
type size struct{ lines, tokens int }

func (s size) plus(o size) size { return size{s.lines + o.lines, s.tokens + o.tokens} }

func (s size) String() string {
	if s.tokens == 0 {
		return ""
	}
	return fmt.Sprintf("%d / %d", s.lines, s.tokens)
}

var (
	comment = regexp.MustCompile(`//.*`)
	token   = regexp.MustCompile(`"[^"]*"|\w+(\.\d+)?(e-?\d+)?|<<=|>>=|=>|->|\.\.|\|\||&&|==|!=|<=|>=|<<|>>|\+\+|[-+*/|&^]=|\S`)
)

func measure(text string) (s size) {
	for line := range strings.Lines(comment.ReplaceAllString(text, "")) {
		if strings.TrimSpace(line) != "" {
			s.lines++
			s.tokens += len(token.FindAllString(line, -1))
		}
	}
	return s
}
