package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

func check(ctx context.Context, c *call) (int, error) {
	kernels := c.kernelsFlag()
	name := c.flags.String("kernel", "", "`name` of the only kernel to check")
	quick := c.flags.Bool("quick", false, "compile not all points, but the shipped ones, and enough others that every two values of two axes meet")
	if err := c.parse(0); err != nil {
		return 0, err
	}
	start := time.Now()
	src := openSource(*kernels)
	lib, err := src.library()
	if err != nil {
		return found(err)
	}
	list := lib.Kernels()
	if *name != "" {
		k, err := findKernel(lib, *name)
		if err != nil {
			return 0, err
		}
		list = []*ir.Kernel{k}
	}
	if err := pass.CheckDecls(lib); err != nil {
		return found(src.locate(err))
	}
	jobs, err := emit.Jobs(lib, list, *quick)
	if err != nil {
		return found(src.locate(err))
	}
	done, end := progress(c.err, len(jobs))
	err = emit.Check(ctx, lib, jobs, done)
	end()
	if err != nil {
		return found(src.locate(err))
	}
	fmt.Fprintf(c.out, "%d kernels are right at %d points (%v)\n", len(list), len(jobs), time.Since(start).Round(time.Millisecond))
	return statusOK, nil
}

// found returns the status for an error: mistakes are what check looks for.
func found(err error) (int, error) {
	if _, ok := err.(mistakes); ok {
		return statusFound, err
	}
	return statusFailed, err
}

// progress shows a bar for so many steps, if w is a terminal. step may be
// called from several goroutines.
func progress(w io.Writer, steps int) (step, end func()) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func() {}, func() {}
	}
	bar := progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("points"),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
	// A terminal that can't be written to is no reason to stop.
	return func() { _ = bar.Add(1) }, func() { _ = bar.Clear() }
}
