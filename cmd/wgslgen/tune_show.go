//go:build !bootstrap

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/tuner"
)

// meter tells how far a tuning is: as a bar on a terminal, else in lines.
type meter struct {
	w        io.Writer
	terminal bool
	total    int
	numbers  map[*tuner.Problem]int // of those that were searched, in their order
	bar      *progressbar.ProgressBar
	drawn    time.Time
}

func newMeter(w io.Writer) *meter {
	f, ok := w.(*os.File)
	return &meter{w: w, terminal: ok && term.IsTerminal(int(f.Fd())), numbers: map[*tuner.Problem]int{}}
}

func (p *meter) note(text string) { fmt.Fprintln(p.w, text) }

func (p *meter) begin(total int) {
	p.total = total
	if p.terminal && total > 0 {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.w), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(20))
	}
}

// redraw is how often the bar shows a new best.
const redraw = 200 * time.Millisecond

func (p *meter) observe(problem *tuner.Problem, r *tuner.Result) {
	if p.bar == nil || time.Since(p.drawn) < redraw {
		return
	}
	p.drawn = time.Now()
	p.bar.Describe(describeSearch(problem, r))
}

// done tells of a search that ended, maybe again.
func (p *meter) done(problem *tuner.Problem, r *tuner.Result) {
	again := p.numbers[problem] > 0
	if !again {
		p.numbers[problem] = len(p.numbers) + 1
	}
	switch {
	case p.bar == nil:
		fmt.Fprintf(p.w, "%d/%d %s (%s)\n", p.numbers[problem], p.total, describeSearch(problem, r), r.Ended)
	case !again:
		p.bar.Add(1)
	}
}

func (p *meter) finish() {
	if p.bar != nil {
		p.bar.Finish()
	}
}

func describeSearch(p *tuner.Problem, r *tuner.Result) string {
	text := p.Name + ", " + p.Shape
	if r.Best < 0 {
		return text
	}
	best := r.Trials[r.Best].Time
	text += fmt.Sprintf(": best %s", short(best))
	if r.Default > 0 {
		text += fmt.Sprintf(", %.2f×", r.Gain())
	}
	return text + ofRoof(p.Roof, best, ", %.0f%% of the roofline")
}

// ofRoof formats the share of the roofline that a time reaches; nothing where
// that is not known.
func ofRoof(roof, took time.Duration, format string) string {
	if roof == 0 || took == 0 {
		return ""
	}
	return fmt.Sprintf(format, 100*float64(roof)/float64(took))
}

// short formats a duration with three digits.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.3g s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3g ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.3g µs", d.Seconds()*1e6)
}

// printTable prints what each search found.
func printTable(w io.Writer, searches []profile.Search) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "operation\tshape\tshare\tdefault\ttuned\tgain\troofline\tvariant")
	for _, s := range searches {
		if s.Time == 0 {
			fmt.Fprintf(t, "%s\t%s\t%.1f%%\t\t\t\t\tnone finished\n", s.Operation, s.Shape, 100*s.Weight)
			continue
		}
		gain := ""
		if s.Default > 0 {
			gain = fmt.Sprintf("%.2f×", float64(s.Default)/float64(s.Time))
		}
		fmt.Fprintf(t, "%s\t%s\t%.1f%%\t%s\t%s\t%s\t%s\t%s\n", s.Operation, s.Shape, 100*s.Weight,
			short(s.Default), short(s.Time), gain, ofRoof(s.Roof, s.Time, "%.0f%%"), chosen(s))
	}
	t.Flush()
}

// chosen names the variant that was chosen, by a search or by whole runs.
func chosen(s profile.Search) string {
	if s.Runs != "" {
		return s.Best + "; in whole runs " + s.Runs
	}
	return s.Best
}

// ownProfiles returns the paths of this machine's profiles.
func ownProfiles() ([]string, error) {
	folder, err := profile.Folder()
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(folder, "*.json"))
}

func (c *call) listProfiles() error {
	paths, err := ownProfiles()
	if err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		p, err := profile.Parse(text)
		if err != nil {
			fmt.Fprintf(c.out, "%s: damaged: %v\n", path, err)
			continue
		}
		fmt.Fprintf(c.out, "%s: %s (%s), %s, %d operations\n", path, p.Device.Name, p.Device.Backend, p.Made.Format("2 Jan 2006"), len(p.Choices))
	}
	return nil
}

func clearProfiles() error {
	paths, err := ownProfiles()
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return err
}
