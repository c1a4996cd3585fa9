package syntax

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/wgslgen/wgslgen/ir"
)

// sameTree compares trees without positions, found types and spellings.
var sameTree = cmp.Options{
	cmp.FilterPath(func(p cmp.Path) bool {
		f, ok := p.Last().(cmp.StructField)
		return ok && (f.Name() == "exprBase" || f.Name() == "Text" && p.Index(-2).Type() == reflect.TypeFor[ir.Lit]() || p.Last().Type() == reflect.TypeFor[ir.Pos]())
	}, cmp.Ignore()),
}

func formatFile(t *testing.T, f *ir.File) string {
	t.Helper()
	var b strings.Builder
	if err := ir.FormatFile(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func mustParse(t *testing.T, src string) *ir.File {
	t.Helper()
	f, err := Parse("test.wk", []byte(src))
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, src)
	}
	return f
}

func TestRandomRoundTrip(t *testing.T) {
	for seed := range uint64(100) {
		want := random{rand.New(rand.NewPCG(seed, 0))}.file()
		src := formatFile(t, want)
		got := mustParse(t, src)
		if diff := cmp.Diff(want.Decls, got.Decls, sameTree); diff != "" {
			t.Fatalf("seed %d: another tree (-want +got):\n%s\nfrom\n%s", seed, diff, src)
		}
		if again := formatFile(t, got); again != src {
			t.Fatalf("seed %d: another source (-want +got):\n%s", seed, cmp.Diff(src, again))
		}
		for _, d := range got.Decls {
			if k, ok := d.(*ir.Kernel); ok {
				checkFormatKernel(t, k)
			}
		}
	}
}

// checkFormatKernel checks that positions make no difference.
func checkFormatKernel(t *testing.T, k *ir.Kernel) {
	t.Helper()
	src := ir.FormatKernel(k)
	again, ok := mustParse(t, src).Decls[0].(*ir.Kernel)
	if !ok || ir.FormatKernel(again) != src {
		t.Fatalf("FormatKernel is no fixpoint:\n%s", cmp.Diff(src, ir.FormatKernel(again)))
	}
}

// TestRandomLayout scatters line breaks and comments over sources.
func TestRandomLayout(t *testing.T) {
	separators := []string{" ", " ", " ", " ", " ", "\n", "\n\n\n", " // trail\n", "\n// own\n", " // a\n\n// b\n// c\n"}
	for _, src := range sources(t) {
		want, err := Parse("source.wk", []byte(src))
		if err != nil {
			continue
		}
		for seed := range uint64(5) {
			r := random{rand.New(rand.NewPCG(seed, 0))}
			var b strings.Builder
			for _, tok := range scan("source.wk", src).tokens {
				b.WriteString(tok.Value + pick(r, separators))
			}
			got := checkFixpoint(t, b.String())
			if diff := cmp.Diff(want.Decls, got.Decls, sameTree); diff != "" {
				t.Errorf("another tree (-want +got):\n%s", diff)
			}
			if t.Failed() {
				t.FailNow()
			}
		}
	}
}

// FuzzParse checks that Parse never panics, and what it accepts with
// checkFixpoint.
func FuzzParse(f *testing.F) {
	for _, src := range sources(f) {
		f.Add(src)
	}
	f.Add(" fn A(0")
	f.Fuzz(func(t *testing.T, src string) {
		if _, err := Parse("fuzz.wk", []byte(src)); err == nil {
			checkFixpoint(t, src)
		}
	})
}

// checkFixpoint checks that src is printed as a source of the same tree with
// the same comments, and that printing again changes nothing.
func checkFixpoint(t *testing.T, src string) *ir.File {
	t.Helper()
	file := mustParse(t, src)
	once := formatFile(t, file)
	again := mustParse(t, once)
	if diff := cmp.Diff(file.Decls, again.Decls, sameTree); diff != "" {
		t.Errorf("another tree (-want +got):\n%s", diff)
	}
	if len(file.Comments) != len(again.Comments) {
		t.Errorf("%d comments became %d", len(file.Comments), len(again.Comments))
	}
	if twice := formatFile(t, again); twice != once {
		t.Errorf("printing again changes it (-once +twice):\n%s", cmp.Diff(once, twice))
	}
	if t.Failed() {
		t.Logf("source:\n%s\nprinted:\n%s", src, once)
	}
	return file
}

// sources returns the kernels of the repository and those of the golden cases.
func sources(t testing.TB) []string {
	var out []string
	for _, pattern := range []string{"../../templates/*.wk", "../../templates/*/*.wk", "testdata/*.txtar", "testdata/*/*.txtar"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(path) == ".txtar" {
				data = txtar.Parse(data).Files[0].Data
			}
			out = append(out, string(data))
		}
	}
	return out
}
