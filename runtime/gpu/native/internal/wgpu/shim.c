//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

#include "shim.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _WIN32
#include <windows.h>
#endif

#include "api.h"
#include "guard.h"

struct shim_device {
	WGPUInstance instance;
	WGPUDevice device;
	WGPUQueue queue;
	uint64_t finished; // submissions
};

typedef struct {
	WGPUComputePipeline pipeline;
	WGPUBindGroupLayout layout;
} shim_pipeline;

typedef struct {
	WGPUTexture texture;
	WGPUTextureView view;
} shim_texture;

// A staging buffer, and what its mapping came to.
typedef struct {
	WGPUBuffer buffer;
	int32_t state;
} shim_staging;

// wgpu reports errors through callbacks, on the calling thread and before the
// call returns: the first is kept here until the call hands it back.
static _Thread_local struct {
	int32_t fault;
	char *message;
} noted;

void note(int32_t fault, char const *message, size_t length) {
	if (!noted.fault) {
		noted.fault = fault;
		noted.message = message ? calloc(length + 1, 1) : NULL;
		if (noted.message) {
			memcpy(noted.message, message, length);
		}
	}
}

static shim_result done(uintptr_t value) {
	UNGUARD();
	shim_result result = {value, noted.fault, noted.message};
	noted.fault = SHIM_OK;
	noted.message = NULL;
	return result;
}

static shim_result aborted(void) {
	static char const message[] = "wgpu panicked (its message is on standard error)";
	free(noted.message);
	noted.fault = SHIM_OK;
	note(SHIM_ABORTED, message, sizeof message - 1);
	return done(0);
}

#define GUARDED GUARD(aborted(), ((shim_result){.fault = SHIM_ELSEWHERE}))

void shim_init(void) {
	api_log_to_go();
	guard_install();
}

void shim_log(int on) { // what is below warnings tells each step
	wgpuSetLogLevel(on ? WGPULogLevel_Warn : WGPULogLevel_Off);
}

void shim_sleep(uint32_t nanoseconds) {
#ifdef _WIN32
	Sleep((nanoseconds + 999999) / 1000000);
#else
	struct timespec duration = {.tv_nsec = nanoseconds};
	nanosleep(&duration, NULL);
#endif
}

shim_result shim_instance_new(void) {
	GUARDED;
	return done((uintptr_t)api_instance());
}

shim_result shim_instance_release(uintptr_t instance) {
	GUARDED;
	wgpuInstanceRelease((WGPUInstance)instance);
	return done(0);
}

shim_result shim_adapters(uintptr_t instance, uintptr_t *adapters, size_t count) {
	GUARDED;
	WGPUInstanceEnumerateAdapterOptions options = {.backends = API_BACKENDS};
	size_t found = wgpuInstanceEnumerateAdapters((WGPUInstance)instance, &options, NULL);
	if (found > 0 && found <= count) {
		found = wgpuInstanceEnumerateAdapters((WGPUInstance)instance, &options, (WGPUAdapter *)adapters);
	}
	return done(found);
}

static uint32_t type_of(WGPUAdapterType type) {
	switch (type) {
	case WGPUAdapterType_DiscreteGPU:
		return SHIM_DISCRETE;
	case WGPUAdapterType_IntegratedGPU:
		return SHIM_INTEGRATED;
	case WGPUAdapterType_CPU:
		return SHIM_CPU;
	default:
		return SHIM_UNKNOWN_TYPE;
	}
}

static uint32_t backend_of(WGPUBackendType backend) {
	switch (backend) {
	case WGPUBackendType_Vulkan:
		return SHIM_VULKAN;
	case WGPUBackendType_Metal:
		return SHIM_METAL;
	case WGPUBackendType_D3D12:
		return SHIM_D3D12;
	default:
		return SHIM_UNKNOWN_BACKEND;
	}
}

