//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package wgpu

// #include "shim.h"
import "C"

import (
	"context"
	"log/slog"
	"strings"
)

// SetLogging hands wgpu's log to slog at debug level if that is enabled now, for
// the whole process, and otherwise silences it.
func SetLogging() {
	on := C.int(0)
	if slog.Default().Enabled(context.Background(), slog.LevelDebug) {
		on = 1
	}
	C.shim_log(on)
}

//export goLog
func goLog(level int32, message *C.char, length C.size_t) {
	names := []string{1: "error", 2: "warn"}
	slog.Debug("wgpu", "level", names[level], "message", strings.TrimSpace(C.GoStringN(message, C.int(length))))
}
