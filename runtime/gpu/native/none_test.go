//go:build !(cgo && (linux || darwin || windows) && (amd64 || arm64))

package native

import (
	"errors"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

func TestNone(t *testing.T) {
	if _, err := Open(Options{}); !errors.Is(err, gpu.ErrNoAdapter) {
		t.Errorf("Open: %v, want %v", err, gpu.ErrNoAdapter)
	}
	if _, err := Adapters(); !errors.Is(err, gpu.ErrNoAdapter) {
		t.Errorf("Adapters: %v, want %v", err, gpu.ErrNoAdapter)
	}
}