shim_result shim_adapter_describe(uintptr_t adapter, shim_info *info, shim_limits *limits) {
	GUARDED;
	WGPUAdapterType type;
	WGPUBackendType backend;
	api_info((WGPUAdapter)adapter, info, &type, &backend);
	info->type = type_of(type);
	info->backend = backend_of(backend);
	WGPULimits l;
	api_limits((WGPUAdapter)adapter, &l);
	*limits = (shim_limits){
		.buffer_size = l.maxBufferSize,
		.storage_binding = l.maxStorageBufferBindingSize,
		.uniform_binding = l.maxUniformBufferBindingSize,
		.storage_buffers = l.maxStorageBuffersPerShaderStage,
		.storage_align = l.minStorageBufferOffsetAlignment,
		.uniform_align = l.minUniformBufferOffsetAlignment,
		.workgroup_storage = l.maxComputeWorkgroupStorageSize,
		.invocations = l.maxComputeInvocationsPerWorkgroup,
		.size_x = l.maxComputeWorkgroupSizeX,
		.size_y = l.maxComputeWorkgroupSizeY,
		.size_z = l.maxComputeWorkgroupSizeZ,
		.workgroups = l.maxComputeWorkgroupsPerDimension,
	};
	return done(0);
}

shim_result shim_adapter_release(uintptr_t adapter) {
	GUARDED;
	wgpuAdapterRelease((WGPUAdapter)adapter);
	return done(0);
}

shim_result shim_device_open(uintptr_t instance, uintptr_t adapter) {
	GUARDED;
	shim_info info = {0};
	WGPUAdapterType type;
	WGPUBackendType backend;
	api_info((WGPUAdapter)adapter, &info, &type, &backend);
	free(info.name);
	WGPULimits limits;
	api_limits((WGPUAdapter)adapter, &limits);
	WGPUDevice device = api_device((WGPUInstance)instance, (WGPUAdapter)adapter, &limits, &info);
	if (!device) {
		note(SHIM_VALIDATION, NULL, 0);
		wgpuInstanceRelease((WGPUInstance)instance);
		return done(0);
	}
	shim_device *opened = calloc(1, sizeof *opened);
	opened->instance = (WGPUInstance)instance;
	opened->device = device;
	opened->queue = wgpuDeviceGetQueue(device);
	return done((uintptr_t)opened);
}

shim_result shim_device_close(shim_device *device) {
	GUARDED;
	wgpuQueueRelease(device->queue);
	wgpuDeviceRelease(device->device);
	wgpuInstanceRelease(device->instance);
	free(device);
	return done(0);
}

// Never does it wait: after five seconds of waiting wgpu takes work for finished
// that is not, hands out mappings of bytes that are not there and frees what the
// GPU still uses.
shim_result shim_poll(shim_device *device) {
	GUARDED;
	wgpuDevicePoll(device->device, 0, NULL);
	return done(__atomic_load_n(&device->finished, __ATOMIC_ACQUIRE));
}

// A pass is released as it ends: one that still exists at the submission aborts.
static void end_pass(WGPUComputePassEncoder *pass) {
	if (*pass) {
		wgpuComputePassEncoderEnd(*pass);
		wgpuComputePassEncoderRelease(*pass);
		*pass = NULL;
	}
}

static void encode(WGPUCommandEncoder encoder, shim_op const *ops, size_t count) {
	WGPUComputePassEncoder pass = NULL;
	uintptr_t pipeline = 0, group = 0;
	for (shim_op const *op = ops; op < ops + count; op++) {
		switch (op->kind) {
		case SHIM_DISPATCH:
		case SHIM_DISPATCH_INDIRECT:
			if (!pass) {
				pass = wgpuCommandEncoderBeginComputePass(encoder, NULL);
				pipeline = group = 0;
			}
			if (op->pipeline != pipeline) {
				pipeline = op->pipeline;
				wgpuComputePassEncoderSetPipeline(pass, ((shim_pipeline *)pipeline)->pipeline);
			}
			if (op->group != group) {
				group = op->group;
				wgpuComputePassEncoderSetBindGroup(pass, 0, (WGPUBindGroup)group, 0, NULL);
			}
			if (op->kind == SHIM_DISPATCH) {
				wgpuComputePassEncoderDispatchWorkgroups(pass, op->x, op->y, op->z);
			} else {
				wgpuComputePassEncoderDispatchWorkgroupsIndirect(pass, (WGPUBuffer)op->src, op->src_offset);
			}
			break;
		case SHIM_COPY:
			end_pass(&pass);
			wgpuCommandEncoderCopyBufferToBuffer(encoder, (WGPUBuffer)op->src, op->src_offset, (WGPUBuffer)op->dst, op->dst_offset, op->size);
			break;
		case SHIM_CLEAR:
			end_pass(&pass);
			wgpuCommandEncoderClearBuffer(encoder, (WGPUBuffer)op->dst, op->dst_offset, op->size);
			break;
		case SHIM_TIMESTAMP:
			end_pass(&pass);
			wgpuCommandEncoderWriteTimestamp(encoder, (WGPUQuerySet)op->src, op->x);
			break;
		case SHIM_RESOLVE:
			end_pass(&pass);
			wgpuCommandEncoderResolveQuerySet(encoder, (WGPUQuerySet)op->src, 0, op->x, (WGPUBuffer)op->dst, op->dst_offset);
			break;
		}
	}
	end_pass(&pass);
}

