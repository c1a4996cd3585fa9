// The calls that the Go side makes. Each guards itself against abort(), and
// returns what went wrong with its result, so that no error waits in between.
// Nothing here depends on which wgpu is linked.
#ifndef WGSLGEN_SHIM_H
#define WGSLGEN_SHIM_H

#include <stddef.h>
#include <stdint.h>

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

enum { SHIM_UNKNOWN_TYPE, SHIM_DISCRETE, SHIM_INTEGRATED, SHIM_CPU };
enum { SHIM_UNKNOWN_BACKEND, SHIM_VULKAN, SHIM_METAL, SHIM_D3D12 };

// What an adapter is and can do.
typedef struct {
	char *name; // the caller frees it
	uint32_t vendor, type, backend;
	uint8_t f16, subgroups, dp4a, timestamps;
} shim_info;

typedef struct {
	uint64_t buffer_size, storage_binding, uniform_binding;
	uint32_t storage_buffers, storage_align, uniform_align;
	uint32_t workgroup_storage, invocations, size_x, size_y, size_z, workgroups;
} shim_limits;

typedef struct shim_device shim_device;

typedef struct {
	uintptr_t buffer, texture; // one of the two
	uint64_t offset, size;     // of a buffer
} shim_binding;

enum { SHIM_DISPATCH, SHIM_DISPATCH_INDIRECT, SHIM_COPY, SHIM_CLEAR, SHIM_TIMESTAMP, SHIM_RESOLVE };

typedef struct {
	uint32_t kind;
	uint32_t x, y, z;          // timestamps: x is the query; resolving: how many from the first
	uintptr_t pipeline, group; // dispatches
	uintptr_t src, dst;        // src: also the buffer of indirect counts, and queries; dst: also what is cleared
	uint64_t src_offset, dst_offset, size;
} shim_op;

void shim_init(void);
// shim_log lets wgpu report warnings and errors to goLog, or nothing.
void shim_log(int on);
void shim_sleep(uint32_t nanoseconds);

shim_result shim_instance_new(void);
shim_result shim_instance_release(uintptr_t instance);
// shim_adapters returns how many there are, which it stores if they fit.
shim_result shim_adapters(uintptr_t instance, uintptr_t *adapters, size_t count);
shim_result shim_adapter_describe(uintptr_t adapter, shim_info *info, shim_limits *limits);
shim_result shim_adapter_release(uintptr_t adapter);

// shim_device_open takes over the instance, also where it fails.
shim_result shim_device_open(uintptr_t instance, uintptr_t adapter);
shim_result shim_device_close(shim_device *device);
// shim_poll lets what is finished call back; its value is the number of
// submissions that are finished.
shim_result shim_poll(shim_device *device);
shim_result shim_submit(shim_device *device, shim_op const *ops, size_t count);
shim_result shim_write(shim_device *device, uintptr_t buffer, uint64_t offset, void const *data, size_t size);

enum { SHIM_STORAGE = 1, SHIM_UNIFORM = 2, SHIM_INDIRECT = 4, SHIM_QUERY_RESOLVE = 8 }; // uses of buffers
enum { SHIM_BIND_UNIFORM, SHIM_BIND_STORAGE, SHIM_BIND_READ_ONLY, SHIM_BIND_TEXELS4, SHIM_BIND_TEXELS8, SHIM_BIND_TEXELS16 };   // types of bindings

shim_result shim_buffer_new(shim_device *device, uint64_t size, uint32_t uses);
shim_result shim_buffer_release(uintptr_t buffer);
// shim_texture_new makes one of u32, with texels of 4, 8 or 16 bytes.
shim_result shim_texture_new(shim_device *device, uint32_t texel, uint32_t width, uint32_t height);
// shim_texture_write fills a rectangle with the bytes of its rows.
shim_result shim_texture_write(shim_device *device, uintptr_t texture, uint32_t x, uint32_t y, uint32_t width, uint32_t height, void const *data, size_t size);
shim_result shim_texture_release(uintptr_t texture);
// shim_pipeline_new leaves runtime checks out of a trusted shader, if wgpu can.
shim_result shim_pipeline_new(shim_device *device, char const *wgsl, char const *entry, int trusted, uint32_t const *types, size_t count);
shim_result shim_pipeline_release(uintptr_t pipeline);
shim_result shim_group_new(shim_device *device, uintptr_t pipeline, shim_binding const *bindings, size_t count);
shim_result shim_group_release(uintptr_t group);
shim_result shim_queries_new(shim_device *device, uint32_t count);
shim_result shim_queries_release(uintptr_t queries);
// shim_timestamp_period returns the nanoseconds of a tick; 0: wgpu doesn't tell.
float shim_timestamp_period(shim_device *device);

enum { SHIM_PENDING, SHIM_MAPPED, SHIM_MAP_FAILED }; // SHIM_MAP_FAILED + a status

shim_result shim_staging_new(shim_device *device, uint64_t size);
uintptr_t shim_staging_buffer(uintptr_t staging);
shim_result shim_staging_map(uintptr_t staging, size_t size);
int32_t shim_staging_state(uintptr_t staging);
// shim_staging_take copies a mapped buffer's bytes out and unmaps it.
shim_result shim_staging_take(uintptr_t staging, void *to, size_t size);
shim_result shim_staging_unmap(uintptr_t staging);
shim_result shim_staging_release(uintptr_t staging);

#endif
