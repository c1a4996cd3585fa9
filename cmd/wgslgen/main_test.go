package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wgslgen": main})
}

// TestScripts runs testdata/script/*.txtar; WGSLGEN_UPDATE=1 rewrites what
// they expect of outputs.
func TestScripts(t *testing.T) {
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("WGSLGEN_UPDATE") != "",
		Condition: func(name string) (bool, error) {
			if name != "gpu" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			_, err := native.Adapters()
			return !errors.Is(err, gpu.ErrNoAdapter) || os.Getenv("CI") != "", nil
		},
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, "REPOSITORY="+repository, "GOPROXY=off")
			for _, name := range []string{"XDG_RUNTIME_DIR", "VK_ICD_FILENAMES", "VK_DRIVER_FILES"} { // the Vulkan loader looks for these
				if value, ok := os.LookupEnv(name); ok {
					e.Setenv(name, value)
				}
			}
			for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
				value, err := exec.Command("go", "env", name).Output()
				if err != nil {
					return err
				}
				e.Vars = append(e.Vars, name+"="+strings.TrimSpace(string(value)))
			}
			return nil
		},
	})
}

// TestInterrupt stops a command before its work is done.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"check"}, {"generate", "-o", t.TempDir(), "-package", "p"}, {"list"}} {
		if status := run(ctx, args, streams{strings.NewReader(""), io.Discard, io.Discard}); status != statusInterrupted {
			t.Errorf("%v: status %d, want %d", args, status, statusInterrupted)
		}
	}
}
