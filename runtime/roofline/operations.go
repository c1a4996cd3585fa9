package roofline

import (
	"context"
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// Each invocation turns so many sums of four, independent of each other, so
// often.
const (
	sums  = 8
	turns = 512
)

// Operations returns the best of several plain kernels that multiply and add
// float32 in registers, in multiply-adds a second.
func Operations(ctx context.Context, dev gpu.Device) (float64, error) {
	load := loadOf(dev.Caps().Kind)
	groups, invocations := 1<<11, 1<<21
	if dev.Caps().Kind == gpu.KindSoftware {
		groups, invocations = 1<<3, 1<<13
	}
	best := 0.0
	for _, group := range []int{8, 64, 256} {
		rate, err := multiply(ctx, dev, load, group, max(groups, invocations/group))
		if err != nil {
			return 0, err
		}
		best = max(best, rate)
	}
	return best, nil
}

// multiply returns the multiply-adds a second of workgroups of a size.
func multiply(ctx context.Context, dev gpu.Device, load load, group, groups int) (float64, error) {
	out, err := dev.NewBuffer("products", int64(group*groups)*16, gpu.Storage)
	if err != nil {
		return 0, err
	}
	defer out.Release()
	pipeline, err := dev.NewPipeline(gpu.PipelineDesc{
		Label: "multiply", WGSL: multiplyWGSL(group), Entry: "multiply", Bindings: []gpu.Access{gpu.ReadWrite},
	})
	if err != nil {
		return 0, err
	}
	defer pipeline.Release()
	bound, err := dev.NewBindGroup(pipeline, "multiply", []gpu.BufferRange{{Buffer: out}})
	if err != nil {
		return 0, err
	}
	defer bound.Release()
	took, err := load.time(ctx, dev, gpu.Command{
		Pipeline: pipeline, BindGroup: bound, Grid: fold(uint32(groups), dev.Caps().Limits.MaxWorkgroupsPerDim),
	})
	if err != nil {
		return 0, err
	}
	return float64(load.dispatches) * float64(group*groups) * 4 * sums * turns / took.Seconds(), nil
}

func multiplyWGSL(group int) string {
	declared, step, total := "", "", "a0"
	for i := range sums {
		declared += fmt.Sprintf("  var a%d = start + vec4<f32>(%d.0);\n", i, i)
		step += fmt.Sprintf("    a%d = a%[1]d * scale + start;\n", i)
		if i > 0 {
			total += fmt.Sprintf(" + a%d", i)
		}
	}
	return fmt.Sprintf(`
@group(0) @binding(0) var<storage, read_write> products: array<vec4<f32>>;

@compute @workgroup_size(%d)
fn multiply(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let at = (workgroup.y * groups.x + workgroup.x) * %[1]du + local;
  if (at >= arrayLength(&products)) { return; }
  let start = vec4<f32>(f32(local));
  let scale = vec4<f32>(0.5 + f32(local) * 0.0001);
%s  for (var n = 0u; n < %du; n += 1u) {
%s  }
  products[at] = %s;
}
`, group, declared, turns, step, total)
}
