//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package wgpu

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import "unsafe"

// Buffer is a piece of device memory.
type Buffer uintptr

// Usage says how a buffer may be used; every buffer can be copied from and to.
type Usage uint32

const (
	Storage      Usage = C.SHIM_STORAGE
	Uniform      Usage = C.SHIM_UNIFORM
	Indirect     Usage = C.SHIM_INDIRECT
	QueryResolve Usage = C.SHIM_QUERY_RESOLVE
)

// NewBuffer allocates size bytes of zeros.
func (d *Device) NewBuffer(size uint64, usage Usage) (Buffer, error) {
	v, err := call(func() C.shim_result { return C.shim_buffer_new(d.c, C.uint64_t(size), C.uint32_t(usage)) })
	return Buffer(v), err
}

// Release frees the memory once submitted work is done with it.
func (b Buffer) Release() error {
	return do(func() C.shim_result { return C.shim_buffer_release(C.uintptr_t(b)) })
}

// Texture is a two-dimensional array of texels of u32, each a vector of 1, 2 or 4.
type Texture uintptr

// NewTexture allocates texels of 4, 8 or 16 bytes, all zero.
func (d *Device) NewTexture(texel, width, height int) (Texture, error) {
	v, err := call(func() C.shim_result {
		return C.shim_texture_new(d.c, C.uint32_t(texel), C.uint32_t(width), C.uint32_t(height))
	})
	return Texture(v), err
}

// Release frees the memory once submitted work is done with it, and all groups
// that bind it are released.
func (t Texture) Release() error {
	return do(func() C.shim_result { return C.shim_texture_release(C.uintptr_t(t)) })
}

// Pipeline is a compute pipeline with the layout of its one bind group.
type Pipeline uintptr

// BindingType says how a shader declares a binding.
type BindingType uint32

const (
	UniformBinding  BindingType = C.SHIM_BIND_UNIFORM
	StorageBinding  BindingType = C.SHIM_BIND_STORAGE
	ReadOnlyBinding BindingType = C.SHIM_BIND_READ_ONLY
	Texel4Binding   BindingType = C.SHIM_BIND_TEXELS4
	Texel8Binding   BindingType = C.SHIM_BIND_TEXELS8
	Texel16Binding  BindingType = C.SHIM_BIND_TEXELS16
)

// NewPipeline compiles a shader. The text must be UTF-8 without NUL. Of a trusted
// shader, what checks indices and loops at run time may be left out.
func (d *Device) NewPipeline(wgsl, entry string, trusted bool, bindings []BindingType) (Pipeline, error) {
	source, name := C.CString(wgsl), C.CString(entry)
	defer C.free(unsafe.Pointer(source))
	defer C.free(unsafe.Pointer(name))
	flag := C.int(0)
	if trusted {
		flag = 1
	}
	types := (*C.uint32_t)(unsafe.Pointer(unsafe.SliceData(bindings)))
	v, err := call(func() C.shim_result {
		return C.shim_pipeline_new(d.c, source, name, flag, types, C.size_t(len(bindings)))
	})
	return Pipeline(v), err
}

// Release frees the pipeline.
func (p Pipeline) Release() error {
	return do(func() C.shim_result { return C.shim_pipeline_release(C.uintptr_t(p)) })
}

// Group binds buffers and textures to a pipeline's layout.
type Group uintptr

// Binding is a range of a buffer, never empty, or else a texture; it mirrors
// shim_binding.
type Binding struct {
	Buffer       Buffer
	Texture      Texture // where Buffer is 0
	Offset, Size uint64
}

// NewGroup binds ranges in binding order.
func (d *Device) NewGroup(p Pipeline, bindings []Binding) (Group, error) {
	ranges := (*C.shim_binding)(unsafe.Pointer(unsafe.SliceData(bindings)))
	v, err := call(func() C.shim_result { return C.shim_group_new(d.c, C.uintptr_t(p), ranges, C.size_t(len(bindings))) })
	return Group(v), err
}

// Release frees the group.
func (g Group) Release() error {
	return do(func() C.shim_result { return C.shim_group_release(C.uintptr_t(g)) })
}

// Queries are places for timestamps.
type Queries uintptr

// NewQueries makes count places, each to be written once.
func (d *Device) NewQueries(count int) (Queries, error) {
	v, err := call(func() C.shim_result { return C.shim_queries_new(d.c, C.uint32_t(count)) })
	return Queries(v), err
}

// Release frees the places.
func (q Queries) Release() error {
	return do(func() C.shim_result { return C.shim_queries_release(C.uintptr_t(q)) })
}
