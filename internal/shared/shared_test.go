package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// outcome records how a helper ended instead of ending the test.
type outcome struct {
	testing.TB
	result string
}

func (o *outcome) Helper() {}

func (o *outcome) Skipf(string, ...any) {
	o.result = "skip"
	panic(o)
}

func (o *outcome) Fatalf(string, ...any) {
	o.result = "fail"
	panic(o)
}

// run calls f and returns how it ended: "ok", "skip" or "fail".
func run(t *testing.T, f func(testing.TB)) (result string) {
	o := &outcome{TB: t, result: "ok"}
	defer func() {
		if r := recover(); r != nil && r != any(o) {
			panic(r)
		}
		result = o.result
	}()
	f(o)
	return
}

func TestDir(t *testing.T) {
	present := t.TempDir()
	if err := os.WriteFile(filepath.Join(present, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, dir, ci, elem, want string
	}{
		{"present", present, "", "", "ok"},
		{"present in CI", present, "1", "", "ok"},
		{"absent", filepath.Join(present, "no"), "", "", "skip"},
		{"absent in CI", filepath.Join(present, "no"), "1", "", "fail"},
		{"file present", present, "1", "file", "ok"},
		{"file absent", present, "", "no", "skip"},
		{"file absent in CI", present, "1", "no", "fail"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("WGSLGEN_SHARED", test.dir)
			t.Setenv("CI", test.ci)
			got := run(t, func(tb testing.TB) {
				if test.elem == "" {
					Dir(tb)
				} else {
					Path(tb, test.elem)
				}
			})
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
