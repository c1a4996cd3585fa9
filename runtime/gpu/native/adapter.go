//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
)

// adapter is a GPU that was found, with what it can do.
type adapter struct {
	raw  wgpu.Adapter
	caps gpu.Caps
}

// Adapters lists the machine's GPUs, the one that Open prefers first. The sizes of
// their subgroups are only known of open devices.
func Adapters() ([]gpu.Caps, error) {
	instance, found, err := find()
	if err != nil {
		return nil, err
	}
	defer instance.Release()
	var all []gpu.Caps
	for _, a := range found {
		all = append(all, a.caps)
		a.raw.Release()
	}
	return all, nil
}

// prepare keeps an instance for as long as the process lives, and with it the
// drivers: NVIDIA's finds no adapter any more once it was loaded and unloaded
// some thirty times.
var prepare = sync.OnceFunc(func() {
	quiet()
	wgpu.NewInstance() // where this fails, find fails and says so
})

// quiet keeps the drivers from printing: Mesa looks for a Wayland display, and
// complains where it has no folder to look in.
func quiet() {
	wgpu.SetLogging()
	if runtime.GOOS == "linux" && os.Getenv("XDG_RUNTIME_DIR") == "" {
		os.Setenv("XDG_RUNTIME_DIR", os.TempDir())
	}
}

// find lists the adapters of a new instance, best first; at least one. The
// caller releases them and the instance.
func find() (wgpu.Instance, []adapter, error) {
	prepare()
	instance, err := wgpu.NewInstance()
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", gpu.ErrNoAdapter, err)
	}
	all, err := instance.Adapters()
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", gpu.ErrNoAdapter, err)
	}
	var found []adapter
	for _, raw := range all {
		info, limits, err := raw.Describe()
		if err != nil {
			return 0, nil, fmt.Errorf("%w: %w", gpu.ErrNoAdapter, err)
		}
		found = append(found, adapter{raw, caps(info, limits)})
	}
	if len(found) == 0 {
		instance.Release()
		return 0, nil, gpu.ErrNoAdapter
	}
	slices.SortStableFunc(found, func(a, b adapter) int { return cmp.Compare(rank(a.caps.Kind), rank(b.caps.Kind)) })
	return instance, found, nil
}

func rank(k gpu.Kind) int {
	return slices.Index([]gpu.Kind{gpu.KindDiscrete, gpu.KindIntegrated, gpu.KindUnknown, gpu.KindSoftware}, k)
}

// choose returns the index of the first adapter with part in its name.
func choose(found []adapter, part string) (int, error) {
	i := slices.IndexFunc(found, func(a adapter) bool {
		return strings.Contains(strings.ToLower(a.caps.Name), strings.ToLower(part))
	})
	if i >= 0 {
		return i, nil
	}
	var names []string
	for _, a := range found {
		names = append(names, a.caps.Name)
	}
	return -1, fmt.Errorf("%w named %q (there is %s)", gpu.ErrNoAdapter, part, strings.Join(names, ", "))
}

// caps describes an adapter.
func caps(info wgpu.Info, l wgpu.Limits) gpu.Caps {
	return gpu.Caps{
		Name:    info.Name,
		Vendor:  vendor(info.VendorID),
		Backend: backend(info.Backend),
		Kind:    kind(info.Type),
		Features: gpu.Features{
			F16:        info.F16,
			Subgroups:  info.Subgroups,
			DP4A:       info.DP4A,
			Timestamps: info.Timestamps,
			Texels:     loadsByLane(info),
		},
		Limits: gpu.Limits{
			MaxBufferSize:       limit(l.MaxBufferSize),
			MaxStorageBinding:   limit(l.MaxStorageBinding),
			MaxUniformBinding:   limit(l.MaxUniformBinding),
			MaxStorageBuffers:   l.MaxStorageBuffers,
			StorageOffsetAlign:  l.StorageOffsetAlign,
			UniformOffsetAlign:  l.UniformOffsetAlign,
			MaxWorkgroupStorage: l.MaxWorkgroupStorage,
			MaxInvocations:      l.MaxInvocations,
			MaxWorkgroupSizeX:   l.MaxWorkgroupSizeX,
			MaxWorkgroupSizeY:   l.MaxWorkgroupSizeY,
			MaxWorkgroupSizeZ:   l.MaxWorkgroupSizeZ,
			MaxWorkgroupsPerDim: l.MaxWorkgroupsPerDim,
		},
	}
}

// loadsByLane tells Mesa's llvmpipe, which reads a storage buffer invocation by
// invocation, and textures by vectors.
func loadsByLane(info wgpu.Info) bool {
	return info.Type == wgpu.CPU && strings.HasPrefix(info.Name, "llvmpipe")
}

// limit converts a limit, where "none" is the largest number, to a multiple of
// the 4 bytes in which all sizes come.
func limit(n uint64) int64 { return int64(min(n, math.MaxInt64)) &^ 3 }

func kind(t wgpu.Type) gpu.Kind {
	switch t {
	case wgpu.Discrete:
		return gpu.KindDiscrete
	case wgpu.Integrated:
		return gpu.KindIntegrated
	case wgpu.CPU:
		return gpu.KindSoftware
	}
	return gpu.KindUnknown
}

func backend(b wgpu.Backend) string {
	switch b {
	case wgpu.Vulkan:
		return "vulkan"
	case wgpu.Metal:
		return "metal"
	case wgpu.D3D12:
		return "d3d12"
	}
	return fmt.Sprintf("backend %d", b)
}

// vendor names the PCI vendors of GPUs; wgpu gives only the number.
func vendor(id uint32) string {
	switch id {
	case 0x1002:
		return "AMD"
	case 0x106b:
		return "Apple"
	case 0x10de:
		return "NVIDIA"
	case 0x13b5:
		return "ARM"
	case 0x1414:
		return "Microsoft"
	case 0x5143:
		return "Qualcomm"
	case 0x8086:
		return "Intel"
	case 0x10005: // Khronos's number for software
		return "Mesa"
	}
	return fmt.Sprintf("%#x", id)
}
