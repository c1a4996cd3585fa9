//go:build !bootstrap

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/devicefile"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
)

// families are names for several kernels, by what the kernels' names begin with.
var families = map[string][]string{
	"attention": {"attention_"},
	"matmul":    {"gemv", "gemm", "expert_gemv", "expert_gemm"},
	"norm":      {"rms_norm", "layer_norm"},
}

// axisFlags are other names for axes.
var axisFlags = map[string]string{"head-dim": "D"}

func explain(_ context.Context, c *call) (int, error) {
	name := c.flags.String("op", "", "`name` of a kernel of the library, or attention, matmul, norm")
	device := c.flags.String("device", "", "`file` that describes the device, as dreamer devices -json does; without it, one that has what every device has")
	key := c.axisFlags()
	if err := c.parse(0); err != nil {
		return 0, err
	}
	tables := tablesOf(*name)
	if len(tables) == 0 {
		return 0, usageError{fmt.Errorf("-op %q is no kernel of the library and no family: see wgslgen list", *name)}
	}
	caps := gpu.Caps{Limits: gpu.DefaultLimits()}
	if *device != "" {
		d, err := devicefile.Open(*device)
		if err != nil {
			return 0, err
		}
		caps = d.Caps
	}
	lib, some := op.Describe(caps), false
	for _, t := range tables {
		some = c.choice(t, lib.Choices(t, values(t, key))) || some
	}
	if !some {
		return statusFound, nil
	}
	return statusOK, nil
}

// axisFlags defines a flag for each axis of any kernel: -AXIS, or -axis-AXIS
// where explain has a flag of that name itself.
func (c *call) axisFlags() map[string]*string {
	key := map[string]*string{}
	for _, t := range generated.Tables {
		for _, axis := range t.Axes {
			if key[axis] != nil {
				continue
			}
			name := axis
			if c.flags.Lookup(name) != nil {
				name = "axis-" + axis
			}
			key[axis] = c.flags.String(name, "", "`value` of axis "+axis)
		}
	}
	for alias, axis := range axisFlags {
		c.flags.StringVar(key[axis], alias, "", "`value` of axis "+axis)
	}
	return key
}

// tablesOf returns the tables of a kernel or of a family.
func tablesOf(name string) (tables []*kernel.Table) {
	for _, t := range generated.Tables {
		in := slices.ContainsFunc(families[name], func(prefix string) bool { return strings.HasPrefix(t.Kernel, prefix) })
		if in || t.Kernel == name {
			tables = append(tables, t)
		}
	}
	return tables
}

// values returns the key of a table's variants.
func values(t *kernel.Table, key map[string]*string) []string {
	out := make([]string, len(t.Axes))
	for i, axis := range t.Axes {
		out[i] = *key[axis]
	}
	return out
}

// choice prints the first variant that is not refused, after why those before
// it are, and reports whether there is one.
func (c *call) choice(t *kernel.Table, all []kernel.Choice) bool {
	for _, choice := range all {
		if choice.Refusal == "" {
			fmt.Fprintf(c.out, "%s: %s\n", t.Kernel, choice.Variant.Name)
			return true
		}
		fmt.Fprintf(c.out, "%s: not %s: it %s\n", t.Kernel, choice.Variant.Name, choice.Refusal)
	}
	fmt.Fprintf(c.out, "%s: no variant\n", t.Kernel)
	return false
}
