//go:build cgo && !wgpu29 && (linux || darwin || windows) && (amd64 || arm64)

package wgpu

import _ "github.com/cogentcore/webgpu/wgpu" // links the library
