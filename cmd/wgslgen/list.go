package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

func list(ctx context.Context, c *call) (int, error) {
	kernels := c.kernelsFlag()
	if err := c.parse(0); err != nil {
		return 0, err
	}
	src := openSource(*kernels)
	lib, err := src.library()
	if err != nil {
		return 0, err
	}
	shipped, err := emit.Compile(ctx, lib)
	if err != nil {
		return 0, src.locate(err)
	}
	all := lib.Kernels()
	slices.SortFunc(all, func(a, b *ir.Kernel) int { return cmp.Compare(a.Name, b.Name) })
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KERNEL\tSHIPPED\tPOINTS\tBINDINGS\tSHARED\tFEATURES\tDOC")
	for _, k := range all {
		points := 0
		err := pass.Points(lib, k, func(ir.Point, []pass.Need) bool { points++; return true })
		if err != nil {
			return 0, src.locate(err)
		}
		d := demandsOf(shipped[k])
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\n", k.Name, len(shipped[k]), points, d.bindings, d.shared, strings.Join(d.features, " "), k.Doc)
	}
	return statusOK, w.Flush()
}

// demands are the most that any of a kernel's shipped variants asks for.
type demands struct {
	bindings, shared int
	features         []string
}

func demandsOf(variants []*emit.Variant) demands {
	var d demands
	for _, v := range variants {
		d.bindings = max(d.bindings, len(v.Unit.Kernel.Bindings))
		d.shared = max(d.shared, v.Unit.SharedBytes)
		d.features = append(d.features, v.Unit.Features...)
	}
	slices.Sort(d.features)
	d.features = slices.Compact(d.features)
	return d
}
