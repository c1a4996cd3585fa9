package syntax

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/wgslgen/wgslgen/ir"
)

// TestErrors compares the report on the source of testdata/*.txtar with the
// section errors.
func TestErrors(t *testing.T) {
	golden(t, "testdata/*.txtar", "errors", report)
}

// TestFormat compares the layout of the source of testdata/format/*.txtar with
// the section formatted.
func TestFormat(t *testing.T) {
	golden(t, "testdata/format/*.txtar", "formatted", func(t *testing.T, src txtar.File) string {
		return formatFile(t, mustParse(t, string(src.Data)))
	})
}

// golden runs f on the first section of each archive and compares what it
// returns with the other one. WGSLGEN_UPDATE=1 writes that instead.
func golden(t *testing.T, pattern, section string, f func(*testing.T, txtar.File) string) {
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
			src := want.Files[0]
			output := txtar.File{Name: section, Data: []byte(f(t, src))}
			got := txtar.Format(&txtar.Archive{Comment: want.Comment, Files: []txtar.File{src, output}})
			if os.Getenv("WGSLGEN_UPDATE") != "" {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			// Comparing whole archives makes a stale section fail as well.
			if diff := cmp.Diff(string(txtar.Format(want)), string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// report renders every mistake of a source; ir.Errors would stop at ten.
func report(t *testing.T, src txtar.File) string {
	_, err := Parse(src.Name, src.Data)
	if err == nil {
		return ""
	}
	var errs ir.Errors
	if !errors.As(err, &errs) {
		t.Fatalf("%T is no ir.Errors: %v", err, err)
	}
	out := ""
	for _, e := range errs {
		out += ir.Errors{e}.Render(func(string) string { return string(src.Data) })
	}
	return out
}
