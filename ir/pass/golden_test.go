package pass_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

// TestPasses compares what passes make of the source of testdata/*.txtar with
// the sections that bear their names, and what the finished kernel demands with
// section demands. A section point fixes axes that have several values.
func TestPasses(t *testing.T) {
	golden(t, "testdata/*.txtar", func(t *testing.T, src txtar.File, point, section string) string {
		lib := parse(t, src)
		if err := pass.CheckDecls(lib); err != nil {
			t.Fatal(err)
		}
		k := lib.Kernels()[0]
		if section == "demands" {
			u, err := pass.Compile(lib, k, pointOf(t, lib, k, point), "")
			if err != nil {
				t.Fatal(err)
			}
			return demands(u)
		}
		u, err := pass.Compile(lib, k, pointOf(t, lib, k, point), section)
		if err != nil {
			t.Fatal(err)
		}
		return ir.FormatKernel(u.Kernel)
	})
}

// TestErrors compares the report on the source of testdata/errors/*.txtar with
// the section errors.
func TestErrors(t *testing.T) {
	golden(t, "testdata/errors/*.txtar", func(t *testing.T, src txtar.File, point, _ string) string {
		lib := parse(t, src)
		err := pass.CheckDecls(lib)
		for _, k := range lib.Kernels() {
			if err == nil {
				_, err = pass.ShippedPoints(lib, k)
			}
			if err == nil {
				_, err = pass.Compile(lib, k, pointOf(t, lib, k, point), "")
			}
		}
		var errs ir.Errors
		if !errors.As(err, &errs) {
			t.Fatalf("%v is no ir.Errors", err)
		}
		return errs.Render(func(string) string { return string(src.Data) })
	})
}

func parse(t *testing.T, src txtar.File) *ir.Library {
	t.Helper()
	f, err := syntax.Parse(src.Name, src.Data)
	if err != nil {
		t.Fatal(err)
	}
	return &ir.Library{Files: []*ir.File{f}}
}

// pointOf reads axis=value, …; the first admitted value stands for an axis
// that text leaves out.
func pointOf(t *testing.T, lib *ir.Library, k *ir.Kernel, text string) ir.Point {
	t.Helper()
	want := ir.Point{}
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \n", r) }) {
		axis, value, _ := strings.Cut(s, "=")
		want[axis] = ir.WordValue(value)
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			want[axis] = ir.IntValue(n)
		}
	}
	var found ir.Point
	if err := pass.Points(lib, k, func(p ir.Point, _ []pass.Need) bool {
		for axis, v := range want {
			if p[axis] != v {
				return true
			}
		}
		found = p
		return false
	}); err != nil {
		t.Fatal(err)
	}
	if found == nil {
		t.Fatalf("kernel %s has no point %s", k.Name, text)
	}
	return found
}

func demands(u *pass.Unit) string {
	out := fmt.Sprintf("workgroup of %d, %d bytes of shared memory\n", u.GroupSize, u.SharedBytes)
	for _, f := range u.Features {
		out += "feature " + f + "\n"
	}
	for _, n := range u.Needs {
		out += fmt.Sprintf("%s of %d\n", n.Limit, n.Least)
	}
	return out
}

// golden makes every section of an archive but the source and the point anew,
// and compares. WGSLGEN_UPDATE=1 writes them instead.
func golden(t *testing.T, pattern string, f func(t *testing.T, src txtar.File, point, section string) string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := &txtar.Archive{Comment: want.Comment}
			point := ""
			for _, file := range want.Files {
				switch file.Name {
				case "source.wk":
				case "point":
					point = string(file.Data)
				default:
					file.Data = []byte(f(t, want.Files[0], point, file.Name))
				}
				got.Files = append(got.Files, file)
			}
			if os.Getenv("WGSLGEN_UPDATE") != "" {
				if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(want)), string(txtar.Format(got))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
