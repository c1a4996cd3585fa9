// Package roofline measures how fast a device reads memory: what no kernel can exceed.
package roofline

import (
	"context"
	"fmt"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// readBytes is how much a kernel reads: more than caches hold.
const readBytes = 120 << 20

// repetitions of each kernel; the fastest counts.
const repetitions = 6

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
// 120 MB, in bytes a second.
func Bandwidth(ctx context.Context, dev gpu.Device) (float64, error) {
	size := min(int64(readBytes), dev.Caps().Limits.MaxStorageBinding)
	data, err := dev.NewBuffer("bandwidth", size, gpu.Storage)
	if err != nil {
		return 0, err
	}
	defer data.Release()
	best := 0.0
	for _, r := range readers {
		rate, err := r.measure(ctx, dev, data)
		if err != nil {
			return 0, err
		}
		best = max(best, rate)
	}
	return best, nil
}

// measure returns the bytes a second of one way.
func (r reader) measure(ctx context.Context, dev gpu.Device, data gpu.Buffer) (float64, error) {
	quads := data.Size() / 16
	groups := quads / int64(r.group*r.reads)
	sums, err := dev.NewBuffer("sums", groups*int64(r.group)*16, gpu.Storage)
	if err != nil {
		return 0, err
	}
	defer sums.Release()
	grid := fold(uint32(groups), dev.Caps().Limits.MaxWorkgroupsPerDim)
	pipeline, err := dev.NewPipeline(gpu.PipelineDesc{
		Label: "read", WGSL: r.wgsl(groups), Entry: "read", Bindings: []gpu.Access{gpu.ReadOnly, gpu.ReadWrite},
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
	var best time.Duration
	for i := range repetitions + 1 {
		begin := time.Now()
		if err := dev.Submit(gpu.CommandList{{Pipeline: pipeline, BindGroup: bound, Grid: grid}}); err != nil {
			return 0, err
		}
		if err := dev.Wait(ctx); err != nil {
			return 0, err
		}
		if took := time.Since(begin); i == 1 || i > 1 && took < best { // the first compiles
			best = took
		}
	}
	return float64(groups*int64(r.group*r.reads)*16) / best.Seconds(), nil
}

// fold lays n workgroups out in rows.
func fold(n, most uint32) [3]uint32 {
	rows := (n + most - 1) / most
	return [3]uint32{(n + rows - 1) / rows, rows, 1}
}

// wgsl returns the kernel, in which four sums keep reads independent.
func (r reader) wgsl(groups int64) string {
	first, step := "at", fmt.Sprint(groups*int64(r.group))
	if r.run {
		first, step = fmt.Sprintf("at * %du", r.reads), "1"
	}
	return fmt.Sprintf(`
@group(0) @binding(0) var<storage, read> data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec4<f32>>;

@compute @workgroup_size(%d)
fn read(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let at = (workgroup.y * groups.x + workgroup.x) * %du + local;
  if (at >= %du) { return; }
  var i = %s;
  var a = vec4<f32>(0.0);
  var b = vec4<f32>(0.0);
  var c = vec4<f32>(0.0);
  var d = vec4<f32>(0.0);
  for (var n = 0u; n < %du; n += 4u) {
    a += data[i];
    b += data[i + %[6]su];
    c += data[i + 2u * %[6]su];
    d += data[i + 3u * %[6]su];
    i += 4u * %[6]su;
  }
  sums[at] = a + b + (c + d);
}
`, r.group, r.group, groups*int64(r.group), first, r.reads, step)
}
