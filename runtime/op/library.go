// Package op picks the generated kernel variant for an operation on a device, and makes it into commands.
package op

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// Library is the kernels as one device runs them. Pipelines are made once and
// shared by all commands.
type Library struct {
	dev       gpu.Device
	ship      string
	device    kernel.Device
	align     int64 // of a uniform binding's offset
	tuned     *profile.Chooser
	pipelines map[*kernel.Variant]gpu.Pipeline
	groups    []gpu.BindGroup
}

// NewLibrary returns the library of a device.
func NewLibrary(dev gpu.Device) *Library {
	l := Describe(dev.Caps())
	l.dev = dev
	return l
}

// Describe returns the library of a device of which only the capabilities are
// known: it finds variants, but makes no commands.
func Describe(caps gpu.Caps) *Library {
	l := &Library{ship: "gpu", device: describe(caps), align: int64(caps.Limits.UniformOffsetAlign), tuned: profile.NewChooser(nil), pipelines: map[*kernel.Variant]gpu.Pipeline{}}
	if caps.Kind == gpu.KindSoftware {
		l.ship = "software"
	}
	return l
}

// Use makes the library choose by a tuning profile, where that has a choice
// which the device can run; nil is none.
func (l *Library) Use(p *profile.Profile) { l.tuned = profile.NewChooser(p) }

// describe returns what choosing a variant depends on.
func describe(caps gpu.Caps) kernel.Device {
	return kernel.Device{
		MaxSharedBytes:   int(caps.Limits.MaxWorkgroupStorage),
		MaxInvocations:   int(caps.Limits.MaxInvocations),
		MaxStorageBuffer: int(caps.Limits.MaxStorageBuffers),
		MaxUniform:       caps.Limits.MaxUniformBinding,
		Texels:           caps.Features.Texels,
		MaxGroupsPerDim:  uint64(caps.Limits.MaxWorkgroupsPerDim),
		Features: map[string]bool{
			gpu.FeatureF16:       caps.Features.F16,
			gpu.FeatureSubgroups: caps.Features.Subgroups,
			gpu.FeatureDP4A:      caps.Features.DP4A,
		},
		Limits: map[string]int64{
			"subgroup_min": int64(caps.Features.SubgroupMin),
			"subgroup_max": int64(caps.Features.SubgroupMax),
		},
	}
}

// Key is the values of a kernel's variant axes, such as generated.GemvKey.
type Key interface{ Values() []string }

// Params is a kernel's parameter block, such as generated.GemvParams.
type Params interface{ Words() []uint32 }

// Refuses returns why the device can't run a variant with a parameter block, or
// "".
func (l *Library) Refuses(v *kernel.Variant, words []uint32) string {
	if why := l.device.Refuses(v); why != "" {
		return why
	}
	return v.Fits(words)
}

// Find returns the variant of a kernel that the device runs best for a
// parameter block (nil: any).
func (l *Library) Find(t *kernel.Table, key Key, words []uint32) (*kernel.Variant, error) {
	if v, _ := l.Chosen(t, key, words); v != nil {
		return v, nil
	}
	return t.Find(&l.device, l.ship, key.Values(), words)
}

// Chosen returns the variant that the tuning profile has for a parameter block,
// if any that the device can run, and how far apart the sizes are.
func (l *Library) Chosen(t *kernel.Table, key Key, words []uint32) (v *kernel.Variant, apart float64) {
	if v, apart = l.tuned.Variant(t, key.Values(), words); v == nil || words == nil || l.Refuses(v, words) != "" {
		return nil, 0
	}
	return v, apart
}

// Has reports whether the device runs a variant of a kernel for the key.
func (l *Library) Has(t *kernel.Table, key Key) bool {
	_, err := l.Find(t, key, nil)
	return err == nil
}

// Choices returns the variants of a kernel that match the values of its axes (""
// any), best first, with why the device refuses those that it does.
func (l *Library) Choices(t *kernel.Table, key []string) []kernel.Choice {
	return t.Choices(&l.device, l.ship, key)
}

