// Package report writes what a tuning found as one HTML page, for the screen and for paper.
package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/tuner"
)

//go:embed page.html
var text string

var page = template.Must(template.New("page").Parse(text))

// Write writes a report of searches, which are of a profile.
func Write(w io.Writer, p *profile.Profile, searches []profile.Search) error {
	data := struct {
		Profile  *profile.Profile
		Made     string
		Searches []search
	}{Profile: p, Made: p.Made.Format("2 January 2006")}
	for _, s := range searches {
		drawn, err := draw(s)
		if err != nil {
			return fmt.Errorf("the results of %s, %s: %w", s.Operation, s.Shape, err)
		}
		data.Searches = append(data.Searches, drawn)
	}
	return page.Execute(w, data)
}

// search is a profile.Search as the page shows it.
type search struct {
	profile.Search
	Share, Default, Time, Gain, Roof string
	Bar                              int // of the gain, in percent of the page
	Map                              heatMap
	Rejected                         []tuner.Trial
	Counts                           string
}

// heatMap is the best time at each pair of values of two axes.
type heatMap struct {
	X, Y string   // axes
	Cols []string // values of X
	Rows []row
}

type row struct {
	Value string
	Cells []cell
}

type cell struct {
	Text, Title string
	Heat        int // 0, the fastest, to 9; -1 is not measured
	Best        bool
}

func draw(s profile.Search) (search, error) {
	out := search{Search: s, Share: percent(s.Weight), Default: duration(s.Default), Time: duration(s.Time)}
	if s.Default > 0 && s.Time > 0 {
		gain := float64(s.Default) / float64(s.Time)
		out.Gain, out.Bar = fmt.Sprintf("%.2f×", gain), int(min(100*(gain-1)/2, 100))
	}
	if s.Roof > 0 && s.Time > 0 {
		out.Roof = percent(float64(s.Roof) / float64(s.Time))
	}
	var trials []tuner.Trial
	if len(s.Trials) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(s.Trials, &trials); err != nil {
		return out, err
	}
	counts := map[tuner.Outcome]int{}
	for _, t := range trials {
		counts[t.Outcome]++
		if t.Outcome == tuner.Rejected {
			out.Rejected = append(out.Rejected, t)
		}
	}
	var parts []string
	for _, o := range []tuner.Outcome{tuner.Measured, tuner.Dropped, tuner.Rejected, tuner.Pruned, tuner.Skipped} {
		if counts[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[o], o))
		}
	}
	out.Counts = strings.Join(parts, ", ")
	out.Map = drawMap(trials, s.Best)
	return out, nil
}

func percent(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) }

func duration(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3g ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.3g µs", d.Seconds()*1e6)
}

// axesOf reads a candidate's name.
func axesOf(name string) map[string]string {
	axes := map[string]string{}
	for _, part := range strings.Split(name, ",") {
		if axis, value, ok := strings.Cut(part, "="); ok {
			axes[axis] = value
		}
	}
	return axes
}

// drawMap lays out the times over the two axes that matter most.
func drawMap(trials []tuner.Trial, best string) heatMap {
	var timed []tuner.Trial
	values := map[string][]string{}
	for _, t := range trials {
		if t.Time == 0 || t.Outcome == tuner.Rejected {
			continue
		}
		timed = append(timed, t)
		for axis, v := range axesOf(t.Candidate) {
			if !slices.Contains(values[axis], v) {
				values[axis] = append(values[axis], v)
			}
		}
	}
	x, y := influential(timed, values)
	m := heatMap{X: x, Y: y, Cols: ordered(values[x])}
	fastest, slowest := time.Duration(math.MaxInt64), time.Duration(0)
	least := func(vx, vy string) (found *tuner.Trial) {
		for i, t := range timed {
			axes := axesOf(t.Candidate)
			if axes[x] == vx && (y == "" || axes[y] == vy) && (found == nil || t.Time < found.Time) {
				found = &timed[i]
			}
		}
		return found
	}
	rows := ordered(values[y])
	if y == "" {
		rows = []string{""}
	}
	for _, vy := range rows {
		for _, vx := range m.Cols {
			if t := least(vx, vy); t != nil {
				fastest, slowest = min(fastest, t.Time), max(slowest, t.Time)
			}
		}
	}
	for _, vy := range rows {
		r := row{Value: vy}
		for _, vx := range m.Cols {
			c := cell{Text: "–", Heat: -1}
			if t := least(vx, vy); t != nil {
				c = cell{Text: duration(t.Time), Title: t.Candidate, Heat: heat(t.Time, fastest, slowest), Best: t.Candidate == best}
			}
			r.Cells = append(r.Cells, c)
		}
		m.Rows = append(m.Rows, r)
	}
	return m
}

// heat returns where a time lies between two others, by ratios.
func heat(t, fastest, slowest time.Duration) int {
	if slowest == fastest {
		return 0
	}
	return int(9 * math.Log(float64(t)/float64(fastest)) / math.Log(float64(slowest)/float64(fastest)))
}

// influential returns the two axes between whose values the least times differ
// most; "" where there are not as many.
func influential(timed []tuner.Trial, values map[string][]string) (first, second string) {
	type spread struct {
		axis  string
		ratio float64
	}
	var all []spread
	for axis, vs := range values {
		if len(vs) < 2 {
			continue
		}
		least := map[string]time.Duration{}
		for _, t := range timed {
			v := axesOf(t.Candidate)[axis]
			if least[v] == 0 || t.Time < least[v] {
				least[v] = t.Time
			}
		}
		fastest, slowest := time.Duration(math.MaxInt64), time.Duration(0)
		for _, t := range least {
			fastest, slowest = min(fastest, t), max(slowest, t)
		}
		all = append(all, spread{axis, float64(slowest) / float64(fastest)})
	}
	slices.SortFunc(all, func(a, b spread) int {
		if a.ratio != b.ratio {
			if a.ratio > b.ratio {
				return -1
			}
			return 1
		}
		return strings.Compare(a.axis, b.axis)
	})
	if len(all) > 0 {
		first = all[0].axis
	}
	if len(all) > 1 {
		second = all[1].axis
	}
	return first, second
}

// ordered sorts values as numbers, where all are, or else as words.
func ordered(values []string) []string {
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, func(a, b string) int {
		x, errX := strconv.Atoi(a)
		y, errY := strconv.Atoi(b)
		if errX == nil && errY == nil {
			return x - y
		}
		return strings.Compare(a, b)
	})
	return sorted
}