// Submissions finish in order, so that counting them is enough.
static void submit(shim_device *device, size_t count, WGPUCommandBuffer const *commands) {
	wgpuQueueSubmit(device->queue, count, commands);
	api_count(device->queue, &device->finished);
}

// shim_submit plays ops as one submission (none at all still sends off what was
// written). After an error that is not an abort, nothing was submitted.
shim_result shim_submit(shim_device *device, shim_op const *ops, size_t count) {
	GUARDED;
	if (count == 0) {
		submit(device, 0, NULL);
		return done(0);
	}
	WGPUCommandEncoder encoder = wgpuDeviceCreateCommandEncoder(device->device, NULL);
	encode(encoder, ops, count);
	WGPUCommandBuffer commands = wgpuCommandEncoderFinish(encoder, NULL);
	if (!noted.fault) { // submitting what is not valid aborts
		submit(device, 1, &commands);
	}
	wgpuCommandBufferRelease(commands);
	wgpuCommandEncoderRelease(encoder);
	return done(0);
}

shim_result shim_write(shim_device *device, uintptr_t buffer, uint64_t offset, void const *data, size_t size) {
	GUARDED;
	wgpuQueueWriteBuffer(device->queue, (WGPUBuffer)buffer, offset, data, size);
	return done(0);
}

static WGPUBuffer new_buffer(shim_device *device, uint64_t size, uint64_t usage) {
	WGPUBufferDescriptor descriptor = {.usage = usage, .size = size};
	WGPUBuffer buffer = wgpuDeviceCreateBuffer(device->device, &descriptor);
	if (noted.fault && buffer) { // after an error wgpu still returns a handle
		wgpuBufferRelease(buffer);
		buffer = NULL;
	}
	return buffer;
}

shim_result shim_buffer_new(shim_device *device, uint64_t size, uint32_t uses) {
	GUARDED;
	uint64_t usage = WGPUBufferUsage_CopySrc | WGPUBufferUsage_CopyDst;
	usage |= uses & SHIM_STORAGE ? WGPUBufferUsage_Storage : 0;
	usage |= uses & SHIM_UNIFORM ? WGPUBufferUsage_Uniform : 0;
	usage |= uses & SHIM_INDIRECT ? WGPUBufferUsage_Indirect : 0;
	usage |= uses & SHIM_QUERY_RESOLVE ? WGPUBufferUsage_QueryResolve : 0;
	return done((uintptr_t)new_buffer(device, size, usage));
}

// shim_buffer_release frees the memory once submitted work no longer needs it,
// even where a bind group still names the buffer.
shim_result shim_buffer_release(uintptr_t buffer) {
	GUARDED;
	wgpuBufferDestroy((WGPUBuffer)buffer);
	wgpuBufferRelease((WGPUBuffer)buffer);
	return done(0);
}

shim_result shim_texture_new(shim_device *device, uint32_t texel, uint32_t width, uint32_t height) {
	GUARDED;
	WGPUTextureDescriptor descriptor = {
		.usage = WGPUTextureUsage_StorageBinding | WGPUTextureUsage_CopyDst,
		.dimension = WGPUTextureDimension_2D,
		.size = {width, height, 1},
		.format = texel == 4 ? WGPUTextureFormat_R32Uint : texel == 8 ? WGPUTextureFormat_RG32Uint : WGPUTextureFormat_RGBA32Uint,
		.mipLevelCount = 1,
		.sampleCount = 1,
	};
	WGPUTexture texture = wgpuDeviceCreateTexture(device->device, &descriptor);
	WGPUTextureView view = NULL;
	if (!noted.fault) {
		view = wgpuTextureCreateView(texture, NULL);
	}
	if (noted.fault) {
		if (view) {
			wgpuTextureViewRelease(view);
		}
		if (texture) {
			wgpuTextureRelease(texture);
		}
		return done(0);
	}
	shim_texture *made = calloc(1, sizeof *made);
	*made = (shim_texture){texture, view};
	return done((uintptr_t)made);
}

