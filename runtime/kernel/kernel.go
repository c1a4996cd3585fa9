// Package kernel holds the types that dispatch tables are made of: what a generated kernel variant is, needs and is given.
package kernel

import (
	"fmt"
	"strings"
)

// Table is all shipped variants of one kernel, in order of preference within
// each ship.
type Table struct {
	Kernel   string
	Doc      string
	Axes     []string // variant axes, in the order of Variant.Key
	Params   []Param
	Variants []*Variant
}

// Param is a word of a kernel's parameter block.
type Param struct {
	Name   string
	Type   string // u32, i32 or f32
	Offset int    // bytes
}

// ParamBytes is the size of a parameter block of n words: uniform buffers come
// in units of 16 bytes.
func ParamBytes(n int) int { return (4*n + 15) / 16 * 16 }

// Variant is one kernel at one point of its axes.
type Variant struct {
	Name        string                   // unique among all kernels; also the entry's label
	Entry       string                   // entry point in the module
	Ship        string                   // the ship clause that asked for it
	Key         []string                 // values of the table's axes
	Tune        []Setting                // values of the tuning axes
	Module      func(name string) string // reads the module of that variant
	Bindings    []Binding                // storage buffers, at bindings 0, 1, …; the parameter block follows
	Workgroup   int                      // invocations of a workgroup
	SharedBytes int
	Features    []string // device features, as WebGPU names them
	Needs       []Need
	// Grid returns the workgroups along x, y and z for a parameter block.
	Grid func(p []uint32) [3]uint64
	// Foldable says that a grid too long in x may fold into z; see Fold.
	Foldable bool
}

// WGSL returns the variant's module.
func (v *Variant) WGSL() string { return v.Module(v.Name) }

// Setting is an axis with its value.
type Setting struct {
	Axis  string `json:"axis"`
	Value string `json:"value"`
}

// Need is a device limit, by name, and the least that it must be.
type Need struct {
	Limit string `json:"limit"`
	Least int64  `json:"least"`
}

// Binding is a storage buffer of a variant, or what is read like one: a uniform
// buffer, or a texture.
type Binding struct {
	Name  string
	Write bool   // the kernel stores to it
	Elem  string // WGSL element type
	// Uniform is the size in bytes of a uniform buffer, all of which must be
	// bound, whatever Bytes says; 0 is a storage buffer.
	Uniform int64
	// Bytes returns the least size for a parameter block.
	Bytes func(p []uint32) int64
	// Plane is set where the buffer is a plane of stored weights.
	Plane *PlaneRef
}

// PlaneRef says which plane of which weight binding a buffer is.
type PlaneRef struct {
	Weight     string `json:"weight"` // name of the weight binding in the kernel's source
	Format     string `json:"format"`
	Plane      int    `json:"plane"`      // index into Format.Planes
	Interleave int    `json:"interleave"` // rows whose words alternate
	// Texels says that the plane is a texture: gpu.Texels4, 8 or 16.
	Texels bool `json:"texels,omitempty"`
}

// Format is how weights are stored on the device: each plane is a stream of
// one record a block, whose bytes are those of the file's block at an offset.
type Format struct {
	Name       string
	GGML       int // GGUF type id
	Block      int // elements of a block on the device
	FileBlock  int // elements of a block in the file
	BlockBytes int // bytes of a block in the file
	Planes     []Plane
}

// Plane is one stream of a format: a record of Units units for each block. The
// record holds bytes From to To of each of the file's blocks that make up the
// block (Block/FileBlock of them), one after the other; bytes beyond a file
// block's end are zero. Where rows interleave by I, unit w of rows r … r+I-1 of
// the same block stand side by side: unit ((r/I·blocks + block)·Units + w)·I +
// r%I. Rows are padded to a multiple of I, columns to a multiple of Block.
type Plane struct {
	Name      string
	From, To  int
	UnitBytes int // 2 for f16, 4 for u32, 16 for vec4<u32>
	Units     int
}

// Device is what choosing a variant depends on.
type Device struct {
	MaxSharedBytes   int
	MaxInvocations   int
	MaxStorageBuffer int   // storage buffers a stage may bind
	MaxUniform       int64 // bytes of a uniform buffer
	MaxGroupsPerDim  uint64
	Texels           bool // it reads textures far faster than storage buffers
	Features         map[string]bool
	Limits           map[string]int64 // by the names used in where clauses: subgroup_min, …
}

