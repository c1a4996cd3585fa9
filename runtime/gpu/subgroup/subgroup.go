// Package subgroup finds out how a device forms subgroups: of which size, and of which invocations.
package subgroup

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// probe stores, for each invocation of a workgroup, its place in its subgroup,
// the subgroup's size, and which invocations shuffles take to be its neighbours.
const probe = `
@group(0) @binding(0) var<storage, read_write> seen: array<vec4<u32>>;
@compute @workgroup_size(%d)
fn probe(@builtin(local_invocation_index) i: u32, @builtin(subgroup_invocation_id) id: u32, @builtin(subgroup_size) size: u32) {
  seen[i] = vec4<u32>(id, size, subgroupShuffleXor(i, 1u), subgroupShuffleXor(i, 2u));
}
`

// probed are the sizes of workgroups that are looked at: compilers choose the
// size of subgroups by them.
var probed = []int{8, 64, 256}

// leastOfIntel is how small subgroups of Intel's GPUs may be: their compiler
// chooses 8, 16 or 32 for each shader.
const leastOfIntel = 8

// Measure returns a device's features, with the sizes of its subgroups where the
// implementation does not know them, and without subgroups that kernels can't use.
//
// Kernels take subgroups to be runs of neighbours by local_invocation_index,
// aligned to their size. WebGPU does not promise that, but all drivers known keep
// to it in workgroups of one dimension. The probe makes sure; a device that does
// not even run it has no subgroups that kernels could use. Only losing the device
// is an error.
func Measure(dev gpu.Device) (gpu.Features, error) {
	caps := dev.Caps()
	f := caps.Features
	if !f.Subgroups {
		return f, nil
	}
	var seen [][][4]uint32
	for _, group := range probed {
		if group > int(caps.Limits.MaxInvocations) {
			continue
		}
		one, err := run(dev, group)
		if errors.Is(err, gpu.ErrLost) {
			return f, err
		}
		if err != nil {
			return without(f), nil
		}
		seen = append(seen, one)
	}
	if f.SubgroupMin == 0 {
		f.SubgroupMin, f.SubgroupMax = sizes(seen)
		if caps.Vendor == "Intel" {
			f.SubgroupMin = min(f.SubgroupMin, leastOfIntel)
		}
	}
	for _, one := range seen {
		if !inOrder(one, f) {
			return without(f), nil
		}
	}
	return f, nil
}

func without(f gpu.Features) gpu.Features {
	f.Subgroups, f.SubgroupMin, f.SubgroupMax = false, 0, 0
	return f
}

// sizes returns the least and the most size of a subgroup.
func sizes(seen [][][4]uint32) (least, most uint32) {
	for _, one := range seen {
		for _, s := range one {
			if least == 0 || s[1] < least {
				least = s[1]
			}
			most = max(most, s[1])
		}
	}
	return least, most
}

// inOrder judges what the probe saw.
func inOrder(seen [][4]uint32, f gpu.Features) bool {
	for i, s := range seen {
		id, size := s[0], s[1]
		if size < max(f.SubgroupMin, 4) || size > f.SubgroupMax || size&(size-1) != 0 || id != uint32(i)%size {
			return false
		}
		if s[2] != uint32(i)^1 || s[3] != uint32(i)^2 {
			return false
		}
	}
	return true
}

// run runs the probe in one workgroup.
func run(dev gpu.Device, group int) ([][4]uint32, error) {
	bytes := int64(group * 16)
	seen, err := dev.NewBuffer("subgroup probe", bytes, gpu.Storage)
	if err != nil {
		return nil, err
	}
	defer seen.Release()
	p, err := dev.NewPipeline(gpu.PipelineDesc{
		Label: "subgroup probe", WGSL: fmt.Sprintf(probe, group), Entry: "probe",
		Features: []string{gpu.FeatureSubgroups}, Bindings: []gpu.Access{gpu.ReadWrite},
	})
	if err != nil {
		return nil, err
	}
	defer p.Release()
	bound, err := dev.NewBindGroup(p, "subgroup probe", []gpu.BufferRange{{Buffer: seen}})
	if err != nil {
		return nil, err
	}
	defer bound.Release()
	if err := dev.Submit(gpu.CommandList{{Pipeline: p, BindGroup: bound, Grid: [3]uint32{1, 1, 1}}}); err != nil {
		return nil, err
	}
	read, err := dev.StartRead(seen, 0, bytes)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	data, err := read.Wait(ctx)
	if err != nil {
		return nil, err
	}
	out := make([][4]uint32, group)
	for i := range out {
		for j := range out[i] {
			out[i][j] = binary.LittleEndian.Uint32(data[i*16+j*4:])
		}
	}
	return out, nil
}
