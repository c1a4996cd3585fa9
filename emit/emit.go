// Package emit turns a library of kernels into the files of a Go package: shaders, dispatch tables, formats.
package emit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/wgslgen/wgslgen/emit/gotable"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// Files are a package's files: contents by slash-separated name.
type Files map[string][]byte

// Generate compiles every kernel at the points that it ships and at those that
// profiles of known devices choose, and returns the files of Go package pkg. The
// same library and profiles always give the same bytes. The error is ir.Errors
// for mistakes in the sources.
func Generate(ctx context.Context, lib *ir.Library, pkg string, profiles []*profile.Profile) (Files, error) {
	compiled, err := Compile(ctx, lib)
	if err != nil {
		return nil, err
	}
	return Render(lib, compiled, pkg, profiles)
}

// Render returns the files of what Compile returned for a library.
func Render(lib *ir.Library, compiled map[*ir.Kernel][]*Variant, pkg string, profiles []*profile.Profile) (Files, error) {
	known, err := promote(lib, compiled, profiles)
	if err != nil {
		return nil, err
	}
	kernels, err := shippingKernels(lib)
	if err != nil {
		return nil, err
	}
	files := Files{
		"formats_gen.go":       gotable.Formats(pkg, lib),
		"tables_gen.go":        gotable.Tables(pkg, kernels, Checksum(lib)),
		"profiles_gen.go":      gotable.Profiles(pkg, known),
		"wgsl-embedded_gen.go": gotable.Embedded(pkg), // no kernel has such a name
		"wgsl-archived_gen.go": gotable.Archived(pkg),
	}
	for _, k := range kernels {
		var variants []gotable.Variant
		for _, v := range compiled[k] {
			m, err := module(v.Unit, header(k, v)...)
			if err != nil {
				return nil, err
			}
			files[path.Join(gotable.WGSLDir, v.Name+".wgsl")] = []byte(m.Text)
			variants = append(variants, gotable.Variant{Name: v.Name, Entry: m.Entry, Ship: v.Ship, Unit: v.Unit})
		}
		files[gotable.FileName(k)] = gotable.Kernel(pkg, k, variants)
	}
	return files, nil
}

// header is the comment at the top of a variant's module.
func header(k *ir.Kernel, v *Variant) []string {
	lines := []string{gotable.HeaderText, fmt.Sprintf("kernel %s: %s", k.Name, k.Doc)}
	if point := pass.PointString(k, v.Point); point != "" {
		lines = append(lines, "point "+point)
	}
	return append(lines, "ship "+v.Ship)
}

// shippingKernels returns the kernels that ship anything, sorted by name.
func shippingKernels(lib *ir.Library) ([]*ir.Kernel, error) {
	var kernels []*ir.Kernel
	for _, k := range lib.Kernels() {
		if len(k.Ships) > 0 {
			kernels = append(kernels, k)
		}
	}
	if len(kernels) == 0 {
		return nil, errors.New("no kernel has a ship clause: there is nothing to generate")
	}
	slices.SortFunc(kernels, func(a, b *ir.Kernel) int { return cmp.Compare(a.Name, b.Name) })
	return kernels, clashes(kernels)
}

// Variant is a shipped point, compiled.
type Variant struct {
	pass.Shipped
	Name string // of its file, without extension
	Unit *pass.Unit
}

// Compile compiles every kernel at the points that it ships. The error is
// ir.Errors for mistakes in the sources.
func Compile(ctx context.Context, lib *ir.Library) (map[*ir.Kernel][]*Variant, error) {
	if err := pass.CheckDecls(lib); err != nil {
		return nil, err
	}
	byKernel, err := shippedVariants(lib)
	if err != nil {
		return nil, err
	}
	var jobs []Job
	var variants []*Variant
	for _, k := range lib.Kernels() {
		for _, v := range byKernel[k] {
			jobs = append(jobs, Job{k, v.Point})
			variants = append(variants, v)
		}
	}
	return byKernel, each(ctx, jobs, func(i int) (err error) {
		variants[i].Unit, err = compile(lib, jobs[i].Kernel, jobs[i].Point)
		return err
	})
}

// shippedVariants names the points that each kernel ships.
func shippedVariants(lib *ir.Library) (map[*ir.Kernel][]*Variant, error) {
	byKernel := map[*ir.Kernel][]*Variant{}
	taken := map[string]bool{}
	var errs ir.Errors
	for _, k := range lib.Kernels() {
		points, err := pass.ShippedPoints(lib, k)
		if mistakes := (ir.Errors{}); errors.As(err, &mistakes) {
			errs = append(errs, mistakes...)
		} else if err != nil {
			return nil, err
		}
		for _, s := range points {
			v := &Variant{Shipped: s, Name: pass.VariantName(k, s)}
			if taken[v.Name] {
				errs = append(errs, sameName(k, v))
			}
			taken[v.Name] = true
			byKernel[k] = append(byKernel[k], v)
		}
	}
	return byKernel, errs.Err()
}
