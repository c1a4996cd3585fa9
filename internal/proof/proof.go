// Package proof runs kernels in the interpreter, on small awkward shapes, and gathers what they do wrong.
package proof

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/internal/kerneltest"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/interp"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/templates"
)

// Report is what running variants showed.
type Report struct {
	Variants int        `json:"variants"`
	Cases    int        `json:"cases"`
	Findings []*Finding `json:"findings"`
	// Declared names the kernels that have no cases of their own: they ran on
	// cases made from their declared shapes, and no result was compared.
	Declared []string `json:"declared,omitempty"`
	// NotRun says of kernels why they could not run.
	NotRun map[string]string `json:"not_run,omitempty"`
}

// Run runs variants on their cases, several at a time, and calls done (from
// several goroutines) after each. The same seed makes the same cases.
func Run(ctx context.Context, lib *ir.Library, jobs []emit.Job, seed uint64, done func()) (*Report, error) {
	own, err := syntax.ParseFS(templates.FS)
	if err != nil {
		return nil, err
	}
	r := &runner{lib: lib, own: own, seed: seed, outcomes: make([]outcome, len(jobs))}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, job := range jobs {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			defer done()
			return r.variant(i, job)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return r.report(jobs), nil
}

type runner struct {
	lib, own *ir.Library
	seed     uint64
	outcomes []outcome // of each job
}

// outcome is what running one variant showed.
type outcome struct {
	cases    int
	declared bool
	notRun   string
	findings []*Finding
}

// variant runs one variant on all its cases. The error is a fault of the
// compiler or of a spec, not of the kernel.
func (r *runner) variant(i int, job emit.Job) (err error) {
	out := &r.outcomes[i]
	name := pass.Describe(job.Kernel, job.Point)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: the cases broke: %v", name, p)
		}
	}()
	v, err := kerneltest.Compile(r.lib, job.Kernel, job.Point)
	if err != nil {
		return err
	}
	spec := kerneltest.SpecFor(job.Kernel, r.own.Kernel(job.Kernel.Name))
	var cases []*kerneltest.Case
	if spec != nil {
		cases, err = spec.Cases(v, r.seed)
	} else {
		out.declared = true
		spec = kerneltest.Declared(job.Kernel)
		cases, out.notRun = fromShapes(spec, v, r.seed)
	}
	if err != nil {
		return err
	}
	out.cases = len(cases)
	for _, c := range cases {
		for layout, grid := range c.Layouts() {
			got, err := c.Interpret(grid)
			var defects interp.Defects
			switch {
			case errors.As(err, &defects):
				out.defects(job, c.String()+layout, defects)
			case err != nil:
				return fmt.Errorf("%s: %v%s: %w", name, c, layout, err)
			default:
				out.result(job, c.String()+layout, spec.Wrong(c, got))
			}
		}
	}
	return nil
}

// fromShapes makes the cases of a kernel that has none of its own, or says why
// its declarations don't allow it: a size may divide by another, for one.
func fromShapes(spec *kerneltest.Spec, v *kerneltest.Variant, seed uint64) (cases []*kerneltest.Case, why string) {
	defer func() {
		if p := recover(); p != nil {
			cases, why = nil, fmt.Sprint(p)
		}
	}()
	cases, err := spec.Cases(v, seed)
	if err != nil {
		return nil, err.Error()
	}
	return cases, ""
}

// report puts what the variants showed together: a defect that many variants
// of a kernel have is one finding, with the first of them.
func (r *runner) report(jobs []emit.Job) *Report {
	all := &Report{Variants: len(jobs), Findings: []*Finding{}, NotRun: map[string]string{}}
	index := map[key]*Finding{}
	declared := map[string]bool{}
	for i, out := range r.outcomes {
		all.Cases += out.cases
		name := jobs[i].Kernel.Name
		switch {
		case out.notRun != "":
			all.NotRun[name] = out.notRun
		case out.declared && !declared[name]:
			declared[name] = true
			all.Declared = append(all.Declared, name)
		}
		seen := map[key]bool{}
		for _, f := range out.findings {
			k := f.key()
			switch {
			case index[k] == nil:
				index[k] = f
				all.Findings = append(all.Findings, f)
			case !seen[k]:
				index[k].More++
			}
			seen[k] = true
		}
	}
	return all
}
