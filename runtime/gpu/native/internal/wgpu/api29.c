//go:build cgo && wgpu29 && (linux || darwin || windows) && (amd64 || arm64)

#include <stdlib.h>
#include <string.h>

#include "api.h"

extern void goLog(int32_t level, char *message, size_t length);

static void on_log(WGPULogLevel level, WGPUStringView message, void *userdata) {
	(void)userdata;
	goLog((int32_t)level, (char *)message.data, message.length);
}

void api_log_to_go(void) { wgpuSetLogCallback(on_log, NULL); }

static WGPUStringView view(char const *text) { return (WGPUStringView){text, WGPU_STRLEN}; }

WGPUInstance api_instance(void) {
	WGPUInstanceExtras extras = {.chain = {.sType = (WGPUSType)WGPUSType_InstanceExtras}, .backends = API_BACKENDS};
	WGPUInstanceDescriptor descriptor = {.nextInChain = &extras.chain};
	return wgpuCreateInstance(&descriptor);
}

void api_limits(WGPUAdapter adapter, WGPULimits *limits) {
	*limits = (WGPULimits)WGPU_LIMITS_INIT;
	wgpuAdapterGetLimits(adapter, limits);
	limits->maxImmediateSize = 0; // more needs a feature
}

static int has(WGPUAdapter adapter, uint32_t feature) { return wgpuAdapterHasFeature(adapter, (WGPUFeatureName)feature); }

// Packed dot products are compiled for every adapter, to plain arithmetic where
// it has none. The sizes of subgroups that the structure has room for stay 0.
void api_info(WGPUAdapter adapter, shim_info *info, WGPUAdapterType *type, WGPUBackendType *backend) {
	WGPUAdapterInfo found = WGPU_ADAPTER_INFO_INIT;
	wgpuAdapterGetInfo(adapter, &found);
	*info = (shim_info){
		.name = strndup(found.device.data, found.device.length),
		.vendor = found.vendorID,
		.subgroups = has(adapter, WGPUNativeFeature_Subgroup),
		.f16 = has(adapter, WGPUFeatureName_ShaderF16),
		.dp4a = 1,
		.timestamps = has(adapter, WGPUNativeFeature_TimestampQueryInsideEncoders),
	};
	*type = found.adapterType;
	*backend = found.backendType;
	wgpuAdapterInfoFreeMembers(found);
}

static int says(WGPUStringView message, char const *text) {
	size_t n = strlen(text);
	for (size_t i = 0; i + n <= message.length; i++) {
		if (memcmp(message.data + i, text, n) == 0) {
			return 1;
		}
	}
	return 0;
}

// Where one of these two errors has another around it, wgpu calls it a
// validation error: only the text still tells.
static void on_error(WGPUDevice const *device, WGPUErrorType type, WGPUStringView message, void *userdata1, void *userdata2) {
	(void)device;
	(void)userdata1;
	(void)userdata2;
	int32_t fault = SHIM_VALIDATION;
	if (type == WGPUErrorType_OutOfMemory || says(message, "Not enough memory left")) {
		fault = SHIM_OUT_OF_MEMORY;
	} else if (says(message, "Parent device is lost")) {
		fault = SHIM_LOST;
	}
	note(fault, message.data, message.length);
}

static void on_lost(WGPUDevice const *device, WGPUDeviceLostReason reason, WGPUStringView message, void *userdata1, void *userdata2) {
	(void)device;
	(void)userdata1;
	(void)userdata2;
	if (reason == WGPUDeviceLostReason_Unknown) { // the others come of closing and of failing to open
		note(SHIM_LOST, message.data, message.length);
	}
}

static void on_device(WGPURequestDeviceStatus status, WGPUDevice device, WGPUStringView message, void *userdata1, void *userdata2) {
	(void)userdata2;
	if (status == WGPURequestDeviceStatus_Success) {
		*(WGPUDevice *)userdata1 = device;
	} else {
		note(SHIM_VALIDATION, message.data, message.length);
	}
}

