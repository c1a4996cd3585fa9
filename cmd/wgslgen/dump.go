package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// The stages beside the passes.
const (
	stageParse = "parse" // generic, before any pass
	stageIR    = "ir"    // after all passes
	stageWGSL  = "wgsl"
)

func dump(_ context.Context, c *call) (int, error) {
	kernels := c.kernelsFlag()
	name := c.flags.String("kernel", "", "`name` of the kernel")
	point := c.flags.String("point", "", "`axis=value,…`; other axes are those of the first point shipped that agrees")
	stage := c.flags.String("stage", stageWGSL, "`stage` to show: "+strings.Join(stages(), ", "))
	if err := c.parse(0); err != nil {
		return 0, err
	}
	if *name == "" {
		return 0, usageError{fmt.Errorf("which kernel? Name it with -kernel")}
	}
	if !slices.Contains(stages(), *stage) {
		return 0, usageError{fmt.Errorf("there is no stage %q", *stage)}
	}
	src := openSource(*kernels)
	lib, err := src.library()
	if err != nil {
		return 0, err
	}
	k, err := findKernel(lib, *name)
	if err != nil {
		return 0, err
	}
	text, err := dumpStage(lib, k, *point, *stage)
	if err != nil {
		return 0, src.locate(err)
	}
	_, err = fmt.Fprint(c.out, text)
	return statusOK, err
}

func stages() []string {
	list := []string{stageParse}
	for _, p := range pass.Pipeline {
		list = append(list, p.Name)
	}
	return append(list, stageIR, stageWGSL)
}

func dumpStage(lib *ir.Library, k *ir.Kernel, text, stage string) (string, error) {
	if stage == stageParse {
		return ir.FormatKernel(k), nil
	}
	if err := pass.CheckDecls(lib); err != nil {
		return "", err
	}
	point, err := emit.ParsePoint(lib, k, text)
	if err != nil {
		return "", err
	}
	header := ""
	if p := pass.PointString(k, point); p != "" {
		header = "// point " + p + "\n"
	}
	if stage == stageWGSL {
		text, err := emit.WGSL(lib, k, point)
		return header + text, err
	}
	if stage == stageIR {
		stage = ""
	}
	u, err := pass.Compile(lib, k, point, stage)
	if err != nil {
		return "", err
	}
	return header + ir.FormatKernel(u.Kernel), nil
}

// findKernel returns the kernel of that name, or an error that lists those
// that there are.
func findKernel(lib *ir.Library, name string) (*ir.Kernel, error) {
	if k := lib.Kernel(name); k != nil {
		return k, nil
	}
	var names []string
	for _, k := range lib.Kernels() {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("there is no kernel %s; there are %s", name, strings.Join(names, ", "))
}
