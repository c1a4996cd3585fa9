// Package measure times the points of one kernel at given sizes, over made-up data.
package measure

import (
	"context"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/roofline"
)

// Bench is a device and the data that kernels work on.
type Bench struct {
	Rate float64 // multiply-adds a second

	dev     gpu.Device
	library *op.Library
	data    gpu.Buffer               // that all bindings share that are only read
	texels  map[gpu.Usage]gpu.Buffer // and all that are textures of one kind
	results gpu.Buffer               // and that all others do
	params  gpu.Buffer
}

// NewBench measures a device and makes data for variants of a table with any of
// the parameter blocks.
func NewBench(ctx context.Context, dev gpu.Device, variants []*kernel.Variant, sizes [][]uint32) (*Bench, error) {
	b := &Bench{dev: dev, library: op.NewLibrary(dev)}
	rate, err := roofline.Operations(ctx, dev)
	if err != nil {
		return nil, err
	}
	b.Rate = rate
	read, written := int64(0), int64(0)
	for _, v := range variants {
		for i := range v.Bindings {
			for _, words := range sizes {
				switch need := op.Need(&v.Bindings[i], words); {
				case v.Bindings[i].Write:
					written = max(written, need)
				case !v.Bindings[i].Texels():
					read = max(read, need)
				}
			}
		}
	}
	for _, buffer := range []struct {
		at    *gpu.Buffer
		label string
		size  int64
		usage gpu.Usage
	}{
		{&b.data, "data", read, gpu.Storage | gpu.Uniform},
		{&b.results, "results", written, gpu.Storage},
		{&b.params, "params", int64(kernel.ParamBytes(len(sizes[0]))), gpu.Uniform},
	} {
		if *buffer.at, err = dev.NewBuffer(buffer.label, buffer.size, buffer.usage); err != nil {
			b.Close()
			return nil, err
		}
	}
	if err := dev.Write(b.data, 0, numbers(read)); err != nil {
		b.Close()
		return nil, err
	}
	if err := b.makeTexels(variants, sizes); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// makeTexels makes a texture of each kind that variants read.
func (b *Bench) makeTexels(variants []*kernel.Variant, sizes [][]uint32) (err error) {
	most := map[gpu.Usage]int64{}
	for _, v := range variants {
		for i := range v.Bindings {
			for _, words := range sizes {
				if binding := &v.Bindings[i]; binding.Texels() {
					most[texelsOf(binding)] = max(most[texelsOf(binding)], op.Need(binding, words))
				}
			}
		}
	}
	b.texels = map[gpu.Usage]gpu.Buffer{}
	for usage, size := range most {
		if b.texels[usage], err = b.dev.NewBuffer("texels", size, usage); err != nil {
			return err
		}
		if err := b.dev.Write(b.texels[usage], 0, numbers(b.texels[usage].Size())); err != nil {
			return err
		}
	}
	return nil
}

// texelsOf returns which texels a binding reads.
func texelsOf(b *kernel.Binding) gpu.Usage { return gpu.TexelAccess(b.TexelBytes()).Texels() }

// Close gives back the data.
func (b *Bench) Close() {
	for _, buffer := range slices.AppendSeq([]gpu.Buffer{b.data, b.results, b.params}, maps.Values(b.texels)) {
		if buffer != nil {
			buffer.Release()
		}
	}
}

// numbers returns bytes that are small numbers, read as halves or as floats, and
// different ones, as what a device draws, and so its clock, depends on them.
func numbers(n int64) []byte {
	random := rand.New(rand.NewPCG(1, 1))
	out := make([]byte, 0, n+1)
	for int64(len(out)) < n {
		out = binary.LittleEndian.AppendUint16(out, 0x3800|uint16(random.Uint32()&0x3ff))
	}
	return out[:n]
}

// How long a measurement takes at least, and how many of them are taken; the
// fastest counts.
const (
	least = 2 * time.Millisecond
	runs  = 3
)

// Refuses returns why a variant can't be timed with a parameter block, or "".
func (b *Bench) Refuses(v *kernel.Variant, words []uint32) string {
	return b.library.Refuses(v, words)
}

// Time returns how long a dispatch of a variant takes.
func (b *Bench) Time(ctx context.Context, v *kernel.Variant, words []uint32) (time.Duration, error) {
	command, release, err := b.command(v, words)
	if err != nil {
		return 0, err
	}
	defer release()
	took, err := b.play(ctx, gpu.CommandList{command}) // which the device may compile for
	if err != nil {
		return 0, err
	}
	best := time.Duration(0)
	for range runs {
		list := slices.Repeat(gpu.CommandList{command}, int(least/max(took, 1))+1)
		all, err := b.play(ctx, list)
		if err != nil {
			return 0, err
		}
		took = all / time.Duration(len(list))
		if best == 0 || took < best {
			best = took
		}
	}
	return best, nil
}

func (b *Bench) command(v *kernel.Variant, words []uint32) (c gpu.Command, release func(), err error) {
	block := make([]byte, kernel.ParamBytes(len(words)))
	for i, w := range words {
		binary.LittleEndian.PutUint32(block[4*i:], w)
	}
	if err := b.dev.Write(b.params, 0, block); err != nil {
		return c, nil, err
	}
	ranges := make([]gpu.BufferRange, len(v.Bindings))
	for i := range v.Bindings {
		ranges[i] = gpu.BufferRange{Buffer: b.data, Size: op.Need(&v.Bindings[i], words)}
		switch {
		case v.Bindings[i].Write:
			ranges[i].Buffer = b.results
		case v.Bindings[i].Texels():
			ranges[i] = gpu.BufferRange{Buffer: b.texels[texelsOf(&v.Bindings[i])], Size: b.texels[texelsOf(&v.Bindings[i])].Size()}
		}
	}
	grid, err := b.library.Grid(v, words)
	if err != nil {
		return c, nil, err
	}
	c, release, err = b.library.Bind(v, ranges, gpu.BufferRange{Buffer: b.params, Size: b.params.Size()}, words)
	c.Grid = grid
	return c, release, err
}

// play returns how long the device works on a list, by its own clock where it
// has one.
func (b *Bench) play(ctx context.Context, list gpu.CommandList) (time.Duration, error) {
	if timer, ok := b.dev.(gpu.Timer); ok && b.dev.Caps().Features.Timestamps {
		times, err := timer.Time(ctx, list)
		if err != nil {
			return 0, err
		}
		return times[0], nil
	}
	begin := time.Now()
	if err := b.dev.Submit(list); err != nil {
		return 0, err
	}
	if err := b.dev.Wait(ctx); err != nil {
		return 0, err
	}
	return time.Since(begin), b.dev.Err()
}
