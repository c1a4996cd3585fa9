//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package wgpu

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import "unsafe"

// Instance is one connection to the machine's drivers. Each device has its own,
// so that a device on which wgpu panicked takes no other with it.
type Instance uintptr

// Adapter is a GPU that an instance found.
type Adapter uintptr

// Info describes an adapter.
type Info struct {
	Name                             string
	VendorID                         uint32
	Type                             Type
	Backend                          Backend
	F16, Subgroups, DP4A, Timestamps bool
}

// Type is the kind of an adapter.
type Type uint32

const (
	Discrete   Type = C.SHIM_DISCRETE
	Integrated Type = C.SHIM_INTEGRATED
	CPU        Type = C.SHIM_CPU
)

// Backend is the system interface below an adapter.
type Backend uint32

const (
	Vulkan Backend = C.SHIM_VULKAN
	Metal  Backend = C.SHIM_METAL
	D3D12  Backend = C.SHIM_D3D12
)

// Limits are those that compute needs.
type Limits struct {
	MaxBufferSize, MaxStorageBinding, MaxUniformBinding       uint64
	MaxStorageBuffers, StorageOffsetAlign, UniformOffsetAlign uint32
	MaxWorkgroupStorage, MaxInvocations                       uint32
	MaxWorkgroupSizeX, MaxWorkgroupSizeY, MaxWorkgroupSizeZ   uint32
	MaxWorkgroupsPerDim                                       uint32
}

// NewInstance loads the drivers.
func NewInstance() (Instance, error) {
	v, err := call(func() C.shim_result { return C.shim_instance_new() })
	return Instance(v), err
}

// Release frees the instance, unless a device took it over.
func (i Instance) Release() error {
	return do(func() C.shim_result { return C.shim_instance_release(C.uintptr_t(i)) })
}

// Adapters finds the GPUs, each to be released.
func (i Instance) Adapters() ([]Adapter, error) {
	found := make([]Adapter, 16)
	for {
		n, err := call(func() C.shim_result {
			return C.shim_adapters(C.uintptr_t(i), (*C.uintptr_t)(unsafe.Pointer(unsafe.SliceData(found))), C.size_t(len(found)))
		})
		if err != nil {
			return nil, err
		}
		if int(n) <= len(found) {
			return found[:n], nil
		}
		found = make([]Adapter, n)
	}
}

// Describe says what the adapter is and the most it grants.
func (a Adapter) Describe() (Info, Limits, error) {
	var info C.shim_info
	var l C.shim_limits
	if err := do(func() C.shim_result { return C.shim_adapter_describe(C.uintptr_t(a), &info, &l) }); err != nil {
		return Info{}, Limits{}, err
	}
	defer C.free(unsafe.Pointer(info.name))
	return Info{
			Name:       C.GoString(info.name),
			VendorID:   uint32(info.vendor),
			Type:       Type(info._type),
			Backend:    Backend(info.backend),
			F16:        info.f16 != 0,
			Subgroups:  info.subgroups != 0,
			DP4A:       info.dp4a != 0,
			Timestamps: info.timestamps != 0,
		}, Limits{
			MaxBufferSize:       uint64(l.buffer_size),
			MaxStorageBinding:   uint64(l.storage_binding),
			MaxUniformBinding:   uint64(l.uniform_binding),
			MaxStorageBuffers:   uint32(l.storage_buffers),
			StorageOffsetAlign:  uint32(l.storage_align),
			UniformOffsetAlign:  uint32(l.uniform_align),
			MaxWorkgroupStorage: uint32(l.workgroup_storage),
			MaxInvocations:      uint32(l.invocations),
			MaxWorkgroupSizeX:   uint32(l.size_x),
			MaxWorkgroupSizeY:   uint32(l.size_y),
			MaxWorkgroupSizeZ:   uint32(l.size_z),
			MaxWorkgroupsPerDim: uint32(l.workgroups),
		}, nil
}

// Release frees the adapter.
func (a Adapter) Release() error {
	return do(func() C.shim_result { return C.shim_adapter_release(C.uintptr_t(a)) })
}
