//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

#include "shim.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _WIN32
#include <windows.h>
#endif

#include "guard.h"

// wgpu reports errors through callbacks, on the calling thread and before the
// call returns: the first is kept here until the call hands it back.
static _Thread_local struct {
	int32_t fault;
	char *message;
} noted;

static void note(int32_t fault, char const *message) {
	if (!noted.fault) {
		noted.fault = fault;
		noted.message = message ? strdup(message) : NULL;
	}
}

// Where one of these two errors has another around it, wgpu calls it a
// validation error: only the text still tells.
static void on_error(WGPUErrorType type, char const *message, void *userdata) {
	(void)userdata;
	if (type == WGPUErrorType_OutOfMemory || strstr(message, "Not enough memory left")) {
		note(SHIM_OUT_OF_MEMORY, message);
	} else if (type == WGPUErrorType_DeviceLost || strstr(message, "Parent device is lost")) {
		note(SHIM_LOST, message);
	} else {
		note(SHIM_VALIDATION, message);
	}
}

static void on_lost(WGPUDeviceLostReason reason, char const *message, void *userdata) {
	(void)reason;
	(void)userdata;
	note(SHIM_LOST, message);
}

static shim_result done(uintptr_t value) {
	UNGUARD();
	shim_result result = {value, noted.fault, noted.message};
	noted.fault = SHIM_OK;
	noted.message = NULL;
	return result;
}

static shim_result aborted(void) {
	free(noted.message);
	noted.fault = SHIM_OK;
	note(SHIM_ABORTED, "wgpu panicked (its message is on standard error)");
	return done(0);
}

#define GUARDED GUARD(aborted(), ((shim_result){.fault = SHIM_ELSEWHERE}))

extern void goLog(int32_t level, char *message);

static void on_log(WGPULogLevel level, char const *message, void *userdata) {
	(void)userdata;
	goLog((int32_t)level, (char *)message);
}

void shim_init(void) {
	wgpuSetLogCallback(on_log, NULL);
	guard_install();
}

void shim_sleep(uint32_t nanoseconds) {
#ifdef _WIN32
	Sleep((nanoseconds + 999999) / 1000000);
#else
	struct timespec duration = {.tv_nsec = nanoseconds};
	nanosleep(&duration, NULL);
#endif
}

// OpenGL is left out: it lacks what the kernels need, and merely looking for it
// makes EGL print warnings on machines without a display.
static WGPUInstanceBackendFlags const backends =
	WGPUInstanceBackend_Vulkan | WGPUInstanceBackend_Metal | WGPUInstanceBackend_DX12;

shim_result shim_instance_new(void) {
	GUARDED;
	WGPUInstanceExtras extras = {.chain = {.sType = (WGPUSType)WGPUSType_InstanceExtras}, .backends = backends};
	WGPUInstanceDescriptor descriptor = {.nextInChain = &extras.chain};
	return done((uintptr_t)wgpuCreateInstance(&descriptor));
}

shim_result shim_instance_release(uintptr_t instance) {
	GUARDED;
	wgpuInstanceRelease((WGPUInstance)instance);
	return done(0);
}

shim_result shim_adapters(uintptr_t instance, uintptr_t *adapters, size_t count) {
	GUARDED;
	WGPUInstanceEnumerateAdapterOptions options = {.backends = backends};
	size_t found = wgpuInstanceEnumerateAdapters((WGPUInstance)instance, &options, NULL);
	if (found > 0 && found <= count) {
		found = wgpuInstanceEnumerateAdapters((WGPUInstance)instance, &options, (WGPUAdapter *)adapters);
	}
	return done(found);
}

shim_result shim_adapter_describe(uintptr_t adapter, WGPUAdapterInfo *info, WGPULimits *limits) {
	GUARDED;
	wgpuAdapterGetInfo((WGPUAdapter)adapter, info);
	WGPUSupportedLimits supported = {0};
	wgpuAdapterGetLimits((WGPUAdapter)adapter, &supported);
	*limits = supported.limits;
	return done(wgpuAdapterHasFeature((WGPUAdapter)adapter, WGPUFeatureName_TimestampQuery));
}

shim_result shim_adapter_release(uintptr_t adapter) {
	GUARDED;
	wgpuAdapterRelease((WGPUAdapter)adapter);
	return done(0);
}

static void on_device(WGPURequestDeviceStatus status, WGPUDevice device, char const *message, void *userdata) {
	if (status == WGPURequestDeviceStatus_Success) {
		*(WGPUDevice *)userdata = device;
	} else {
		note(SHIM_VALIDATION, message);
	}
}