shim_result shim_texture_write(shim_device *device, uintptr_t texture, uint32_t x, uint32_t y, uint32_t width, uint32_t height, void const *data, size_t size) {
	GUARDED;
	WGPUTexelCopyTextureInfo to = {.texture = ((shim_texture *)texture)->texture, .origin = {x, y, 0}, .aspect = WGPUTextureAspect_All};
	WGPUTexelCopyBufferLayout rows = {.bytesPerRow = size / height, .rowsPerImage = height};
	WGPUExtent3D extent = {width, height, 1};
	wgpuQueueWriteTexture(device->queue, &to, data, size, &rows, &extent);
	return done(0);
}

shim_result shim_texture_release(uintptr_t texture) {
	GUARDED;
	shim_texture *t = (shim_texture *)texture;
	wgpuTextureViewRelease(t->view);
	wgpuTextureRelease(t->texture);
	free(t);
	return done(0);
}

// make_pipeline stops at the first error: wgpu panics where it is given an
// object that it could not make.
static void make_pipeline(shim_device *device, char const *wgsl, char const *entry, int trusted, WGPUBindGroupLayoutEntry const *entries, size_t count, shim_pipeline *made) {
	WGPUBindGroupLayoutDescriptor group = {.entryCount = count, .entries = entries};
	made->layout = wgpuDeviceCreateBindGroupLayout(device->device, &group);
	if (noted.fault) {
		return;
	}
	WGPUPipelineLayoutDescriptor whole = {.bindGroupLayoutCount = 1, .bindGroupLayouts = &made->layout};
	WGPUPipelineLayout layout = wgpuDeviceCreatePipelineLayout(device->device, &whole);
	WGPUShaderModule module = NULL;
	if (!noted.fault) {
		module = api_module(device->device, wgsl, trusted);
	}
	if (!noted.fault) {
		made->pipeline = api_pipeline(device->device, layout, module, entry);
	}
	if (module) {
		wgpuShaderModuleRelease(module);
	}
	wgpuPipelineLayoutRelease(layout);
}

static void free_pipeline(shim_pipeline *pipeline) {
	if (pipeline->pipeline) {
		wgpuComputePipelineRelease(pipeline->pipeline);
	}
	if (pipeline->layout) {
		wgpuBindGroupLayoutRelease(pipeline->layout);
	}
	free(pipeline);
}

shim_result shim_pipeline_new(shim_device *device, char const *wgsl, char const *entry, int trusted, uint32_t const *types, size_t count) {
	GUARDED;
	static WGPUBufferBindingType const binding_types[] = {
		[SHIM_BIND_UNIFORM] = WGPUBufferBindingType_Uniform,
		[SHIM_BIND_STORAGE] = WGPUBufferBindingType_Storage,
		[SHIM_BIND_READ_ONLY] = WGPUBufferBindingType_ReadOnlyStorage,
	};
	static WGPUTextureFormat const formats[] = {
		[SHIM_BIND_TEXELS4] = WGPUTextureFormat_R32Uint,
		[SHIM_BIND_TEXELS8] = WGPUTextureFormat_RG32Uint,
		[SHIM_BIND_TEXELS16] = WGPUTextureFormat_RGBA32Uint,
	};
	shim_pipeline *made = calloc(1, sizeof *made);
	WGPUBindGroupLayoutEntry *entries = calloc(count + 1, sizeof *entries);
	for (size_t i = 0; i < count; i++) {
		entries[i].binding = i;
		entries[i].visibility = WGPUShaderStage_Compute;
		if (types[i] >= SHIM_BIND_TEXELS4) {
			entries[i].storageTexture.access = WGPUStorageTextureAccess_ReadOnly;
			entries[i].storageTexture.format = formats[types[i]];
			entries[i].storageTexture.viewDimension = WGPUTextureViewDimension_2D;
		} else {
			entries[i].buffer.type = binding_types[types[i]];
		}
	}
	make_pipeline(device, wgsl, entry, trusted, entries, count, made);
	free(entries);
	if (noted.fault) {
		free_pipeline(made);
		made = NULL;
	}
	return done((uintptr_t)made);
}

