package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/wgslgen/wgslgen/runtime/catalogue"
	"github.com/wgslgen/wgslgen/runtime/devicefile"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/synthetic"
)

func runPlan(_ context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer plan", flag.ContinueOnError)
	var model modelFlags
	model.register(flags)
	flags.Lookup("m").Usage = "GGUF `file`, or a name of the catalogue with its weights, such as llama-3.1-70b:q4_k_m"
	flags.Lookup("device").Usage = "part of the GPU's `name`, or a file that describes one as dreamer devices -json does"
	asJSON := flags.Bool("json", false, "write JSON")
	if err := parse(flags, args, s); err != nil {
		return err
	}
	if err := model.check(); err != nil {
		return err
	}
	f, err := model.openOrMakeUp()
	if err != nil {
		return err
	}
	defer f.Close()
	caps, bytes, err := capsOf(model.device)
	if err != nil {
		return err
	}
	options := model.options()
	if options.Memory == 0 {
		options.Memory = bytes
	}
	estimate, err := engine.Plan(caps, f, options)
	if err != nil {
		return err
	}
	if *asJSON {
		return writeJSON(s.out, estimate)
	}
	name, _ := f.String("general.name")
	printPlan(s.out, name, caps, estimate)
	return nil
}

// openOrMakeUp opens a file, or the model of a name in the catalogue.
func (m *modelFlags) openOrMakeUp() (*gguf.File, error) {
	if name, _, ok := strings.Cut(m.path, ":"); ok {
		if _, err := catalogue.Find(name); err == nil {
			return synthetic.Open(m.path)
		}
	}
	f, err := m.open()
	if _, missing := os.Stat(m.path); err != nil && errors.Is(missing, os.ErrNotExist) {
		return nil, fmt.Errorf("%w (names of the catalogue have a type, such as llama-3.2-1b:q4_0; see docs/models.md)", err)
	}
	return f, err
}

// capsOf returns the capabilities of the device at hand, of the one that a part
// of its name tells, or of one that a file describes, and its memory where the
// file tells that.
func capsOf(device string) (gpu.Caps, int64, error) {
	if device != "" {
		d, err := devicefile.Open(device)
		if !errors.Is(err, os.ErrNotExist) {
			return d.Caps, d.Memory, err
		}
	}
	all, err := native.Adapters()
	if err != nil {
		return gpu.Caps{}, 0, err
	}
	for _, caps := range all {
		if strings.Contains(strings.ToLower(caps.Name), strings.ToLower(device)) {
			return caps, 0, nil
		}
	}
	return gpu.Caps{}, 0, fmt.Errorf("%w: none of %d has %q in its name", gpu.ErrNoAdapter, len(all), device)
}

func printPlan(out io.Writer, name string, caps gpu.Caps, p *engine.Estimate) {
	fmt.Fprintf(out, "%s on %s (%s memory)\n", name, caps.Name, p.Tier)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, bytes int64, note string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\t  %s\n", what, memory.MiB(bytes), fmt.Sprintf(note, args...))
	}
	if p.ExpertSlots > 0 {
		row("weights", p.Weights, "that stay; of these and of experts a decode step reads %s", memory.MiB(p.DecodeBytes))
		row("expert cache", p.ExpertCache, "for %d of each layer's %d experts; the others come from the file", p.ExpertSlots, p.Experts)
	} else {
		row("weights", p.Weights, "of which a decode step reads %s", memory.MiB(p.DecodeBytes))
	}
	row("KV cache", p.Cache, "for %d positions", p.Context)
	row("activations", p.Activations, "for %d tokens at once", p.Chunk)
	row("tables", p.Tables, "and %d dispatches a decode step", p.Dispatches)
	row("total", p.Total, "of %s", memory.MiB(p.Memory))
	w.Flush()
	if p.Refusal != "" {
		fmt.Fprintf(out, "does not fit: it %s\n", p.Refusal)
	}
}
