//go:build js && wasm

package web

import (
	"fmt"
	"math"
	"strings"
	"syscall/js"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// request asks the browser for its fastest adapter, and for a device with all
// that this offers.
func request() (device js.Value, caps gpu.Caps, err error) {
	api := js.Global().Get("navigator").Get("gpu")
	if api.IsUndefined() {
		return device, caps, fmt.Errorf("%w: this browser has no WebGPU, or not for pages that come neither by HTTPS nor from this machine", gpu.ErrNoAdapter)
	}
	adapter, err := ask(api, "requestAdapter", map[string]any{"powerPreference": "high-performance"})
	if err != nil {
		return device, caps, fmt.Errorf("%w: %w", gpu.ErrNoAdapter, err)
	}
	if adapter.IsNull() {
		return device, caps, fmt.Errorf("%w: the browser knows no GPU that it would use", gpu.ErrNoAdapter)
	}
	features, limits := features(adapter), limits(adapter)
	device, err = ask(adapter, "requestDevice", map[string]any{"requiredFeatures": features, "requiredLimits": limits})
	if err != nil {
		return device, caps, fmt.Errorf("opening the browser's GPU: %w", err)
	}
	return device, describe(adapter, device, api), nil
}

// ask calls a method that returns a promise, and waits for it.
func ask(object js.Value, method string, args ...any) (js.Value, error) {
	asked, err := try(func() js.Value { return object.Call(method, args...) })
	if err != nil {
		return asked, err
	}
	return watch(asked).await()
}

const timestamps = "timestamp-query"

// features lists what kernels or measurements use of what an adapter has.
func features(adapter js.Value) []any {
	var list []any
	for _, f := range []string{gpu.FeatureF16, gpu.FeatureSubgroups, timestamps} {
		if adapter.Get("features").Call("has", f).Bool() {
			list = append(list, f)
		}
	}
	return list
}

// limited are the limits that kernels and buffers depend on.
var limited = []string{
	"maxBufferSize", "maxStorageBufferBindingSize", "maxUniformBufferBindingSize", "maxStorageBuffersPerShaderStage",
	"minStorageBufferOffsetAlignment", "minUniformBufferOffsetAlignment", "maxComputeWorkgroupStorageSize", "maxComputeInvocationsPerWorkgroup",
	"maxComputeWorkgroupSizeX", "maxComputeWorkgroupSizeY", "maxComputeWorkgroupSizeZ", "maxComputeWorkgroupsPerDimension",
}

// limits are those of an adapter, all of which a device may have.
func limits(adapter js.Value) map[string]any {
	all := map[string]any{}
	for _, name := range limited {
		all[name] = adapter.Get("limits").Get(name)
	}
	return all
}

// describe tells what a device is and can do.
func describe(adapter, device, api js.Value) gpu.Caps {
	info := adapter.Get("info")
	has := func(feature string) bool { return device.Get("features").Call("has", feature).Bool() }
	limit := func(name string) int64 {
		return int64(min(device.Get("limits").Get(name).Float(), math.MaxInt64/2)) &^ 3
	}
	caps := gpu.Caps{
		Name:    name(info),
		Vendor:  vendor(text(info, "vendor")),
		Backend: "browser",
		Kind:    kind(info),
		Features: gpu.Features{
			F16:        has(gpu.FeatureF16),
			Subgroups:  has(gpu.FeatureSubgroups),
			DP4A:       speaks(api, gpu.FeatureDP4A),
			Timestamps: has(timestamps),
		},
		Limits: gpu.Limits{
			MaxBufferSize:       limit("maxBufferSize"),
			MaxStorageBinding:   limit("maxStorageBufferBindingSize"),
			MaxUniformBinding:   limit("maxUniformBufferBindingSize"),
			MaxStorageBuffers:   uint32(device.Get("limits").Get("maxStorageBuffersPerShaderStage").Int()),
			StorageOffsetAlign:  uint32(limit("minStorageBufferOffsetAlignment")),
			UniformOffsetAlign:  uint32(limit("minUniformBufferOffsetAlignment")),
			MaxWorkgroupStorage: uint32(limit("maxComputeWorkgroupStorageSize")),
			MaxInvocations:      uint32(limit("maxComputeInvocationsPerWorkgroup")),
			MaxWorkgroupSizeX:   uint32(limit("maxComputeWorkgroupSizeX")),
			MaxWorkgroupSizeY:   uint32(limit("maxComputeWorkgroupSizeY")),
			MaxWorkgroupSizeZ:   uint32(limit("maxComputeWorkgroupSizeZ")),
			MaxWorkgroupsPerDim: uint32(device.Get("limits").Get("maxComputeWorkgroupsPerDimension").Int()),
		},
	}
	if caps.Features.Subgroups {
		caps.Features.SubgroupMin, caps.Features.SubgroupMax = size(info, "subgroupMinSize"), size(info, "subgroupMaxSize")
	}
	return caps
}

// speaks reports whether the browser's compiler knows a feature of the language.
func speaks(api js.Value, feature string) bool {
	known := api.Get("wgslLanguageFeatures")
	return known.Truthy() && known.Call("has", feature).Bool()
}

// size returns a number of an adapter, or 0 where the browser does not tell.
func size(info js.Value, key string) uint32 {
	if v := info.Get(key); v.Type() == js.TypeNumber {
		return uint32(v.Int())
	}
	return 0
}

func text(info js.Value, key string) string {
	if v := info.Get(key); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// name is what the browser tells of an adapter, which may be little.
func name(info js.Value) string {
	for _, key := range []string{"description", "device"} {
		if s := text(info, key); s != "" {
			return s
		}
	}
	if s := strings.TrimSpace(text(info, "vendor") + " " + text(info, "architecture")); s != "" {
		return s
	}
	return "unnamed GPU"
}

// vendor spells the names of vendors as the other implementations do.
func vendor(s string) string {
	switch s {
	case "amd", "arm", "nvidia":
		return strings.ToUpper(s)
	case "":
		return "unknown"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// kind knows only software: browsers do not tell the other kinds apart.
func kind(info js.Value) gpu.Kind {
	if info.Get("isFallbackAdapter").Truthy() || strings.EqualFold(text(info, "architecture"), "swiftshader") {
		return gpu.KindSoftware
	}
	return gpu.KindUnknown
}
