//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package wgpu

// #include "shim.h"
import "C"

import "unsafe"

// Instance is one connection to the machine's drivers. Each device has its own,
// so that a device on which wgpu panicked takes no other with it.
type Instance uintptr

// Adapter is a GPU that an instance found.
type Adapter uintptr

// Info describes an adapter.
type Info struct {
	Name       string
	VendorID   uint32
	Type       Type
	Backend    Backend
	Timestamps bool
}

// Type is the kind of an adapter.
type Type uint32

const (
	Discrete   Type = C.WGPUAdapterType_DiscreteGPU
	Integrated Type = C.WGPUAdapterType_IntegratedGPU
	CPU        Type = C.WGPUAdapterType_CPU
)

// Backend is the system interface below an adapter.
type Backend uint32

const (
	Vulkan Backend = C.WGPUBackendType_Vulkan
	Metal  Backend = C.WGPUBackendType_Metal
	D3D12  Backend = C.WGPUBackendType_D3D12
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
	var info C.WGPUAdapterInfo
	var l C.WGPULimits
	timestamps, err := call(func() C.shim_result { return C.shim_adapter_describe(C.uintptr_t(a), &info, &l) })
	if err != nil {
		return Info{}, Limits{}, err
	}
	defer C.wgpuAdapterInfoFreeMembers(info)
	return Info{
			Name:       C.GoString(info.description),
			VendorID:   uint32(info.vendorID),
			Type:       Type(info.adapterType),
			Backend:    Backend(info.backendType),
			Timestamps: timestamps != 0,
		}, Limits{
			MaxBufferSize:       uint64(l.maxBufferSize),
			MaxStorageBinding:   uint64(l.maxStorageBufferBindingSize),
			MaxUniformBinding:   uint64(l.maxUniformBufferBindingSize),
			MaxStorageBuffers:   uint32(l.maxStorageBuffersPerShaderStage),
			StorageOffsetAlign:  uint32(l.minStorageBufferOffsetAlignment),
			UniformOffsetAlign:  uint32(l.minUniformBufferOffsetAlignment),
			MaxWorkgroupStorage: uint32(l.maxComputeWorkgroupStorageSize),
			MaxInvocations:      uint32(l.maxComputeInvocationsPerWorkgroup),
			MaxWorkgroupSizeX:   uint32(l.maxComputeWorkgroupSizeX),
			MaxWorkgroupSizeY:   uint32(l.maxComputeWorkgroupSizeY),
			MaxWorkgroupSizeZ:   uint32(l.maxComputeWorkgroupSizeZ),
			MaxWorkgroupsPerDim: uint32(l.maxComputeWorkgroupsPerDimension),
		}, nil
}

// Release frees the adapter.
func (a Adapter) Release() error {
	return do(func() C.shim_result { return C.shim_adapter_release(C.uintptr_t(a)) })
}
