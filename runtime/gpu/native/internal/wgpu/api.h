// What differs between the two wgpu that can be linked: api019.c and api29.c each
// define it for theirs.
#ifndef WGSLGEN_API_H
#define WGSLGEN_API_H

#ifdef WGPU29
#include "wgpu29/wgpu.h"
#else
#include "wgpu0.19/wgpu.h"
typedef WGPUImageCopyTexture WGPUTexelCopyTextureInfo; // renamed since
typedef WGPUTextureDataLayout WGPUTexelCopyBufferLayout;
#endif

#include "shim.h"

// OpenGL is left out: it lacks what the kernels need, and merely looking for it
// makes EGL print warnings on machines without a display.
#define API_BACKENDS (WGPUInstanceBackend_Vulkan | WGPUInstanceBackend_Metal | WGPUInstanceBackend_DX12)

void api_log_to_go(void);
WGPUInstance api_instance(void);
// api_limits gives the most that an adapter grants a device that needs no
// features beyond those of api_info.
void api_limits(WGPUAdapter adapter, WGPULimits *limits);
// api_info fills in the name and the features.
void api_info(WGPUAdapter adapter, shim_info *info, WGPUAdapterType *type, WGPUBackendType *backend);
// api_device opens a device with the features of info; NULL where it fails.
WGPUDevice api_device(WGPUInstance instance, WGPUAdapter adapter, WGPULimits const *limits, shim_info const *info);
WGPUShaderModule api_module(WGPUDevice device, char const *wgsl, int trusted);
WGPUComputePipeline api_pipeline(WGPUDevice device, WGPUPipelineLayout layout, WGPUShaderModule module, char const *entry);
// api_count adds 1 to finished, atomically, once all that was submitted is done.
void api_count(WGPUQueue queue, uint64_t *finished);
// api_map makes state what the mapping comes to, atomically.
void api_map(WGPUBuffer buffer, size_t size, int32_t *state);
float api_timestamp_period(WGPUQueue queue);

// note keeps an error of the call in progress, unless it had one before; the
// message need not end with a NUL.
void note(int32_t fault, char const *message, size_t length);

#endif
