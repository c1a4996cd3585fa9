package golden

import (
	"errors"
	"path"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

// errorsSection is the expected report, after the sources.
const errorsSection = "errors"

func TestErrors(t *testing.T) {
	for name, archive := range archives(t, "errors") {
		t.Run(name, func(t *testing.T) {
			got := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				if path.Ext(f.Name) == ".wk" {
					got.Files = append(got.Files, f)
				}
			}
			got.Files = append(got.Files, txtar.File{Name: errorsSection, Data: []byte(report(t, got))})
			compare(t, "errors/"+name+".txtar", archive, got)
		})
	}
}

// report compiles the sources at all points and renders the mistakes.
func report(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	var mistakes ir.Errors
	if err := checkAll(t, archive); !errors.As(err, &mistakes) {
		t.Fatalf("the report is %v, not mistakes", err)
	}
	return mistakes.Render(func(file string) string {
		for _, f := range archive.Files {
			if f.Name == file {
				return string(f.Data)
			}
		}
		return ""
	})
}

func checkAll(t *testing.T, archive *txtar.Archive) error {
	t.Helper()
	fsys, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	lib, err := syntax.ParseFS(fsys)
	if err != nil {
		return err
	}
	if err := pass.CheckDecls(lib); err != nil {
		return err
	}
	jobs, err := emit.Jobs(lib, lib.Kernels(), false)
	if err != nil {
		return err
	}
	return emit.Check(t.Context(), lib, jobs, func() {})
}
