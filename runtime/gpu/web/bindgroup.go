//go:build js && wasm

package web

import (
	"errors"
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
)

type bindGroup struct {
	dev      *device
	label    string
	pipeline *pipeline
	buffers  []*buffer
	number   int // 0 once released
}

// NewBindGroup does not wait for the browser: what this package checked leaves
// nothing to refuse.
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
	raw := []any{own.bindings}
	for i, r := range bindings {
		b, err := d.own(r.Buffer)
		if err != nil {
			return nil, fmt.Errorf("%s: binding %d: %w", doing, i, err)
		}
		g.buffers = append(g.buffers, b)
		c := check.Resolve(r, b.usage)
		checked = append(checked, c)
		raw = append(raw, b.mem.number, c.Offset, c.Size)
	}
	if err := check.Bindings(own.accesses, checked, d.caps.Limits); err != nil {
		return nil, fmt.Errorf("%s for pipeline %q: %w", doing, own.label, err)
	}
	made, err := d.player.call("group", raw...)
	if err != nil {
		return nil, d.fail(doing, err)
	}
	g.number = made.Int()
	d.live[g] = struct{}{}
	return g, nil
}

func (g *bindGroup) Release() {
	g.dev.mu.Lock()
	defer g.dev.mu.Unlock()
	g.dev.release(g)
}

func (g *bindGroup) drop() {
	g.dev.free(g.number)
	g.number = 0
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
	case own.number == 0:
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
