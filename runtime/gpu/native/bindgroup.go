//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"errors"
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
)

type bindGroup struct {
	dev      *device
	label    string
	pipeline *pipeline
	buffers  []*buffer
	raw      wgpu.Group // 0 once released
}

func (d *device) NewBindGroup(p gpu.Pipeline, label string, bindings []gpu.BufferRange) (gpu.BindGroup, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	doing := fmt.Sprintf("making bind group %q", label)
	own, err := d.ownPipeline(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	g := &bindGroup{dev: d, label: label, pipeline: own}
	var checked []check.Binding
	var raw []wgpu.Binding
	for i, r := range bindings {
		b, err := d.own(r.Buffer)
		if err != nil {
			return nil, fmt.Errorf("%s: binding %d: %w", doing, i, err)
		}
		g.buffers = append(g.buffers, b)
		c := check.Resolve(r, b.usage)
		checked = append(checked, c)
		raw = append(raw, wgpu.Binding{Buffer: b.mem.raw, Texture: b.mem.texture, Offset: uint64(c.Offset), Size: uint64(c.Size)})
	}
	if err := check.Bindings(own.accesses, checked, d.caps.Limits); err != nil {
		return nil, fmt.Errorf("%s for pipeline %q: %w", doing, own.label, err)
	}
	if g.raw, err = d.raw.NewGroup(own.raw, raw); err != nil {
		return nil, d.fail(doing, err)
	}
	d.live[g] = struct{}{}
	return g, nil
}

func (g *bindGroup) Release() {
	g.dev.mu.Lock()
	defer g.dev.mu.Unlock()
	g.dev.release(g)
}

func (g *bindGroup) drop() {
	g.dev.free(g.raw)
	g.raw = 0
}

// ownGroup returns the device's own bind group behind g, if it can be used with
// pipeline p; mu is held.
func (d *device) ownGroup(g gpu.BindGroup, p *pipeline) (*bindGroup, error) {
	own, ok := g.(*bindGroup)
	switch {
	case !ok || own == nil:
		return nil, errors.New("no bind group of this device")
	case own.dev != d:
		return nil, fmt.Errorf("bind group %q belongs to another device", own.label)
	case own.raw == 0:
		return nil, fmt.Errorf("bind group %q was released", own.label)
	case own.pipeline != p:
		return nil, fmt.Errorf("bind group %q was made for pipeline %q, not %q", own.label, own.pipeline.label, p.label)
	}
	for i, b := range own.buffers {
		if b.mem == nil {
			return nil, fmt.Errorf("bind group %q: buffer %q (binding %d) was released", own.label, b.label, i)
		}
	}
	return own, nil
}
