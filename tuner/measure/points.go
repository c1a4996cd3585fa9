package measure

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// Table returns a kernel's table without variants.
func Table(k *ir.Kernel) *kernel.Table {
	t := &kernel.Table{Kernel: k.Name, Doc: k.Doc}
	for _, a := range k.Axes {
		if !a.Tune {
			t.Axes = append(t.Axes, a.Name)
		}
	}
	for i, p := range k.Params {
		t.Params = append(t.Params, kernel.Param{Name: p.Name, Type: p.Type.Name, Offset: 4 * i})
	}
	return t
}

// Variants compiles a kernel at all points that agree with a choice of values,
// axis=value|value,…, and returns those of a key one after the other.
func Variants(ctx context.Context, lib *ir.Library, k *ir.Kernel, choice string) ([]*kernel.Variant, error) {
	points, err := pointsOf(lib, k, choice)
	if err != nil {
		return nil, err
	}
	t, variants := Table(k), make([]*kernel.Variant, len(points))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, p := range points {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			portable, err := emit.Portable(lib, k, p)
			if err == nil {
				variants[i], err = portable.Variant(t)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(variants, func(a, b *kernel.Variant) int { return slices.Compare(a.Key, b.Key) })
	return variants, nil
}

func pointsOf(lib *ir.Library, k *ir.Kernel, choice string) (points []ir.Point, err error) {
	allowed := map[string][]string{}
	for _, setting := range strings.FieldsFunc(choice, func(r rune) bool { return r == ',' }) {
		axis, values, ok := strings.Cut(setting, "=")
		if !ok || k.Axis(axis) == nil {
			return nil, fmt.Errorf("%q is no axis=value|value of kernel %s", setting, k.Name)
		}
		allowed[axis] = strings.Split(values, "|")
	}
	err = pass.Points(lib, k, func(p ir.Point, _ []pass.Need) bool {
		for axis, values := range allowed {
			if !slices.Contains(values, p[axis].String()) {
				return true
			}
		}
		points = append(points, p)
		return true
	})
	if err == nil && len(points) == 0 {
		err = fmt.Errorf("kernel %s has no point at %s", k.Name, choice)
	}
	return points, err
}

// Size reads a parameter block of a table, parameter=value,…; what is left out is
// 0, but for strides, which are the columns and rows.
func Size(t *kernel.Table, text string) ([]uint32, error) {
	given := map[string]uint32{}
	for _, setting := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(setting, "=")
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil || !slices.ContainsFunc(t.Params, func(p kernel.Param) bool { return p.Name == name && p.Type == "u32" }) {
			return nil, fmt.Errorf("%q is no parameter=value of kernel %s", setting, t.Kernel)
		}
		given[name] = uint32(n)
	}
	words := make([]uint32, len(t.Params))
	for i, p := range t.Params {
		n, ok := given[p.Name]
		switch {
		case ok:
		case p.Name == "x_stride":
			n = given["cols"]
		case p.Name == "y_stride":
			n = given["rows"]
		}
		words[i] = n
	}
	return words, nil
}
