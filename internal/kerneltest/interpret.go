package kerneltest

import (
	"maps"
	"slices"

	"github.com/wgslgen/wgslgen/ir/interp"
)

// Interpret runs the case in the interpreter, and returns what its buffers
// hold afterwards. The error may be interp.Defects.
func (c *Case) Interpret(layout Grid) (map[string][]uint32, error) {
	grid, err := layout(c.variant, c.variant.grid(c.params))
	if err != nil {
		return nil, err
	}
	buffers := maps.Clone(c.buffers)
	for name := range c.wants {
		buffers[name] = slices.Clone(buffers[name])
	}
	err = c.variant.program.Run(interp.Call{Params: c.paramWords(), Buffers: buffers, Grid: grid, SubgroupSize: c.variant.subgroup()})
	return buffers, err
}

// subgroup returns the least subgroup size that a variant demands.
func (v *Variant) subgroup() int {
	for _, n := range v.Unit.Needs {
		if n.Limit == "subgroup_min" {
			return int(n.Least)
		}
	}
	return 1
}
