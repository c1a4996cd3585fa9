package op

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// probe stores, for each invocation of a workgroup, its place in its subgroup,
// the subgroup's size, and which invocation a shuffle takes to be its neighbour.
const probe = `
@group(0) @binding(0) var<storage, read_write> seen: array<vec4<u32>>;
@compute @workgroup_size(%d)
fn probe(@builtin(local_invocation_index) i: u32, @builtin(subgroup_invocation_id) id: u32, @builtin(subgroup_size) size: u32) {
  seen[i] = vec4<u32>(id, size, subgroupShuffleXor(i, 1u), subgroupShuffleXor(i, 2u));
}
`

// probedGroups are the sizes of workgroups that are looked at: compilers choose
// the size of subgroups by them.
var probedGroups = []int{8, 64, 256}

// subgroupsInOrder reports whether subgroups are runs of neighbours by
// local_invocation_index, aligned to their size. Kernels with subgroup
// reductions need that; WebGPU does not promise it, though all drivers known
// keep to it in workgroups of one dimension. A device that does not even run the
// probe has no subgroups that kernels could use.
func subgroupsInOrder(dev gpu.Device) bool {
	for _, group := range probedGroups {
		if group > int(dev.Caps().Limits.MaxInvocations) {
			continue
		}
		seen, err := runProbe(dev, group)
		if err != nil || !inOrder(seen, dev.Caps().Features) {
			return false
		}
	}
	return true
}

// inOrder judges what the probe saw.
func inOrder(seen [][4]uint32, f gpu.Features) bool {
	for i, s := range seen {
		id, size := s[0], s[1]
		if size < f.SubgroupMin || size > f.SubgroupMax || size&(size-1) != 0 || id != uint32(i)%size {
			return false
		}
		if s[2] != uint32(i)^1 || s[3] != uint32(i)^2 {
			return false
		}
	}
	return true
}

func runProbe(dev gpu.Device, group int) ([][4]uint32, error) {
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
