// Package roofline measures how fast a device reads memory and multiplies: what no kernel can exceed.
package roofline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// leastBytes is what a dispatch reads at least: more than the caches of most
// devices hold.
const leastBytes = 120 << 20

// load is how a device is measured.
type load struct {
	bytes       int64 // that a dispatch reads, if it has the memory
	dispatches  int   // submitted together, so that launching them costs little
	repetitions int   // of each kernel; the fastest counts
}

// loadOf returns the load of a kind of device. A quarter of the 4 GiB that a
// device is taken to have, read eight times, is long against what it takes to
// submit and wait, and short against a watchdog's two seconds.
func loadOf(kind gpu.Kind) load {
	if kind == gpu.KindSoftware {
		return load{leastBytes, 1, 6}
	}
	return load{1 << 30, 8, 3}
}

// reader is a way of reading: invocations of a workgroup, how often each reads,
// and whether side by side (with all others in between) or a run of its own.
type reader struct {
	group, reads int
	run          bool
}

var readers = []reader{
	{8, 64, false}, {8, 256, false}, {8, 64, true}, {8, 512, true},
	{64, 16, false}, {64, 64, false}, {64, 64, true}, {256, 4, false}, {256, 16, false}, {256, 64, false},
}

// Bandwidth returns the best of several plain read kernels over more than
// 120 MB, on hardware 1 GiB where a binding may be as large, in bytes a second.
// Where texels are faster than storage buffers, they are read too.
func Bandwidth(ctx context.Context, dev gpu.Device) (float64, error) {
	kinds := []gpu.Usage{gpu.Storage}
	if dev.Caps().Features.Texels {
		kinds = append(kinds, gpu.Texels16)
	}
	best := 0.0
	for _, usage := range kinds {
		rate, err := bandwidth(ctx, dev, usage)
		if err != nil {
			return 0, err
		}
		best = max(best, rate)
	}
	return best, nil
}

// bandwidth returns the best rate of reading one kind of memory.
func bandwidth(ctx context.Context, dev gpu.Device, usage gpu.Usage) (best float64, err error) {
	load, limits := loadOf(dev.Caps().Kind), dev.Caps().Limits
	size := min(load.bytes, limits.MaxStorageBinding, limits.MaxBufferSize) / 16 * 16
	data, err := dev.NewBuffer("bandwidth", size, usage)
	for errors.Is(err, gpu.ErrOutOfMemory) && size/2 >= leastBytes {
		size = size / 32 * 16
		data, err = dev.NewBuffer("bandwidth", size, usage)
	}
	if err != nil {
		return 0, err
	}
	defer data.Release()
	if dev.Caps().Kind == gpu.KindSoftware {
		if err := fill(dev, data); err != nil {
			return 0, err
		}
	}
	for _, r := range readers {
		rate, err := r.measure(ctx, dev, data, usage, load)
		if err != nil {
			return 0, err
		}
		best = max(best, rate)
	}
	return best, nil
}

// fill writes a buffer, lest its pages, in a CPU's memory, be one page of zeros.
func fill(dev gpu.Device, b gpu.Buffer) error {
	piece := bytes.Repeat([]byte{0x3f}, 16<<20)
	for at := int64(0); at < b.Size(); at += int64(len(piece)) {
		if err := dev.Write(b, at, piece[:min(int64(len(piece)), b.Size()-at)]); err != nil {
			return err
		}
	}
	return nil
}

// measure returns the bytes a second of one way.
func (r reader) measure(ctx context.Context, dev gpu.Device, data gpu.Buffer, usage gpu.Usage, load load) (float64, error) {
	quads := data.Size() / 16
	groups := quads / int64(r.group*r.reads)
	sums, err := dev.NewBuffer("sums", groups*int64(r.group)*16, gpu.Storage)
	if err != nil {
		return 0, err
	}
	defer sums.Release()
	grid := fold(uint32(groups), dev.Caps().Limits.MaxWorkgroupsPerDim)
	access, declaration := gpu.ReadOnly, storage
	if usage != gpu.Storage {
		access, declaration = gpu.ReadTexels16, texels
	}
	pipeline, err := dev.NewPipeline(gpu.PipelineDesc{
		Label: "read", WGSL: declaration + r.wgsl(groups), Entry: "read_all", Bindings: []gpu.Access{access, gpu.ReadWrite},
	})
	if err != nil {
		return 0, err
	}
	defer pipeline.Release()
	bound, err := dev.NewBindGroup(pipeline, "read", []gpu.BufferRange{{Buffer: data}, {Buffer: sums}})
	if err != nil {
		return 0, err
	}
	defer bound.Release()
	best, err := load.time(ctx, dev, gpu.Command{Pipeline: pipeline, BindGroup: bound, Grid: grid})
	if err != nil {
		return 0, err
	}
	return float64(int64(load.dispatches)*groups*int64(r.group*r.reads)*16) / best.Seconds(), nil
}

// time returns the least time of so many dispatches.
func (l load) time(ctx context.Context, dev gpu.Device, c gpu.Command) (best time.Duration, err error) {
	list := make(gpu.CommandList, l.dispatches)
	for i := range list {
		list[i] = c
	}
	for i := range l.repetitions + 1 {
		begin := time.Now()
		if err := dev.Submit(list); err != nil {
			return 0, err
		}
		if err := dev.Wait(ctx); err != nil {
			return 0, err
		}
		if took := time.Since(begin); i == 1 || i > 1 && took < best { // the first compiles
			best = took
		}
	}
	return best, nil
}

// fold lays n workgroups out in rows.
func fold(n, most uint32) [3]uint32 {
	rows := (n + most - 1) / most
	return [3]uint32{(n + rows - 1) / rows, rows, 1}
}

// What is read, and how.
const (
	storage = `
@group(0) @binding(0) var<storage, read> data: array<vec4<f32>>;
fn load(i: u32) -> vec4<f32> { return data[i]; }`
	texels = `
@group(0) @binding(0) var data: texture_storage_2d<rgba32uint, read>;
fn load(i: u32) -> vec4<f32> { return bitcast<vec4<f32>>(textureLoad(data, vec2<u32>(i % 4096u, i / 4096u))); }`
)

// wgsl returns the kernel, in which four sums keep reads independent.
func (r reader) wgsl(groups int64) string {
	first, step := "at", fmt.Sprint(groups*int64(r.group))
	if r.run {
		first, step = fmt.Sprintf("at * %du", r.reads), "1"
	}
	return fmt.Sprintf(`
@group(0) @binding(1) var<storage, read_write> sums: array<vec4<f32>>;

@compute @workgroup_size(%d)
fn read_all(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let at = (workgroup.y * groups.x + workgroup.x) * %du + local;
  if (at >= %du) { return; }
  var i = %s;
  var a = vec4<f32>(0.0);
  var b = vec4<f32>(0.0);
  var c = vec4<f32>(0.0);
  var d = vec4<f32>(0.0);
  for (var n = 0u; n < %du; n += 4u) {
    a += load(i);
    b += load(i + %[6]su);
    c += load(i + 2u * %[6]su);
    d += load(i + 3u * %[6]su);
    i += 4u * %[6]su;
  }
  sums[at] = a + b + (c + d);
}
`, r.group, r.group, groups*int64(r.group), first, r.reads, step)
}
