// Package shared finds the reference data that lies outside the repository, for tests.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the folder of reference data: $WGSLGEN_SHARED, or else ../shared beside the module.
// Where it is absent the test is skipped, or fails if the environment variable CI is set.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("WGSLGEN_SHARED")
	if dir == "" {
		dir = filepath.Join(filepath.Dir(moduleRoot(t)), "shared")
	}
	require(t, dir)
	real, err := filepath.EvalSymlinks(dir) // a walk does not follow a link at its root
	if err != nil {
		t.Fatal(err)
	}
	return real
}

// Path returns a file or folder in Dir. Where it is absent it does as Dir does.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{Dir(t)}, elem...)...)
	require(t, path)
	return path
}

func require(t testing.TB, path string) {
	t.Helper()
	_, err := os.Stat(path)
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("reference data missing, and CI is set: %v", err)
	default:
		t.Skipf("reference data missing: %v", err)
	}
}

// moduleRoot returns the nearest folder, from the working directory upwards, that holds a go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	start, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir := start; ; {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatalf("no go.mod in %s or above it", start)
		}
		dir = parent
	}
}
