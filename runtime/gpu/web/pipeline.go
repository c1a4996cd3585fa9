//go:build js && wasm

package web

import (
	"errors"
	"fmt"
	"slices"
	"syscall/js"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
)

type pipeline struct {
	dev      *device
	label    string
	accesses []gpu.Access
	bindings string // the accesses, as player.js has them
	number   int    // 0 once released
}

// letters stand for accesses in player.js.
var letters = [...]byte{gpu.ReadOnly: 'r', gpu.ReadWrite: 'w', gpu.UniformAccess: 'u'}

// NewPipeline lets others use the device while the browser compiles, so that
// several pipelines can be made at once.
func (d *device) NewPipeline(desc gpu.PipelineDesc) (gpu.Pipeline, error) {
	doing := fmt.Sprintf("compiling %q", desc.Label)
	p := &pipeline{dev: d, label: desc.Label, accesses: slices.Clone(desc.Bindings)}
	made, err := d.compile(p, doing, desc)
	if err != nil {
		return nil, err
	}
	select {
	case <-made.settled:
	case <-d.gone.settled:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	if made.err != nil {
		return nil, d.fail(doing, made.err)
	}
	p.number = made.value.Int()
	d.live[p] = struct{}{}
	return p, nil
}

// compile begins to make a pipeline.
func (d *device) compile(p *pipeline, doing string, desc gpu.PipelineDesc) (*promise, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	if err := check.Pipeline(desc, d.caps.Limits); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	if err := check.Features(desc.Features, d.caps.Features); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	if slices.ContainsFunc(desc.Bindings, func(a gpu.Access) bool { return a.Texels() != 0 }) {
		return nil, fmt.Errorf("%s: %w", doing, errNoTexels)
	}
	for _, access := range desc.Bindings {
		p.bindings += string(letters[access])
	}
	made, err := d.player.start("pipeline", desc.Label, gpu.Directives(desc.Features)+desc.WGSL, desc.Entry, p.bindings)
	if err != nil {
		return nil, d.fail(doing, err)
	}
	return made, nil
}

func (p *pipeline) Label() string { return p.label }

func (p *pipeline) Release() {
	p.dev.mu.Lock()
	defer p.dev.mu.Unlock()
	p.dev.release(p)
}

func (p *pipeline) drop() {
	p.dev.free(p.number)
	p.number = 0
}

// ownPipeline returns the device's own, usable pipeline behind p; mu is held.
func (d *device) ownPipeline(p gpu.Pipeline) (*pipeline, error) {
	own, ok := p.(*pipeline)
	switch {
	case !ok || own == nil:
		return nil, errors.New("no pipeline of this device")
	case own.dev != d:
		return nil, fmt.Errorf("pipeline %q belongs to another device", own.label)
	case own.number == 0:
		return nil, fmt.Errorf("pipeline %q was released", own.label)
	}
	return own, nil
}

// Compilers is the number of the machine's processors, of which the browser uses
// all.
func (d *device) Compilers() int {
	if n := js.Global().Get("navigator").Get("hardwareConcurrency"); n.Type() == js.TypeNumber {
		return max(n.Int(), 1)
	}
	return 1
}
