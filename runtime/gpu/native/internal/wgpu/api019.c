//go:build cgo && !wgpu29 && (linux || darwin || windows) && (amd64 || arm64)

#include <stdlib.h>
#include <string.h>

#include "api.h"

extern void goLog(int32_t level, char *message, size_t length);

static void on_log(WGPULogLevel level, char const *message, void *userdata) {
	(void)userdata;
	goLog((int32_t)level, (char *)message, strlen(message));
}

void api_log_to_go(void) { wgpuSetLogCallback(on_log, NULL); }

WGPUInstance api_instance(void) {
	WGPUInstanceExtras extras = {.chain = {.sType = (WGPUSType)WGPUSType_InstanceExtras}, .backends = API_BACKENDS};
	WGPUInstanceDescriptor descriptor = {.nextInChain = &extras.chain};
	return wgpuCreateInstance(&descriptor);
}

void api_limits(WGPUAdapter adapter, WGPULimits *limits) {
	WGPUSupportedLimits supported = {0};
	wgpuAdapterGetLimits(adapter, &supported);
	*limits = supported.limits;
	// An adapter without a limit tells the number that stands for "not asked for",
	// and its devices would get the default of 256 MiB.
	if (limits->maxBufferSize == WGPU_LIMIT_U64_UNDEFINED) {
		limits->maxBufferSize = (uint64_t)1 << 31;
	}
}

// This wgpu compiles neither f16 nor subgroups nor packed dot products, whatever
// the adapter can do.
void api_info(WGPUAdapter adapter, shim_info *info, WGPUAdapterType *type, WGPUBackendType *backend) {
	WGPUAdapterInfo found = {0};
	wgpuAdapterGetInfo(adapter, &found);
	*info = (shim_info){
		.name = strdup(found.description),
		.vendor = found.vendorID,
		.timestamps = wgpuAdapterHasFeature(adapter, WGPUFeatureName_TimestampQuery),
	};
	*type = found.adapterType;
	*backend = found.backendType;
	wgpuAdapterInfoFreeMembers(found);
}

// Where one of these two errors has another around it, wgpu calls it a
// validation error: only the text still tells.
static void on_error(WGPUErrorType type, char const *message, void *userdata) {
	(void)userdata;
	int32_t fault = SHIM_VALIDATION;
	if (type == WGPUErrorType_OutOfMemory || strstr(message, "Not enough memory left")) {
		fault = SHIM_OUT_OF_MEMORY;
	} else if (type == WGPUErrorType_DeviceLost || strstr(message, "Parent device is lost")) {
		fault = SHIM_LOST;
	}
	note(fault, message, strlen(message));
}

static void on_lost(WGPUDeviceLostReason reason, char const *message, void *userdata) {
	(void)reason;
	(void)userdata;
	note(SHIM_LOST, message, message ? strlen(message) : 0);
}

static void on_device(WGPURequestDeviceStatus status, WGPUDevice device, char const *message, void *userdata) {
	if (status == WGPURequestDeviceStatus_Success) {
		*(WGPUDevice *)userdata = device;
	} else {
		note(SHIM_VALIDATION, message, message ? strlen(message) : 0);
	}
}

WGPUDevice api_device(WGPUInstance instance, WGPUAdapter adapter, WGPULimits const *limits, shim_info const *info) {
	(void)instance;
	WGPURequiredLimits required = {.limits = *limits};
	WGPUFeatureName features[2];
	size_t count = 0;
	if (info->timestamps) {
		features[count++] = WGPUFeatureName_TimestampQuery;
	}
	WGPUFeatureName const texels = (WGPUFeatureName)WGPUNativeFeature_TextureAdapterSpecificFormatFeatures; // storage textures that are read
	if (wgpuAdapterHasFeature(adapter, texels)) {
		features[count++] = texels;
	}
	WGPUDeviceDescriptor descriptor = {
		.requiredFeatureCount = count,
		.requiredFeatures = features,
		.requiredLimits = &required,
		.deviceLostCallback = on_lost,
		.uncapturedErrorCallbackInfo = {.callback = on_error},
	};
	WGPUDevice device = NULL;
	wgpuAdapterRequestDevice(adapter, &descriptor, on_device, &device);
	return device;
}

WGPUShaderModule api_module(WGPUDevice device, char const *wgsl, int trusted) {
	(void)trusted; // this wgpu checks all alike
	WGPUShaderModuleWGSLDescriptor source = {.chain = {.sType = WGPUSType_ShaderModuleWGSLDescriptor}, .code = wgsl};
	WGPUShaderModuleDescriptor descriptor = {.nextInChain = &source.chain};
	return wgpuDeviceCreateShaderModule(device, &descriptor);
}

WGPUComputePipeline api_pipeline(WGPUDevice device, WGPUPipelineLayout layout, WGPUShaderModule module, char const *entry) {
	WGPUComputePipelineDescriptor descriptor = {.layout = layout, .compute = {.module = module, .entryPoint = entry}};
	return wgpuDeviceCreateComputePipeline(device, &descriptor);
}

static void on_finished(WGPUQueueWorkDoneStatus status, void *userdata) {
	(void)status;
	__atomic_add_fetch((uint64_t *)userdata, 1, __ATOMIC_RELEASE);
}

void api_count(WGPUQueue queue, uint64_t *finished) { wgpuQueueOnSubmittedWorkDone(queue, on_finished, finished); }

static void on_mapped(WGPUBufferMapAsyncStatus status, void *userdata) {
	int32_t state = status == WGPUBufferMapAsyncStatus_Success ? SHIM_MAPPED : SHIM_MAP_FAILED + (int32_t)status;
	__atomic_store_n((int32_t *)userdata, state, __ATOMIC_RELEASE);
}

void api_map(WGPUBuffer buffer, size_t size, int32_t *state) {
	wgpuBufferMapAsync(buffer, WGPUMapMode_Read, 0, size, on_mapped, state);
}

float api_timestamp_period(WGPUQueue queue) {
	(void)queue;
	return 0;
}
