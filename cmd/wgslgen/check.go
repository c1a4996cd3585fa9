package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/internal/proof"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// checkup is what check is asked and what it tells.
type checkup struct {
	*call
	src   source
	lib   *ir.Library
	list  []*ir.Kernel
	quick bool
	run   string
	seed  uint64
	json  bool
	start time.Time
}

// What to run, beside compiling.
const (
	runNothing  = "nothing"
	runShipped  = "shipped"
	runCompiled = "compiled"
)

func check(ctx context.Context, c *call) (int, error) {
	k := &checkup{call: c, start: time.Now()}
	kernels := c.kernelsFlag()
	name := c.flags.String("kernel", "", "`name` of the only kernel to check")
	c.flags.BoolVar(&k.quick, "quick", false, "compile not all points, but the shipped ones, and enough others that every two values of two axes meet")
	c.flags.StringVar(&k.run, "run", runShipped, "`which` points to run in the interpreter: shipped, compiled (all that are) or nothing; of a kernel that ships nothing, shipped means what -quick compiles")
	c.flags.Uint64Var(&k.seed, "seed", 1, "`number` that random inputs come from")
	c.flags.BoolVar(&k.json, "json", false, "write JSON")
	if err := c.parse(0); err != nil {
		return 0, err
	}
	if !slices.Contains([]string{runNothing, runShipped, runCompiled}, k.run) {
		return 0, usageError{fmt.Errorf("-run is shipped, compiled or nothing, not %q", k.run)}
	}
	k.src = openSource(*kernels)
	lib, err := k.src.library()
	if err != nil {
		return k.found(err)
	}
	k.lib, k.list = lib, lib.Kernels()
	if *name != "" {
		one, err := findKernel(lib, *name)
		if err != nil {
			return 0, err
		}
		k.list = []*ir.Kernel{one}
	}
	points, err := k.compile(ctx)
	if err != nil {
		return k.found(k.src.locate(err))
	}
	jobs, err := k.toRun(points)
	if err != nil {
		return k.found(k.src.locate(err))
	}
	done, end := progress(c.err, "variants", len(jobs))
	report, err := proof.Run(ctx, lib, jobs, k.seed, done)
	end()
	if err != nil {
		return 0, err
	}
	return k.tell(len(points), report)
}

// compile compiles the kernels, and returns at which points.
func (k *checkup) compile(ctx context.Context) ([]emit.Job, error) {
	if err := pass.CheckDecls(k.lib); err != nil {
		return nil, err
	}
	points, err := emit.Jobs(k.lib, k.list, k.quick)
	if err != nil {
		return nil, err
	}
	done, end := progress(k.err, "points", len(points))
	defer end()
	return points, emit.Check(ctx, k.lib, points, done)
}

// toRun returns the points that are to be run.
func (k *checkup) toRun(compiled []emit.Job) (jobs []emit.Job, err error) {
	switch k.run {
	case runNothing:
		return nil, nil
	case runCompiled:
		return compiled, nil
	}
	for _, kernel := range k.list {
		if len(kernel.Ships) == 0 {
			some, err := emit.Jobs(k.lib, []*ir.Kernel{kernel}, true)
			if err != nil {
				return nil, err
			}
			jobs = append(jobs, some...)
			continue
		}
		shipped, err := pass.ShippedPoints(k.lib, kernel)
		if err != nil {
			return nil, err
		}
		for _, s := range shipped {
			jobs = append(jobs, emit.Job{Kernel: kernel, Point: s.Point})
		}
	}
	return jobs, nil
}

// outcome is what -json writes.
type outcome struct {
	Mistakes []mistake     `json:"mistakes"`
	Kernels  int           `json:"kernels"`
	Points   int           `json:"points"` // compiled
	Run      *proof.Report `json:"run,omitempty"`
}

type mistake struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// found returns the status for an error: mistakes are what check looks for.
func (k *checkup) found(err error) (int, error) {
	var m mistakes
	if !errors.As(err, &m) {
		return statusFailed, err
	}
	if !k.json {
		return statusFound, err
	}
	out := outcome{Kernels: len(k.list)}
	for _, e := range m.list {
		out.Mistakes = append(out.Mistakes, mistake{m.path(e.Pos), e.Pos.Line, e.Pos.Col, e.Msg})
	}
	return statusFound, writeJSON(k.out, out)
}

// tell prints what compiling and running showed.
func (k *checkup) tell(points int, r *proof.Report) (int, error) {
	status := statusOK
	if len(r.Findings) > 0 {
		status = statusFound
	}
	if k.json {
		for _, f := range r.Findings {
			f.At.File = k.src.path(f.At.Pos())
			if f.Other != nil {
				f.Other.File = k.src.path(f.Other.Pos())
			}
		}
		return status, writeJSON(k.out, outcome{[]mistake{}, len(k.list), points, r})
	}
	for _, name := range slices.Sorted(maps.Keys(r.NotRun)) {
		fmt.Fprintf(k.err, "kernel %s was compiled but not run: %s\n", name, r.NotRun[name])
	}
	if status == statusFound {
		return status, k.src.locate(r.Mistakes())
	}
	took := time.Since(k.start).Round(time.Millisecond)
	fmt.Fprintf(k.out, "%d kernels are right at %d points; %d variants ran on %d cases (%v)\n", len(k.list), points, r.Variants, r.Cases, took)
	if len(r.Declared) > 0 {
		fmt.Fprintf(k.out, "with no results to compare, on shapes all alike: %s\n", strings.Join(r.Declared, ", "))
	}
	return status, nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// progress shows a bar for so many steps, if w is a terminal. step may be
// called from several goroutines.
func progress(w io.Writer, what string, steps int) (step, end func()) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func() {}, func() {}
	}
	bar := progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
	// A terminal that can't be written to is no reason to stop.
	return func() { _ = bar.Add(1) }, func() { _ = bar.Clear() }
}
