// The calls that the Go side makes. Each guards itself against abort(), and
// returns what went wrong with its result, so that no error waits in between.
#ifndef WGSLGEN_SHIM_H
#define WGSLGEN_SHIM_H

#include <stddef.h>
#include <stdint.h>

#include "wgpu.h"

enum {
	SHIM_OK,
	SHIM_VALIDATION,
	SHIM_OUT_OF_MEMORY,
	SHIM_LOST,    // the driver lost the device
	SHIM_ABORTED, // wgpu panicked: the device must not be called again
	SHIM_ELSEWHERE, // not called, since wgpu once panicked on this thread
};

// A result is valid where fault is SHIM_OK; otherwise message, which the caller
// frees, may say more.
typedef struct {
	uintptr_t value;
	int32_t fault;
	char *message;
} shim_result;

typedef struct {
	WGPUInstance instance;
	WGPUDevice device;
	WGPUQueue queue;
	uint64_t finished; // submissions
} shim_device;

typedef struct {
	WGPUComputePipeline pipeline;
	WGPUBindGroupLayout layout;
} shim_pipeline;

// A staging buffer and, once a mapping ended, 1 + its WGPUBufferMapAsyncStatus.
typedef struct {
	WGPUBuffer buffer;
	int32_t state;
} shim_staging;

typedef struct {
	uintptr_t buffer;
	uint64_t offset, size;
} shim_binding;

enum { SHIM_DISPATCH, SHIM_DISPATCH_INDIRECT, SHIM_COPY, SHIM_CLEAR };

typedef struct {
	uint32_t kind;
	uint32_t x, y, z;
	uintptr_t pipeline, group; // dispatches
	uintptr_t src, dst;        // src: also the buffer of indirect counts; dst: also what is cleared
	uint64_t src_offset, dst_offset, size;
} shim_op;

void shim_init(void);
void shim_sleep(uint32_t nanoseconds);

shim_result shim_instance_new(void);
shim_result shim_instance_release(uintptr_t instance);
// shim_adapters returns how many there are, which it stores if they fit.
shim_result shim_adapters(uintptr_t instance, uintptr_t *adapters, size_t count);
// shim_adapter_describe returns whether the adapter has timestamps.
shim_result shim_adapter_describe(uintptr_t adapter, WGPUAdapterInfo *info, WGPULimits *limits);
shim_result shim_adapter_release(uintptr_t adapter);

// shim_device_open takes over the instance, also where it fails.
shim_result shim_device_open(uintptr_t instance, uintptr_t adapter, int timestamps);
shim_result shim_device_close(shim_device *device);
// shim_poll lets what is finished call back; its value is the number of
// submissions that are finished.
shim_result shim_poll(shim_device *device);
shim_result shim_submit(shim_device *device, shim_op const *ops, size_t count);
shim_result shim_write(shim_device *device, uintptr_t buffer, uint64_t offset, void const *data, size_t size);

shim_result shim_buffer_new(shim_device *device, uint64_t size, uint32_t usage);
shim_result shim_buffer_release(uintptr_t buffer);
shim_result shim_pipeline_new(shim_device *device, char const *wgsl, char const *entry, WGPUBufferBindingType const *types, size_t count);
shim_result shim_pipeline_release(uintptr_t pipeline);
shim_result shim_group_new(shim_device *device, uintptr_t pipeline, shim_binding const *bindings, size_t count);
shim_result shim_group_release(uintptr_t group);

shim_result shim_staging_new(shim_device *device, uint64_t size);
uintptr_t shim_staging_buffer(uintptr_t staging);
shim_result shim_staging_map(uintptr_t staging, size_t size);
int32_t shim_staging_state(uintptr_t staging);
// shim_staging_take copies a mapped buffer's bytes out and unmaps it.
shim_result shim_staging_take(uintptr_t staging, void *to, size_t size);
shim_result shim_staging_unmap(uintptr_t staging);
shim_result shim_staging_release(uintptr_t staging);

#endif
