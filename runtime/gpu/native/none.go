//go:build !(cgo && (linux || darwin || windows) && (amd64 || arm64))

package native

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

var errNone = fmt.Errorf("%w: this build has no native GPU (it needs cgo, on Linux, macOS or Windows)", gpu.ErrNoAdapter)

// Adapters returns an error that wraps gpu.ErrNoAdapter.
func Adapters() ([]gpu.Caps, error) { return nil, errNone }

// Open returns an error that wraps gpu.ErrNoAdapter.
func Open(Options) (gpu.Device, error) { return nil, errNone }
