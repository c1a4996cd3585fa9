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
	level := C.WGPULogLevel(C.WGPULogLevel_Off)
	if slog.Default().Enabled(context.Background(), slog.LevelDebug) {
		level = C.WGPULogLevel_Warn // what is below tells each step
	}
	C.wgpuSetLogLevel(level)
}

//export goLog
func goLog(level int32, message *C.char) {
	names := map[int32]string{C.WGPULogLevel_Error: "error", C.WGPULogLevel_Warn: "warn"}
	slog.Debug("wgpu", "level", names[level], "message", strings.TrimSpace(C.GoString(message)))
}
