//go:build !bootstrap

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wgslgen/wgslgen/runtime/embedded"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/runtime/synthetic"
	"github.com/wgslgen/wgslgen/tuner"
	"github.com/wgslgen/wgslgen/tuner/bench"
	"github.com/wgslgen/wgslgen/tuner/report"
)

// tuneFlags say what is tuned, for how long, and what is left.
type tuneFlags struct {
	model, kernel, device, out, report string
	budget                             budget
	memory                             memory.Size
	resume, write, json                bool
}

// budget is a flag: a duration, or full.
type budget tuner.Budget

// end returns when measuring must end for the command to end within its budget.
func (b budget) end(begin time.Time) time.Time {
	if b == budget(tuner.Full) {
		return begin.Add(forever)
	}
	d := time.Duration(b)
	return begin.Add(d - min(max(leastReserve, d/reservePart), d/2))
}

// What the device still works at when measuring ends, and writing what was found,
// has a reserve: so long, or such a part of a budget.
const (
	leastReserve = 2 * time.Second
	reservePart  = 50
)

// forever is longer than any tuning.
const forever = 1000 * time.Hour

func (b *budget) String() string {
	if *b == budget(tuner.Full) {
		return "full"
	}
	return time.Duration(*b).String()
}

func (b *budget) Set(text string) error {
	if text == "full" {
		*b = budget(tuner.Full)
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return errors.New("want a duration such as 30s or 5m, or full")
	}
	*b = budget(d)
	return nil
}

func tune(ctx context.Context, c *call) (int, error) {
	var f tuneFlags
	c.flags.StringVar(&f.model, "m", "", "`model` to tune for: a GGUF file, or a shape and type of the catalogue such as llama-125m:q4_0 (default: the built-in story model)")
	c.flags.StringVar(&f.kernel, "op", "", "tune one `kernel` alone")
	f.budget = budget(5 * time.Minute)
	c.flags.Var(&f.budget, "budget", "`time` that the command may take, or full: as long as it needs")
	c.flags.Var(&f.memory, "memory", "device memory to use, such as 6GiB (default: 75% of RAM where the GPU shares it, else 4GiB)")
	c.flags.StringVar(&f.device, "device", "", "part of the GPU's `name` (default: the best; see dreamer devices)")
	c.flags.StringVar(&f.out, "o", "", "`file` of the profile (default: where the engine finds it)")
	c.flags.StringVar(&f.report, "report", "", "HTML `file` to write a report to")
	c.flags.BoolVar(&f.resume, "resume", true, "go on from the searches that the profile holds; false starts over")
	c.flags.BoolVar(&f.write, "write", false, "promote the winners into tuner/profiles, to be shipped by generate")
	c.flags.BoolVar(&f.json, "json", false, "write the results as JSON")
	list := c.flags.Bool("list", false, "list the profiles of this machine, and do nothing else")
	remove := c.flags.Bool("clear", false, "remove the profiles of this machine, and do nothing else")
	if err := c.parse(0); err != nil {
		return 0, err
	}
	switch {
	case *list:
		return statusOK, c.listProfiles()
	case *remove:
		return statusOK, clearProfiles()
	}
	return f.tune(ctx, c)
}

func (f *tuneFlags) tune(ctx context.Context, c *call) (int, error) {
	measuring, cancel := context.WithDeadline(ctx, f.budget.end(time.Now()))
	defer cancel()
	lib, err := openSource("").library()
	if err != nil {
		return 0, err
	}
	if f.kernel != "" && lib.Kernel(f.kernel) == nil {
		return 0, usageError{fmt.Errorf("there is no kernel %s", f.kernel)}
	}
	model, err := openModel(f.model)
	if err != nil {
		return 0, err
	}
	defer model.Close()
	show := newMeter(c.err)
	show.note("loading the model and measuring the device")
	b, err := bench.Open(measuring, bench.Options{
		Open:  func() (gpu.Device, error) { return native.Open(native.Options{Adapter: f.device}) },
		Model: model, Library: lib, Kernel: f.kernel, Memory: int64(f.memory),
	})
	if err != nil {
		return 0, f.explain(measuring, err)
	}
	defer b.Close()
	t := &tuningRun{tuneFlags: f, bench: b, show: show}
	if err := t.openProfile(); err != nil {
		return 0, err
	}
	if err := t.search(measuring); err != nil {
		return 0, f.explain(measuring, err)
	}
	return statusOK, errors.Join(t.leave(c), ctx.Err())
}

// explain returns an error that says of a budget that was too short for anything
// what it is.
func (f *tuneFlags) explain(measuring context.Context, err error) error {
	if measuring.Err() != context.DeadlineExceeded {
		return err
	}
	return fmt.Errorf("the budget of %v was spent before the model was loaded and its operations were measured; nothing was tuned", &f.budget)
}

// openModel opens a file, a made-up model of the catalogue, or the built-in one.
func openModel(name string) (*gguf.File, error) {
	switch _, err := os.Stat(name); {
	case name == "":
		return embedded.Open()
	case err != nil && strings.Contains(name, ":"):
		return synthetic.Open(name)
	}
	return gguf.Open(name)
}

// tuningRun is one run of the command.
type tuningRun struct {
	*tuneFlags
	bench   *bench.Bench
	show    *meter
	path    string
	profile *profile.Profile
	all     []*tuner.Problem // of the model
}

// openProfile reads the profile to go on from, or begins one.
func (t *tuningRun) openProfile() error {
	t.path, t.profile = t.out, t.bench.NewProfile()
	if t.path == "" {
		folder, err := profile.Folder()
		if err != nil {
			return err
		}
		t.path = filepath.Join(folder, profile.FileName(t.profile.Device))
	}
	if !t.resume {
		return nil
	}
	old, err := profile.Read(t.path, t.profile.Device, t.profile.Kernels)
	switch {
	case err == nil:
		t.profile = old
	case !errors.Is(err, profile.ErrNone):
		t.show.note(err.Error() + "; starting over")
	}
	return nil
}