// Software reports whether the device is a CPU that plays a GPU: kernels with
// barriers are slow there.
func (l *Library) Software() bool { return l.ship == "software" }

// Grid returns the workgroups of a variant for a parameter block.
func (l *Library) Grid(v *kernel.Variant, params []uint32) ([3]uint32, error) {
	grid, err := kernel.Fold(v.Grid(params), v.Foldable, l.device.MaxGroupsPerDim)
	if err != nil {
		return grid, fmt.Errorf("%s: %w", v.Name, err)
	}
	return grid, nil
}

// Command binds buffers, in the order of v.Bindings, and a parameter block to a
// variant. Its grid is left empty: see Grid.
func (l *Library) Command(v *kernel.Variant, buffers []gpu.BufferRange, params gpu.BufferRange, words []uint32) (gpu.Command, error) {
	c, _, err := l.Bind(v, buffers, params, words)
	if err != nil {
		return gpu.Command{}, err
	}
	l.groups = append(l.groups, c.BindGroup)
	return c, nil
}

// Bind is Command for a while: release gives the bind group back.
func (l *Library) Bind(v *kernel.Variant, buffers []gpu.BufferRange, params gpu.BufferRange, words []uint32) (c gpu.Command, release func(), err error) {
	if err := enough(v, buffers, words); err != nil {
		return c, nil, err
	}
	pipeline, err := l.pipeline(v)
	if err != nil {
		return c, nil, err
	}
	group, err := l.dev.NewBindGroup(pipeline, v.Name, append(buffers, params))
	if err != nil {
		return c, nil, err
	}
	return gpu.Command{Pipeline: pipeline, BindGroup: group}, group.Release, nil
}

// enough reports bindings that are too small for a parameter block.
func enough(v *kernel.Variant, buffers []gpu.BufferRange, words []uint32) error {
	for i := range v.Bindings {
		b := &v.Bindings[i]
		if need := Need(b, words); buffers[i].Size < need {
			return fmt.Errorf("%s: binding %s has %d bytes, but needs %d", v.Name, b.Name, buffers[i].Size, need)
		}
	}
	return nil
}

// Need returns the bytes that must be bound to a binding.
func Need(b *kernel.Binding, params []uint32) int64 {
	return max(b.Uniform, b.Bytes(params))
}

func (l *Library) pipeline(v *kernel.Variant) (gpu.Pipeline, error) {
	if p, ok := l.pipelines[v]; ok {
		return p, nil
	}
	p, err := l.dev.NewPipeline(describePipeline(v))
	if err != nil {
		return nil, err
	}
	l.pipelines[v] = p
	return p, nil
}

func describePipeline(v *kernel.Variant) gpu.PipelineDesc {
	desc := gpu.PipelineDesc{Label: v.Name, WGSL: v.WGSL(), Features: v.Features, Entry: v.Entry, Trusted: true}
	for _, b := range v.Bindings {
		desc.Bindings = append(desc.Bindings, access(&b))
	}
	desc.Bindings = append(desc.Bindings, gpu.UniformAccess)
	return desc
}

func access(b *kernel.Binding) gpu.Access {
	switch {
	case b.Texels():
		return gpu.TexelAccess(b.TexelBytes())
	case b.Uniform > 0:
		return gpu.UniformAccess
	case b.Write:
		return gpu.ReadWrite
	}
	return gpu.ReadOnly
}

// ParamSlot returns the bytes from one parameter block to the next in a uniform
// buffer that holds many, of up to so many words.
func (l *Library) ParamSlot(words int) int64 {
	align := max(l.align, 16)
	return (int64(kernel.ParamBytes(words)) + align - 1) / align * align
}

// Release gives back all bind groups and pipelines.
func (l *Library) Release() {
	for _, g := range l.groups {
		g.Release()
	}
	for _, p := range l.pipelines {
		p.Release()
	}
	l.groups, l.pipelines = nil, nil
}
