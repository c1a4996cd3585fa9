package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/wgslgen/wgslgen/runtime/inspect"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/modelfile"
)

func runInspect(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer inspect", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "Usage: dreamer inspect [flags] FILE")
		flags.PrintDefaults()
	}
	asJSON := flags.Bool("json", false, "write JSON")
	check := flags.Bool("check", false, "look at all weights, for those that are NaN or infinite")
	paths, err := parseMixed(flags, args, s)
	if err != nil {
		return err
	}
	if len(paths) != 1 {
		return &usageError{fmt.Sprintf("%d names; one FILE is needed", len(paths))}
	}
	f, err := modelfile.Open(paths[0])
	if err != nil {
		return err
	}
	defer f.Close()
	report := inspect.File(f)
	if *check {
		bar := newBar(s.err, "checking")
		err := report.Scan(ctx, f, func(done int64) { bar.set(done, report.Bytes) })
		bar.finish()
		if err != nil {
			return err
		}
	}
	if *asJSON {
		if err := writeJSON(s.out, report); err != nil {
			return err
		}
	} else {
		printReport(s.out, report)
	}
	if n := len(report.Problems); n > 0 {
		return fmt.Errorf("%s has problems: %s", paths[0], strings.Join(report.Problems, "; "))
	}
	return nil
}

func printReport(out io.Writer, r *inspect.Report) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "name\t%s\n", r.Name)
	fmt.Fprintf(w, "architecture\t%s\n", r.Architecture)
	fmt.Fprintf(w, "parameters\t%d\n", r.Parameters)
	fmt.Fprintf(w, "weights\t%s\n", memory.MiB(r.Bytes))
	for _, t := range r.Types {
		fmt.Fprintf(w, "  %s\t%d tensors, %s\n", t.Name, t.Tensors, memory.MiB(t.Bytes))
	}
	switch t := r.Tokenizer; {
	case t.Model == "":
		fmt.Fprintf(w, "tokenizer\tnone\n")
	default:
		fmt.Fprintf(w, "tokenizer\t%s %s, %d tokens\n", t.Model, t.Pre, t.Tokens)
	}
	fmt.Fprintf(w, "chat template\t%s\n", map[bool]string{true: "yes", false: "no"}[r.ChatTemplate])
	fmt.Fprintf(w, "\nmetadata\n")
	for _, m := range r.Metadata {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", m.Key, m.Type, m.Value)
	}
	fmt.Fprintf(w, "\ntensors\n")
	for _, t := range r.Tensors {
		fmt.Fprintf(w, "  %s\t%s\t%v\t%s\n", t.Name, t.Type, t.Shape, memory.MiB(t.Bytes))
	}
}
