package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

func list(ctx context.Context, c *call) (int, error) {
	kernels := c.kernelsFlag()
	name := c.flags.String("kernel", "", "`name` of a kernel whose variants to list")
	if err := c.parse(0); err != nil {
		return 0, err
	}
	src := openSource(*kernels)
	lib, err := src.library()
	if err != nil {
		return 0, err
	}
	one := lib.Kernel(*name)
	if *name != "" && one == nil {
		return 0, usageError{fmt.Errorf("there is no kernel %q in %s", *name, src.dir)}
	}
	shipped, err := emit.Compile(ctx, lib)
	if err != nil {
		return 0, src.locate(err)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	if one != nil {
		listVariants(w, shipped[one])
	} else if err := listKernels(w, lib, shipped); err != nil {
		return 0, src.locate(err)
	}
	return statusOK, w.Flush()
}

// listVariants writes a line a variant.
func listVariants(w io.Writer, variants []*emit.Variant) {
	fmt.Fprintln(w, "VARIANT\tWORKGROUP\tBINDINGS\tSHARED\tFEATURES")
	for _, v := range variants {
		u := v.Unit
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\n", v.Name, u.GroupSize, len(u.Kernel.Bindings), u.SharedBytes, strings.Join(u.Features, " "))
	}
}

// listKernels writes a line a kernel: what its variants ask for, from the least
// to the most, and how many need a feature.
func listKernels(w io.Writer, lib *ir.Library, shipped map[*ir.Kernel][]*emit.Variant) error {
	all := lib.Kernels()
	slices.SortFunc(all, func(a, b *ir.Kernel) int { return cmp.Compare(a.Name, b.Name) })
	fmt.Fprintln(w, "KERNEL\tVARIANTS\tPOINTS\tWORKGROUP\tBINDINGS\tSHARED\tFEATURES\tDOC")
	for _, k := range all {
		points := 0
		if err := pass.Points(lib, k, func(ir.Point, []pass.Need) bool { points++; return true }); err != nil {
			return err
		}
		variants := shipped[k]
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", k.Name, len(variants), points,
			span(variants, func(v *emit.Variant) int { return v.Unit.GroupSize }),
			span(variants, func(v *emit.Variant) int { return len(v.Unit.Kernel.Bindings) }),
			span(variants, func(v *emit.Variant) int { return v.Unit.SharedBytes }),
			features(variants), k.Doc)
	}
	return nil
}

// span is the least and the most of a number, which may be one.
func span(variants []*emit.Variant, number func(*emit.Variant) int) string {
	if len(variants) == 0 {
		return ""
	}
	least, most := number(variants[0]), number(variants[0])
	for _, v := range variants[1:] {
		least, most = min(least, number(v)), max(most, number(v))
	}
	if least == most {
		return fmt.Sprint(least)
	}
	return fmt.Sprintf("%d–%d", least, most)
}

// features tells how many variants need each feature.
func features(variants []*emit.Variant) string {
	count := map[string]int{}
	for _, v := range variants {
		for _, f := range v.Unit.Features {
			count[f]++
		}
	}
	var out []string
	for _, f := range slices.Sorted(maps.Keys(count)) {
		out = append(out, fmt.Sprintf("%s (%d)", f, count[f]))
	}
	return strings.Join(out, ", ")
}
