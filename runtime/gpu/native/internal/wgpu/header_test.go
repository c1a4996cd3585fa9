package wgpu

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHeaders: the headers here are those of the libraries that are linked.
func TestHeaders(t *testing.T) {
	for _, c := range []struct{ module, lib, here string }{
		{"github.com/cogentcore/webgpu", "wgpu/lib", "wgpu0.19"},
		{"github.com/oliverbestmann/webgpu", "wgpu/lib/linux/amd64", "wgpu29"},
	} {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", c.module).Output()
		if err != nil {
			t.Skipf("cannot ask go where %s lies: %v", c.module, err)
		}
		for _, name := range []string{"webgpu.h", "wgpu.h"} {
			want, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), c.lib, name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(c.here, name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s/%s differs from the module's: copy it again, and look at what changed", c.here, name)
			}
		}
	}
}