WGPUDevice api_device(WGPUInstance instance, WGPUAdapter adapter, WGPULimits const *limits, shim_info const *info) {
	(void)instance;
	WGPUFeatureName features[5];
	size_t count = 0;
	if (info->f16) {
		features[count++] = WGPUFeatureName_ShaderF16;
	}
	if (info->subgroups) {
		features[count++] = (WGPUFeatureName)WGPUNativeFeature_Subgroup;
	}
	if (info->timestamps) {
		features[count++] = WGPUFeatureName_TimestampQuery;
		features[count++] = (WGPUFeatureName)WGPUNativeFeature_TimestampQueryInsideEncoders;
	}
	if (has(adapter, WGPUNativeFeature_TextureAdapterSpecificFormatFeatures)) { // storage textures of two words
		features[count++] = (WGPUFeatureName)WGPUNativeFeature_TextureAdapterSpecificFormatFeatures;
	}
	WGPUDeviceDescriptor descriptor = {
		.requiredFeatureCount = count,
		.requiredFeatures = features,
		.requiredLimits = limits,
		.deviceLostCallbackInfo = {.mode = WGPUCallbackMode_AllowSpontaneous, .callback = on_lost},
		.uncapturedErrorCallbackInfo = {.callback = on_error},
	};
	WGPUDevice device = NULL;
	WGPURequestDeviceCallbackInfo opened = {.mode = WGPUCallbackMode_AllowSpontaneous, .callback = on_device, .userdata1 = &device};
	wgpuAdapterRequestDevice(adapter, &descriptor, opened);
	return device;
}

WGPUShaderModule api_module(WGPUDevice device, char const *wgsl, int trusted) {
	WGPUShaderSourceWGSL source = {.chain = {.sType = WGPUSType_ShaderSourceWGSL}, .code = view(wgsl)};
	WGPUShaderModuleDescriptor descriptor = {.nextInChain = &source.chain};
	if (trusted) {
		return wgpuDeviceCreateShaderModuleTrusted(device, &descriptor, WGPUShaderRuntimeChecks_None);
	}
	return wgpuDeviceCreateShaderModule(device, &descriptor);
}

WGPUComputePipeline api_pipeline(WGPUDevice device, WGPUPipelineLayout layout, WGPUShaderModule module, char const *entry) {
	WGPUComputePipelineDescriptor descriptor = {.layout = layout, .compute = {.module = module, .entryPoint = view(entry)}};
	return wgpuDeviceCreateComputePipeline(device, &descriptor);
}

static void on_finished(WGPUQueueWorkDoneStatus status, WGPUStringView message, void *finished, void *userdata2) {
	(void)status;
	(void)message;
	(void)userdata2;
	__atomic_add_fetch((uint64_t *)finished, 1, __ATOMIC_RELEASE);
}

void api_count(WGPUQueue queue, uint64_t *finished) {
	WGPUQueueWorkDoneCallbackInfo call = {.mode = WGPUCallbackMode_AllowSpontaneous, .callback = on_finished, .userdata1 = finished};
	wgpuQueueOnSubmittedWorkDone(queue, call);
}

static void on_mapped(WGPUMapAsyncStatus status, WGPUStringView message, void *state, void *userdata2) {
	(void)message;
	(void)userdata2;
	int32_t end = status == WGPUMapAsyncStatus_Success ? SHIM_MAPPED : SHIM_MAP_FAILED + (int32_t)status;
	__atomic_store_n((int32_t *)state, end, __ATOMIC_RELEASE);
}

void api_map(WGPUBuffer buffer, size_t size, int32_t *state) {
	WGPUBufferMapCallbackInfo call = {.mode = WGPUCallbackMode_AllowSpontaneous, .callback = on_mapped, .userdata1 = state};
	wgpuBufferMapAsync(buffer, WGPUMapMode_Read, 0, size, call);
}

float api_timestamp_period(WGPUQueue queue) { return wgpuQueueGetTimestampPeriod(queue); }
