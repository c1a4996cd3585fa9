package gpu

// Kind is the kind of hardware behind an adapter.
type Kind string

const (
	KindDiscrete   Kind = "discrete"
	KindIntegrated Kind = "integrated" // memory shared with the CPU
	KindSoftware   Kind = "software"   // a CPU that plays a GPU
	KindUnknown    Kind = "unknown"
)

// Caps is what a device is and can do, as data: it can be stored, compared,
// and made up for tests.
type Caps struct {
	Name     string   `json:"name"`    // adapter, as the driver names it
	Vendor   string   `json:"vendor"`  // vendor, as the driver names it
	Driver   string   `json:"driver"`  // driver and version
	Backend  string   `json:"backend"` // vulkan, metal, d3d12, gl, browser
	Kind     Kind     `json:"kind"`
	Features Features `json:"features"`
	Limits   Limits   `json:"limits"`
}

// Features are what not all devices have of what kernels can use.
type Features struct {
	F16 bool `json:"f16"` // shader-f16
	// Subgroups are runs of neighbours by local_invocation_index, aligned to their
	// size, in workgroups of one dimension: see package subgroup.
	Subgroups   bool   `json:"subgroups"`
	SubgroupMin uint32 `json:"subgroup_min"` // smallest subgroup size; 0 without subgroups
	SubgroupMax uint32 `json:"subgroup_max"`
	DP4A        bool   `json:"dp4a"`       // packed 4x8-bit dot products
	Timestamps  bool   `json:"timestamps"` // timestamp-query
	// Texels says that shaders read texels far faster than storage buffers.
	Texels bool `json:"texels"`
}

// Limits are the WebGPU limits that kernels and buffers must respect.
type Limits struct {
	MaxBufferSize       int64  `json:"max_buffer_size"`
	MaxStorageBinding   int64  `json:"max_storage_binding"` // bytes of one storage binding
	MaxUniformBinding   int64  `json:"max_uniform_binding"`
	MaxStorageBuffers   uint32 `json:"max_storage_buffers"` // per shader stage
	StorageOffsetAlign  uint32 `json:"storage_offset_align"`
	UniformOffsetAlign  uint32 `json:"uniform_offset_align"`
	MaxWorkgroupStorage uint32 `json:"max_workgroup_storage"` // bytes of var<workgroup>
	MaxInvocations      uint32 `json:"max_invocations"`       // per workgroup
	MaxWorkgroupSizeX   uint32 `json:"max_workgroup_size_x"`
	MaxWorkgroupSizeY   uint32 `json:"max_workgroup_size_y"`
	MaxWorkgroupSizeZ   uint32 `json:"max_workgroup_size_z"`
	MaxWorkgroupsPerDim uint32 `json:"max_workgroups_per_dim"`
}

// DefaultLimits are the limits that every WebGPU device grants (WebGPU
// specification, "limits").
func DefaultLimits() Limits {
	return Limits{
		MaxBufferSize: 256 << 20, MaxStorageBinding: 128 << 20, MaxUniformBinding: 64 << 10,
		MaxStorageBuffers: 8, StorageOffsetAlign: 256, UniformOffsetAlign: 256,
		MaxWorkgroupStorage: 16384, MaxInvocations: 256,
		MaxWorkgroupSizeX: 256, MaxWorkgroupSizeY: 256, MaxWorkgroupSizeZ: 64,
		MaxWorkgroupsPerDim: 65535,
	}
}