// search runs the searches that are not finished, and saves after each; then
// whole runs. It returns an error where ctx ends before there is anything to tune.
func (t *tuningRun) search(ctx context.Context) (err error) {
	t.profile.Whole = nil // of another run, and maybe another model
	t.show.note("measuring the operations of the model")
	if t.all, err = t.bench.Problems(ctx); err != nil {
		return err
	}
	open := slices.DeleteFunc(slices.Clone(t.all), func(p *tuner.Problem) bool { return t.bench.Done(t.profile, p) })
	if n := len(t.all) - len(open); n > 0 {
		t.show.note(fmt.Sprintf("%d of %d searches are finished already", n, len(t.all)))
	}
	t.show.begin(len(open))
	s := tuner.Search{Bench: t.bench, Device: t.bench.Device(), Now: time.Now, Observe: t.show.observe}
	var failed error
	came := s.Plan(ctx, open, t.searchBudget(ctx), func(p *tuner.Problem, r *tuner.Result) {
		failed = errors.Join(failed, t.bench.Record(t.profile, p, r), t.profile.Write(t.path))
		t.show.done(p, r)
	})
	t.show.finish()
	if came < len(open) && ctx.Err() != context.Canceled {
		t.show.note(fmt.Sprintf("the budget was spent before %d of %d searches", len(open)-came, len(open)))
	}
	if failed != nil || ctx.Err() != nil || t.kernel != "" {
		return failed
	}
	return t.tuneRuns(ctx)
}

// searchBudget returns what of the time left the searches have: whole runs need
// some, or, where one kernel is tuned alone, the longer test of the last winner.
func (t *tuningRun) searchBudget(ctx context.Context) tuner.Budget {
	if t.budget == budget(tuner.Full) {
		return tuner.Full
	}
	end, _ := ctx.Deadline()
	left := time.Until(end)
	rest := left / 10
	if t.kernel == "" {
		rest = min(max(t.bench.WholeTime(), left/4), left/2)
	}
	return tuner.Budget(max(left-rest, 1))
}

// tuneRuns measures whole runs of the model: with and without what was found, by
// the split of the cache, and by how the engine drives it. What is measured when
// ctx ends counts for nothing; what was found before stays.
func (t *tuningRun) tuneRuns(ctx context.Context) error {
	for _, step := range []struct {
		what string
		run  func(context.Context, *profile.Profile) error
	}{
		{"whole runs, with and without what was found", t.bench.TuneWhole},
		{"splits of the cache", t.bench.TuneSplits},
		{"ways to drive the device", t.bench.TuneEngine},
	} {
		t.show.note("measuring " + step.what)
		err := step.run(ctx, t.profile)
		switch {
		case err == nil:
		case ctx.Err() == context.DeadlineExceeded:
			t.show.note("the budget was spent before all was known of " + step.what)
			return nil
		case ctx.Err() != nil: // interrupted
			return nil
		default:
			return err
		}
	}
	return nil
}

// searches returns the results of this model's searches, of this run or an
// earlier one.
func (t *tuningRun) searches() (found []profile.Search) {
	for _, p := range t.all {
		if s := t.bench.Find(t.profile, p); s.Ended != "" {
			found = append(found, s)
		}
	}
	return found
}

// leave writes what the run found.
func (t *tuningRun) leave(c *call) error {
	if err := t.profile.Write(t.path); err != nil {
		return err
	}
	if t.report != "" {
		if err := t.writeReport(); err != nil {
			return err
		}
	}
	if t.write {
		if err := t.promote(); err != nil {
			return err
		}
	}
	if t.json {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		return e.Encode(t.searches())
	}
	printTable(c.out, t.searches())
	for _, w := range t.profile.Whole {
		fmt.Fprintln(c.out, sentence(w))
	}
	if e := t.profile.Engine; e.Chunk > 0 {
		fmt.Fprintln(c.out, driving(e))
	}
	t.show.note("the profile is " + t.path)
	return nil
}

// driving says how the engine drives a device.
func driving(e profile.Engine) string {
	text := fmt.Sprintf("prefill steps of %d tokens", e.Chunk)
	if e.Dispatches > 0 {
		text += fmt.Sprintf(", submitted by %d dispatches", e.Dispatches)
	}
	if e.Ahead > 0 {
		text += fmt.Sprintf("; %d decode steps submitted together", e.Ahead)
	}
	return text
}

// sentence says what became of whole runs.
func sentence(w profile.Whole) string {
	text := fmt.Sprintf("%s of %d tokens: %.2f tok/s tuned, %.2f untuned, %.2f×", w.Phase, w.Tokens, w.Tuned, w.Default, w.Tuned/w.Default)
	if !w.Kept {
		text += "; it keeps the untuned variants"
	}
	return text
}

func (t *tuningRun) writeReport() error {
	f, err := os.Create(t.report)
	if err != nil {
		return err
	}
	return errors.Join(report.Write(f, t.profile, t.searches()), f.Close())
}

// shippedFolder is where generate finds the profiles of known devices.
const shippedFolder = "tuner/profiles"

// promote writes the winners for the compiler: points, without results.
func (t *tuningRun) promote() error {
	p := *t.profile
	p.Variants, p.Searches = nil, []profile.Search{}
	path := filepath.Join(shippedFolder, profile.FileName(p.Device))
	if err := p.Write(path); err != nil {
		return err
	}
	t.show.note("the winners are in " + path + "; go generate ./... ships them")
	return nil
}
