package wgpu

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHeaders: the headers here are those of the library that is linked.
func TestHeaders(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cogentcore/webgpu").Output()
	if err != nil {
		t.Skip("cannot ask go where github.com/cogentcore/webgpu lies: ", err)
	}
	for _, name := range []string{"webgpu.h", "wgpu.h"} {
		want, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "wgpu", "lib", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from the module's: copy it again, and look at what changed", name)
		}
	}
}