// Refuses returns why the device can't run v, or "".
func (d *Device) Refuses(v *Variant) string {
	switch {
	case v.SharedBytes > d.MaxSharedBytes:
		return fmt.Sprintf("needs %d bytes of shared memory, the device has %d", v.SharedBytes, d.MaxSharedBytes)
	case v.Workgroup > d.MaxInvocations:
		return fmt.Sprintf("needs workgroups of %d invocations, the device has %d", v.Workgroup, d.MaxInvocations)
	case v.StorageBuffers() > d.MaxStorageBuffer:
		return fmt.Sprintf("needs %d storage buffers, the device has %d", v.StorageBuffers(), d.MaxStorageBuffer)
	}
	for _, b := range v.Bindings {
		if b.Texels() && !d.Texels {
			return "reads weights as textures, which is no gain on the device"
		}
		if b.Uniform > d.MaxUniform {
			return fmt.Sprintf("needs a uniform buffer of %d bytes, the device has %d", b.Uniform, d.MaxUniform)
		}
	}
	for _, f := range v.Features {
		if !d.Features[f] {
			return "needs feature " + f
		}
	}
	for _, n := range v.Needs {
		if d.Limits[n.Limit] < n.Least {
			return fmt.Sprintf("needs %s of %d, the device has %d", n.Limit, n.Least, d.Limits[n.Limit])
		}
	}
	return ""
}

// Texels reports whether the binding is a texture.
func (b *Binding) Texels() bool { return b.Plane != nil && b.Plane.Texels }

// TexelBytes returns the size of an element of a texture.
func (b *Binding) TexelBytes() int {
	switch {
	case strings.HasPrefix(b.Elem, "vec4"):
		return 16
	case strings.HasPrefix(b.Elem, "vec2"):
		return 8
	}
	return 4
}

// StorageBuffers counts the bindings that are neither uniform buffers nor textures.
func (v *Variant) StorageBuffers() int {
	n := 0
	for _, b := range v.Bindings {
		if b.Uniform == 0 && !b.Texels() {
			n++
		}
	}
	return n
}

// Fits returns why v can't take a parameter block, or "": a uniform buffer has
// a fixed size, which the block may exceed.
func (v *Variant) Fits(params []uint32) string {
	for _, b := range v.Bindings {
		if b.Uniform > 0 && b.Bytes(params) > b.Uniform {
			return fmt.Sprintf("takes at most %d bytes of %s, not %d", b.Uniform, b.Name, b.Bytes(params))
		}
	}
	return ""
}

// Find returns the first variant that matches the key ("" matches any value),
// that the device can run and that takes the parameter block (nil: any), trying
// those of the ship named first.
func (t *Table) Find(d *Device, ship string, key []string, params []uint32) (*Variant, error) {
	var refusals []string
	for _, preferred := range []bool{true, false} {
		for _, v := range t.Variants {
			if (v.Ship == ship) != preferred || !matches(v.Key, key) {
				continue
			}
			why := d.Refuses(v)
			if why == "" && params != nil {
				why = v.Fits(params)
			}
			if why == "" {
				return v, nil
			}
			refusals = append(refusals, v.Name+" "+why)
		}
	}
	if len(refusals) == 0 {
		return nil, fmt.Errorf("kernel %s has no variant for %s", t.Kernel, t.describe(key))
	}
	return nil, fmt.Errorf("kernel %s: no variant for %s fits: %s", t.Kernel, t.describe(key), strings.Join(refusals, "; "))
}

func matches(have, want []string) bool {
	for i, w := range want {
		if w != "" && have[i] != w {
			return false
		}
	}
	return true
}

func (t *Table) describe(key []string) string {
	var parts []string
	for i, v := range key {
		if v != "" {
			parts = append(parts, t.Axes[i]+"="+v)
		}
	}
	return strings.Join(parts, ",")
}

// Fold lays a grid out within max workgroups a dimension: what is too long in
// x goes on in z. Variants made for it ignore the workgroups that rounding adds.
func Fold(grid [3]uint64, foldable bool, max uint64) ([3]uint32, error) {
	if foldable && grid[0] > max && grid[2] == 1 {
		z := (grid[0] + max - 1) / max
		grid = [3]uint64{(grid[0] + z - 1) / z, grid[1], z}
	}
	var out [3]uint32
	for i, n := range grid {
		if n > max {
			return out, fmt.Errorf("a grid of %dx%dx%d workgroups is over the limit of %d a dimension", grid[0], grid[1], grid[2], max)
		}
		out[i] = uint32(n)
	}
	return out, nil
}