shim_result shim_device_open(uintptr_t instance, uintptr_t adapter, int timestamps) {
	GUARDED;
	WGPUSupportedLimits supported = {0};
	wgpuAdapterGetLimits((WGPUAdapter)adapter, &supported);
	WGPURequiredLimits limits = {.limits = supported.limits};
	WGPUFeatureName features[] = {WGPUFeatureName_TimestampQuery};
	WGPUDeviceDescriptor descriptor = {
		.requiredFeatureCount = timestamps ? 1 : 0,
		.requiredFeatures = features,
		.requiredLimits = &limits,
		.deviceLostCallback = on_lost,
		.uncapturedErrorCallbackInfo = {.callback = on_error},
	};
	WGPUDevice device = NULL;
	wgpuAdapterRequestDevice((WGPUAdapter)adapter, &descriptor, on_device, &device);
	if (!device) {
		note(SHIM_VALIDATION, NULL);
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
		}
	}
	end_pass(&pass);
}

// Submissions finish in order, so that counting them is enough.
static void on_finished(WGPUQueueWorkDoneStatus status, void *userdata) {
	(void)status;
	__atomic_add_fetch(&((shim_device *)userdata)->finished, 1, __ATOMIC_RELEASE);
}

static void submit(shim_device *device, size_t count, WGPUCommandBuffer const *commands) {
	wgpuQueueSubmit(device->queue, count, commands);
	wgpuQueueOnSubmittedWorkDone(device->queue, on_finished, device);
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

static WGPUBuffer new_buffer(shim_device *device, uint64_t size, uint32_t usage) {
	WGPUBufferDescriptor descriptor = {.usage = usage, .size = size};
	WGPUBuffer buffer = wgpuDeviceCreateBuffer(device->device, &descriptor);
	if (noted.fault && buffer) { // after an error wgpu still returns a handle
		wgpuBufferRelease(buffer);
		buffer = NULL;
	}
	return buffer;
}

shim_result shim_buffer_new(shim_device *device, uint64_t size, uint32_t usage) {
	GUARDED;
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

// make_pipeline stops at the first error: wgpu panics where it is given an
// object that it could not make.
static void make_pipeline(shim_device *device, char const *wgsl, char const *entry, WGPUBindGroupLayoutEntry const *entries, size_t count, shim_pipeline *made) {
	WGPUBindGroupLayoutDescriptor group = {.entryCount = count, .entries = entries};
	made->layout = wgpuDeviceCreateBindGroupLayout(device->device, &group);
	if (noted.fault) {
		return;
	}
	WGPUPipelineLayoutDescriptor whole = {.bindGroupLayoutCount = 1, .bindGroupLayouts = &made->layout};
	WGPUPipelineLayout layout = wgpuDeviceCreatePipelineLayout(device->device, &whole);
	WGPUShaderModule module = NULL;
	if (!noted.fault) {
		WGPUShaderModuleWGSLDescriptor source = {.chain = {.sType = WGPUSType_ShaderModuleWGSLDescriptor}, .code = wgsl};
		WGPUShaderModuleDescriptor descriptor = {.nextInChain = &source.chain};
		module = wgpuDeviceCreateShaderModule(device->device, &descriptor);
	}
	if (!noted.fault) {
		WGPUComputePipelineDescriptor descriptor = {.layout = layout, .compute = {.module = module, .entryPoint = entry}};
		made->pipeline = wgpuDeviceCreateComputePipeline(device->device, &descriptor);
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

shim_result shim_pipeline_new(shim_device *device, char const *wgsl, char const *entry, WGPUBufferBindingType const *types, size_t count) {
	GUARDED;
	shim_pipeline *made = calloc(1, sizeof *made);
	WGPUBindGroupLayoutEntry *entries = calloc(count + 1, sizeof *entries);
	for (size_t i = 0; i < count; i++) {
		entries[i].binding = i;
		entries[i].visibility = WGPUShaderStage_Compute;
		entries[i].buffer.type = types[i];
	}
	make_pipeline(device, wgsl, entry, entries, count, made);
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
		entries[i].buffer = (WGPUBuffer)bindings[i].buffer;
		entries[i].offset = bindings[i].offset;
		entries[i].size = bindings[i].size;
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
static void on_mapped(WGPUBufferMapAsyncStatus status, void *userdata) {
	__atomic_store_n(&((shim_staging *)userdata)->state, 1 + (int32_t)status, __ATOMIC_RELEASE);
}

shim_result shim_staging_map(uintptr_t staging, size_t size) {
	GUARDED;
	shim_staging *s = (shim_staging *)staging;
	s->state = 0;
	wgpuBufferMapAsync(s->buffer, WGPUMapMode_Read, 0, size, on_mapped, s);
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
