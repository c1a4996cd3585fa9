package kerneltest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// Shader is a variant's pipeline on a device.
type Shader struct {
	device   gpu.Device
	variant  *Variant
	pipeline gpu.Pipeline
}

// NewShader compiles a variant for a device.
func NewShader(d gpu.Device, v *Variant) (*Shader, error) {
	desc := gpu.PipelineDesc{Label: v.Name, WGSL: v.module.Text, Features: v.Unit.Features, Entry: v.module.Entry, Trusted: true}
	for _, b := range v.Unit.Kernel.Bindings {
		desc.Bindings = append(desc.Bindings, access(b))
	}
	if len(v.Unit.Kernel.Params) > 0 {
		desc.Bindings = append(desc.Bindings, gpu.UniformAccess)
	}
	p, err := d.NewPipeline(desc)
	return &Shader{d, v, p}, err
}

func access(b *ir.Binding) gpu.Access {
	switch {
	case texels(b) != 0:
		return gpu.TexelAccess(int(texels(b).TexelSize()))
	case b.Uniform != nil:
		return gpu.UniformAccess
	case b.Access == ir.In:
		return gpu.ReadOnly
	}
	return gpu.ReadWrite
}

// texels returns the usage of a binding that is a texture, else 0.
func texels(b *ir.Binding) gpu.Usage {
	if b.Plane == nil || !b.Plane.Texels {
		return 0
	}
	t, _ := b.Type.ElemType()
	return gpu.TexelAccess(t.Bytes()).Texels()
}

// Release gives the pipeline back.
func (s *Shader) Release() { s.pipeline.Release() }

// Run runs one of the variant's cases on the device, and returns what its
// buffers hold afterwards. It is an error if the run wrote around them.
func (s *Shader) Run(ctx context.Context, c *Case, layout Grid) (map[string][]uint32, error) {
	grid, err := layout(s.variant, s.variant.grid(c.params))
	if err != nil {
		return nil, err
	}
	var bound []*guarded
	defer func() {
		for _, b := range bound {
			b.buffer.Release()
		}
	}()
	bind := func(name string, words []uint32, usage gpu.Usage) error {
		b, err := guard(s.device, name, words, usage)
		if err == nil {
			bound = append(bound, b)
		}
		return err
	}
	for _, b := range s.variant.Unit.Kernel.Bindings {
		words, usage := c.buffers[b.Name], gpu.Storage
		switch {
		case texels(b) != 0:
			usage = texels(b)
		case b.Uniform != nil:
			t, _ := b.Type.ElemType()
			usage = gpu.Uniform
			words = append(slices.Clone(words), make([]uint32, int(eval(b.Uniform, nil))*t.Lanes-len(words))...)
		}
		if err := bind(b.Name, words, usage); err != nil {
			return nil, err
		}
	}
	if params := c.paramWords(); len(params) > 0 {
		params = append(params, make([]uint32, kernel.ParamBytes(len(params))/wordBytes-len(params))...)
		if err := bind("params", params, gpu.Uniform); err != nil {
			return nil, err
		}
	}
	ranges := make([]gpu.BufferRange, len(bound))
	for i, b := range bound {
		ranges[i] = b.inner()
	}
	group, err := s.device.NewBindGroup(s.pipeline, s.variant.Name, ranges)
	if err != nil {
		return nil, err
	}
	defer group.Release()
	if err := s.device.Submit(gpu.CommandList{{Pipeline: s.pipeline, BindGroup: group, Grid: grid}}); err != nil {
		return nil, err
	}
	out := map[string][]uint32{}
	for _, b := range bound {
		if out[b.name], err = b.read(ctx, s.device); err != nil {
			return nil, err
		}
	}
	return out, s.device.Err()
}

// guardBytes lie before and after what is bound: at least the alignment of an
// offset of any device.
const guardBytes = 256

const wordBytes = 4

// guarded is a buffer with bytes around what is bound of it, that a kernel must
// leave alone; or a texture, of which kernels leave all alone, with more texels
// behind.
type guarded struct {
	name   string
	buffer gpu.Buffer
	size   int      // bytes bound
	texels []uint32 // of a texture
}

var fence = bytes.Repeat([]byte{0xff, 0xff, 0xc7, 0x7f}, guardBytes/wordBytes) // NaN

func guard(d gpu.Device, name string, words []uint32, usage gpu.Usage) (*guarded, error) {
	var data []byte
	for _, w := range words {
		data = binary.LittleEndian.AppendUint32(data, w)
	}
	g := &guarded{name: name, size: len(data)}
	if usage.TexelSize() > 0 {
		g.texels, data = words, append(data, fence...)
	} else {
		data = slices.Concat(fence, data, fence)
	}
	var err error
	if g.buffer, err = d.NewBuffer(name, int64(len(data)), usage); err != nil {
		return nil, err
	}
	return g, d.Write(g.buffer, 0, data)
}

func (g *guarded) inner() gpu.BufferRange {
	if g.texels != nil {
		return gpu.BufferRange{Buffer: g.buffer}
	}
	return gpu.BufferRange{Buffer: g.buffer, Offset: guardBytes, Size: int64(g.size)}
}

// read returns the words that were bound.
func (g *guarded) read(ctx context.Context, d gpu.Device) ([]uint32, error) {
	if g.texels != nil {
		return g.texels, nil
	}
	pending, err := d.StartRead(g.buffer, 0, g.buffer.Size())
	if err != nil {
		return nil, err
	}
	data, err := pending.Wait(ctx)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(data[:guardBytes], fence) || !bytes.Equal(data[guardBytes+g.size:], fence) {
		return nil, fmt.Errorf("%s: the kernel wrote beyond its binding", g.name)
	}
	words := make([]uint32, g.size/wordBytes)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(data[guardBytes+i*wordBytes:])
	}
	return words, nil
}
