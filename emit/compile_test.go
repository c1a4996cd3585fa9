package emit_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

// TestFunctionOfTwoTypes: uses of a function shared their literals once, and
// with them the type that the last use gave.
func TestFunctionOfTwoTypes(t *testing.T) {
	lib, err := syntax.ParseFS(fstest.MapFS{"k.wk": {Data: []byte(`
fn twice(v) -> f32 {
  return f32(v * 2)
}

kernel k "k" {
  shape n
  in  a: f32[n]
  in  b: u32[n]
  out y: f32[n]
  workgroup 1
  grid n
  body { y[workgroup.x] = twice(a[workgroup.x]) + twice(b[workgroup.x]) }
}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := emit.WGSL(lib, lib.Kernel("k"), ir.Point{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"f32(v * 2.0) + f32(v_2 * 2u)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
