//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"errors"
	"fmt"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
)

type pipeline struct {
	dev      *device
	label    string
	accesses []gpu.Access
	raw      wgpu.Pipeline // 0 once released
}

func (d *device) NewPipeline(desc gpu.PipelineDesc) (gpu.Pipeline, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	doing := fmt.Sprintf("compiling %q", desc.Label)
	if err := check.Pipeline(desc, d.caps.Limits); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	if err := check.Features(desc.Features, d.caps.Features); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	types := make([]wgpu.BindingType, len(desc.Bindings))
	for i, access := range desc.Bindings {
		types[i] = [...]wgpu.BindingType{
			gpu.ReadOnly:      wgpu.ReadOnlyBinding,
			gpu.ReadWrite:     wgpu.StorageBinding,
			gpu.UniformAccess: wgpu.UniformBinding,
			gpu.ReadTexels4:   wgpu.Texel4Binding,
			gpu.ReadTexels8:   wgpu.Texel8Binding,
			gpu.ReadTexels16:  wgpu.Texel16Binding,
		}[access]
	}
	raw, err := d.raw.NewPipeline(directives(desc.Features)+desc.WGSL, desc.Entry, desc.Trusted, types)
	if err != nil {
		return nil, d.fail(doing, err)
	}
	p := &pipeline{dev: d, label: desc.Label, accesses: append([]gpu.Access(nil), desc.Bindings...), raw: raw}
	d.live[p] = struct{}{}
	return p, nil
}

// directives are what naga wants before a shader: unlike the standard, nothing
// for subgroups.
func directives(features []string) string {
	return gpu.Directives(slices.DeleteFunc(slices.Clone(features), func(f string) bool { return f == gpu.FeatureSubgroups }))
}

func (p *pipeline) Label() string { return p.label }

func (p *pipeline) Release() {
	p.dev.mu.Lock()
	defer p.dev.mu.Unlock()
	p.dev.release(p)
}

func (p *pipeline) drop() {
	p.dev.free(p.raw)
	p.raw = 0
}

// ownPipeline returns the device's own, usable pipeline behind p; mu is held.
func (d *device) ownPipeline(p gpu.Pipeline) (*pipeline, error) {
	own, ok := p.(*pipeline)
	switch {
	case !ok || own == nil:
		return nil, errors.New("no pipeline of this device")
	case own.dev != d:
		return nil, fmt.Errorf("pipeline %q belongs to another device", own.label)
	case own.raw == 0:
		return nil, fmt.Errorf("pipeline %q was released", own.label)
	}
	return own, nil
}