shim_result shim_pipeline_release(uintptr_t pipeline) {
	GUARDED;
	free_pipeline((shim_pipeline *)pipeline);
	return done(0);
}

shim_result shim_group_new(shim_device *device, uintptr_t pipeline, shim_binding const *bindings, size_t count) {
	GUARDED;
	WGPUBindGroupEntry *entries = calloc(count + 1, sizeof *entries);
	for (size_t i = 0; i < count; i++) {
		entries[i].binding = i;
		if (bindings[i].texture) {
			entries[i].textureView = ((shim_texture *)bindings[i].texture)->view;
		} else {
			entries[i].buffer = (WGPUBuffer)bindings[i].buffer;
			entries[i].offset = bindings[i].offset;
			entries[i].size = bindings[i].size;
		}
	}
	WGPUBindGroupDescriptor descriptor = {.layout = ((shim_pipeline *)pipeline)->layout, .entryCount = count, .entries = entries};
	WGPUBindGroup group = wgpuDeviceCreateBindGroup(device->device, &descriptor);
	free(entries);
	if (noted.fault && group) {
		wgpuBindGroupRelease(group);
		group = NULL;
	}
	return done((uintptr_t)group);
}

shim_result shim_group_release(uintptr_t group) {
	GUARDED;
	wgpuBindGroupRelease((WGPUBindGroup)group);
	return done(0);
}

shim_result shim_queries_new(shim_device *device, uint32_t count) {
	GUARDED;
	WGPUQuerySetDescriptor descriptor = {.type = WGPUQueryType_Timestamp, .count = count};
	return done((uintptr_t)wgpuDeviceCreateQuerySet(device->device, &descriptor));
}

shim_result shim_queries_release(uintptr_t queries) {
	GUARDED;
	wgpuQuerySetRelease((WGPUQuerySet)queries);
	return done(0);
}

float shim_timestamp_period(shim_device *device) { return api_timestamp_period(device->queue); }

shim_result shim_staging_new(shim_device *device, uint64_t size) {
	GUARDED;
	WGPUBuffer buffer = new_buffer(device, size, WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst);
	if (!buffer) {
		return done(0);
	}
	shim_staging *staging = calloc(1, sizeof *staging);
	staging->buffer = buffer;
	return done((uintptr_t)staging);
}

uintptr_t shim_staging_buffer(uintptr_t staging) { return (uintptr_t)((shim_staging *)staging)->buffer; }

// The callback may run on any thread that polls, and the state lives in C
// memory: Go's collector must not be able to free what a callback will write.
shim_result shim_staging_map(uintptr_t staging, size_t size) {
	GUARDED;
	shim_staging *s = (shim_staging *)staging;
	s->state = SHIM_PENDING;
	api_map(s->buffer, size, &s->state);
	return done(0);
}

int32_t shim_staging_state(uintptr_t staging) {
	return __atomic_load_n(&((shim_staging *)staging)->state, __ATOMIC_ACQUIRE);
}

shim_result shim_staging_take(uintptr_t staging, void *to, size_t size) {
	GUARDED;
	WGPUBuffer buffer = ((shim_staging *)staging)->buffer;
	memcpy(to, wgpuBufferGetConstMappedRange(buffer, 0, size), size);
	wgpuBufferUnmap(buffer);
	return done(0);
}

shim_result shim_staging_unmap(uintptr_t staging) {
	GUARDED;
	wgpuBufferUnmap(((shim_staging *)staging)->buffer);
	return done(0);
}

shim_result shim_staging_release(uintptr_t staging) {
	GUARDED;
	shim_staging *s = (shim_staging *)staging;
	wgpuBufferDestroy(s->buffer);
	wgpuBufferRelease(s->buffer);
	free(s);
	return done(0);
}
