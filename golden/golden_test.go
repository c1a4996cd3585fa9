package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

const update = "WGSLGEN_UPDATE"

// compare compares the whole archive at path, so that a stale section fails as
// a wrong one does, or rewrites it.
func compare(t *testing.T, path string, want, got *txtar.Archive) {
	t.Helper()
	before, after := string(txtar.Format(want)), string(txtar.Format(got))
	if os.Getenv(update) != "" {
		if before == after {
			return
		}
		if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(after, "\n")); diff != "" {
		t.Errorf("%s is stale; %s=1 go test ./golden rewrites it (-have +want):\n%s", path, update, diff)
	}
}

// archives reads the txtar files of a folder by their names without extension.
func archives(t *testing.T, dir string) map[string]*txtar.Archive {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files in %s: %v", dir, err)
	}
	out := map[string]*txtar.Archive{}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(path), ".txtar")] = a
	}
	return out
}
