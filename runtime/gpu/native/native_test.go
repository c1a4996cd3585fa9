//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"errors"
	"os"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/gputest"
)

// needAdapter skips where there is no GPU, not even in software, except in CI.
func needAdapter(t testing.TB) {
	t.Helper()
	_, err := Adapters()
	switch {
	case err == nil:
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skip("no Vulkan, Metal or Direct3D 12 adapter on this machine")
	default:
		t.Fatal(err)
	}
}

func open(t testing.TB) *device {
	t.Helper()
	needAdapter(t)
	d, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d.(*device)
}

func TestConformance(t *testing.T) {
	needAdapter(t)
	gputest.Run(t, func() (gpu.Device, error) { return Open(Options{}) })
}
