package emit_test

import (
	"context"
	"sync"
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
	all := compileAll(t)
	profiles, err := profile.ReadFolder("../tuner/profiles")
	if err != nil {
		t.Fatal(err)
	}
	files, err := emit.Render(all.library, all.variants, "generated", profiles)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := emit.Compare("../generated", files)
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

// shipped is the library and its shipped variants.
type shipped struct {
	library  *ir.Library
	variants map[*ir.Kernel][]*emit.Variant
}

// compileAll takes a minute, and compiles once.
func compileAll(t *testing.T) shipped {
	t.Helper()
	all, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var compiled = sync.OnceValues(func() (all shipped, err error) {
	if all.library, err = syntax.ParseFS(templates.FS); err != nil {
		return all, err
	}
	all.variants, err = emit.Compile(context.Background(), all.library)
	return all, err
})
