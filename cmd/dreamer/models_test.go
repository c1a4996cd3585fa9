package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
)

// TestEveryModel runs, plans and inspects every model of the reference data.
func TestEveryModel(t *testing.T) {
	if _, err := native.Adapters(); errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "" {
		t.Skip("no WebGPU adapter")
	}
	paths, err := filepath.Glob(filepath.Join(shared.Dir(t), "oracle", "*", "model-*.gguf"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no models", err)
	}
	device := filepath.Join(t.TempDir(), "device.json")
	if err := os.WriteFile(device, []byte(`{"name": "Made Up", "kind": "discrete", "memory": 1073741824}`), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), func(t *testing.T) {
			for _, command := range []struct {
				args []string
				want string // of the output, and of what is said beside it
			}{
				{[]string{"run", "-m", path, "-ctx", "64", "-p", "a", "-n", "2"}, "peak GPU memory"},
				{[]string{"plan", "-m", path, "-device", device}, "of 1024.0 MiB"},
				{[]string{"inspect", path}, "token_embd.weight"},
			} {
				var out, beside bytes.Buffer
				if status := run(command.args, strings.NewReader(""), &out, &beside); status != 0 || !strings.Contains(out.String()+beside.String(), command.want) || strings.Contains(out.String(), "does not fit") {
					t.Errorf("dreamer %q: status %d\n%s%s", command.args, status, &out, &beside)
				}
			}
		})
	}
}
