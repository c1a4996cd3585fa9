//go:build cgo && wgpu29 && (linux || darwin || windows) && (amd64 || arm64)

package wgpu

import _ "github.com/oliverbestmann/webgpu/wgpu" // links the library
