package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/profile"
	"github.com/wgslgen/wgslgen/tuner"
)

// The map shows the two axes that matter, of three, with the least time of each
// pair, and the page names what was rejected; names are text, not markup.
func TestWrite(t *testing.T) {
	var trials []tuner.Trial
	for i, r := range []string{"1", "2", "16"} {
		for j, g := range []string{"8", "64"} {
			for k, idle := range []string{"a", "b"} {
				trials = append(trials, tuner.Trial{
					Candidate: "R=" + r + ",group=" + g + ",idle=" + idle, Outcome: tuner.Measured,
					Time: time.Duration(100+100*i+50*j+k) * time.Microsecond,
				})
			}
		}
	}
	trials = append(trials, tuner.Trial{Candidate: "R=32,group=8,idle=a", Outcome: tuner.Rejected, Why: "NMSE <0.3>"})
	m := drawMap(trials, "R=1,group=8,idle=a")
	if m.X != "R" || m.Y != "group" || strings.Join(m.Cols, " ") != "1 2 16" || len(m.Rows) != 2 {
		t.Fatalf("%+v", m)
	}
	if c := m.Rows[0].Cells[0]; c.Text != "100 µs" || c.Heat != 0 || !c.Best {
		t.Errorf("fastest %+v", c)
	}
	if c := m.Rows[1].Cells[2]; c.Text != "350 µs" || c.Heat != 9 || c.Best {
		t.Errorf("slowest %+v", c)
	}
	raw, err := json.Marshal(trials)
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	s := profile.Search{
		Operation: "gemv q4_0", Shape: "rows 64", Weight: 0.5, Roof: 50 * time.Microsecond, Default: 150 * time.Microsecond,
		Time: 100 * time.Microsecond, Best: "R=1,group=8,idle=a", Trials: raw,
	}
	if err := Write(&page, &profile.Profile{Device: gpu.Caps{Name: "<GPU>"}}, []profile.Search{s}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"&lt;GPU&gt;", "1.50×", "50 %", "12 measured, 1 rejected", "NMSE &lt;0.3&gt;", `class="h0 best"`, "prefers-color-scheme: dark", "@media print"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in the page", want)
		}
	}
	for _, foreign := range []string{"http://", "https://", "<script", "<link"} {
		if strings.Contains(page.String(), foreign) {
			t.Errorf("the page holds %s", foreign)
		}
	}
}
