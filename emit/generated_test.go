package emit_test

import (
	"testing"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/templates"
)

// TestGeneratedIsFresh fails where generated/ is not what the templates give;
// so it would if they did not always give the same.
func TestGeneratedIsFresh(t *testing.T) {
	changes, err := emit.Compare("../generated", generate(t, library(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		t.Errorf("generated/%s is stale: run go generate ./templates", c.Name)
	}
}

func library(t *testing.T) *ir.Library {
	t.Helper()
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func generate(t *testing.T, lib *ir.Library) emit.Files {
	t.Helper()
	profiles, err := profile.ReadFolder("../tuner/profiles")
	if err != nil {
		t.Fatal(err)
	}
	files, err := emit.Generate(t.Context(), lib, "generated", profiles)
	if err != nil {
		t.Fatal(err)
	}
	return files
}
