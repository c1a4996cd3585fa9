package conformance

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/internal/reference/opvec"
)

// Tally is how the cases of one operator ended.
type Tally struct {
	Operator string
	Passed   int
	Failures []string
	LeftOut  map[string]int // cases by why they are not applicable
	Worst    float64        // largest NMSE of those that passed
	Exact    float64        // the same against float64, of those that were held to it
}

// Report is the tallies of all operators.
type Report []*Tally

func (t *Tally) add(o outcome) {
	if o.err != nil {
		t.Failures = append(t.Failures, fmt.Sprintf("%s %s: %v", o.Op, o.Vars, o.err))
		return
	}
	t.Passed++
	t.Worst, t.Exact = max(t.Worst, o.nmse), max(t.Exact, o.exact)
}

// refused notes a case that could not be planned.
func (t *Tally) refused(r *opvec.Record, err error) {
	var why inapplicable
	if !errors.As(err, &why) {
		t.add(outcome{Record: r, err: err})
		return
	}
	if t.LeftOut == nil {
		t.LeftOut = map[string]int{}
	}
	t.LeftOut[string(why)]++
}

func (t *Tally) leftOut() (n int) {
	for _, cases := range t.LeftOut {
		n += cases
	}
	return n
}

// Cases returns the number of cases.
func (t *Tally) Cases() int { return t.Passed + len(t.Failures) + t.leftOut() }

// String returns the tally as a row of the report.
func (t *Tally) String() string {
	s := fmt.Sprintf("%-15s %5d %7d %7d %15d %11s %11s", t.Operator, t.Cases(), t.Passed, len(t.Failures), t.leftOut(), figure(t.Worst), figure(t.Exact))
	for _, why := range slices.Sorted(maps.Keys(t.LeftOut)) {
		s += fmt.Sprintf("  %s: %d", why, t.LeftOut[why])
	}
	return s
}

func figure(nmse float64) string {
	if nmse == 0 {
		return "0"
	}
	return fmt.Sprintf("%.1e", nmse)
}

// String returns the report as a table, by operator.
func (r Report) String() string {
	r = slices.SortedFunc(slices.Values(r), func(a, b *Tally) int { return strings.Compare(a.Operator, b.Operator) })
	lines := []string{fmt.Sprintf("%-15s %5s %7s %7s %15s %11s %11s", "operator", "cases", "passed", "failed", "not applicable", "worst NMSE", "to float64")}
	for _, t := range r {
		lines = append(lines, t.String())
	}
	return strings.Join(lines, "\n")
}

// listed are the reasons for which cases may be left out, by operator.
var listed = map[string][]string{
	"GET_ROWS": {"type i32"}, // a table of integers: models look up weights
	"SET_ROWS": setTypes,
}

// setTypes are what copy, which stores f32 and halves, does not store. A cache
// in q8_0 is written by rope_kv, with scales in f32 and not as a file has them.
var setTypes = []string{"type bf16", "type q4_0", "type q4_1", "type q5_0", "type q5_1", "type q8_0", "type q2_K", "type q3_K", "type mxfp4", "type iq4_nl"}

// thorough are the operators of which nine cases in ten must apply.
var thorough = []string{"FLASH_ATTN_EXT", "GET_ROWS", "MUL_MAT", "MUL_MAT_ID", "RMS_NORM", "ROPE", "SOFT_MAX", "TOP_K"}

// Err returns what of the tally is not as it must be, or nil.
func (t *Tally) Err() error {
	var errs []error
	for _, f := range t.Failures {
		errs = append(errs, errors.New(f))
	}
	for _, why := range slices.Sorted(maps.Keys(t.LeftOut)) {
		if !slices.Contains(listed[t.Operator], why) {
			errs = append(errs, fmt.Errorf("%s: %d cases are left out for no listed reason: %s", t.Operator, t.LeftOut[why], why))
		}
	}
	if applied := t.Cases() - t.leftOut(); slices.Contains(thorough, t.Operator) && 10*applied < 9*t.Cases() {
		errs = append(errs, fmt.Errorf("%s: %d of %d cases apply, fewer than nine in ten", t.Operator, applied, t.Cases()))
	}
	return errors.Join(errs...)
}
