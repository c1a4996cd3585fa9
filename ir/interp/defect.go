package interp

import (
	"fmt"
	"strings"

	"github.com/wgslgen/wgslgen/ir"
)

// Kind says what a defect is.
type Kind uint8

// The kinds of defects.
const (
	OutOfBounds      Kind = iota // an index beyond a binding, an array or a vector
	Race                         // two invocations of a workgroup touch a word, one writes, no barrier between
	GroupRace                    // two workgroups of a dispatch touch a word, one writes
	UnwrittenShared              // a read of shared memory that nobody wrote (WGSL gives zero)
	UnwrittenOut                 // a read of an out binding's word that the dispatch did not write
	DivergentBarrier             // a barrier that not all invocations reach
	ZeroDivisor                  // an integer divided by zero
	WideShift                    // a shift by 32 or more
	StuckLoop                    // a loop whose step is zero, or whose counter wraps before it ends
	EndlessLoop                  // too many iterations; the run was stopped
	BadShuffle                   // a shuffle from an inactive or missing invocation, or with differing masks
)

var kindNames = [...]string{
	OutOfBounds:      "out of bounds",
	Race:             "data race",
	GroupRace:        "data race across workgroups",
	UnwrittenShared:  "read of unwritten shared memory",
	UnwrittenOut:     "read of an out binding",
	DivergentBarrier: "divergent barrier",
	ZeroDivisor:      "integer division by zero",
	WideShift:        "shift too wide",
	StuckLoop:        "stuck loop",
	EndlessLoop:      "endless loop",
	BadShuffle:       "bad shuffle",
}

func (k Kind) String() string { return kindNames[k] }

// kindSet is a set of kinds.
type kindSet uint16

// Defect is something that a kernel did and must not do.
type Defect struct {
	Kind   Kind
	Pos    ir.Pos
	Kernel string
	// Workgroup is where it happened, Invocations who did it: the one that
	// noticed and, for a race, a barrier or a shuffle, the other; else -1.
	Workgroup   [3]uint32
	Invocations [2]int
	// Other and OtherWorkgroup are a race's earlier access.
	Other          ir.Pos
	OtherWorkgroup [3]uint32
	Msg            string
}

func (d *Defect) Error() string {
	return fmt.Sprintf("%v: %v: %s (kernel %s, workgroup %d,%d,%d, invocation %d)", d.Pos, d.Kind, d.Msg,
		d.Kernel, d.Workgroup[0], d.Workgroup[1], d.Workgroup[2], d.Invocations[0])
}

// maxDefects is how many defects a run reports.
const maxDefects = 20

// Defects are what a run found, in the order in which it found them: at most
// one of a kind at a position, and at most 20.
type Defects []*Defect

func (ds Defects) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives errors.As each of the defects.
func (ds Defects) Unwrap() []error {
	errs := make([]error, len(ds))
	for i, d := range ds {
		errs[i] = d
	}
	return errs
}

// fresh reports whether a defect is the first of its kind at its site, so
// that messages are made only for those.
func (m *machine) fresh(site uint16, k Kind) bool {
	if m.reported[site]&(1<<k) != 0 {
		return false
	}
	m.reported[site] |= 1 << k
	return len(m.defects) < maxDefects
}

// add records a fresh defect.
func (m *machine) add(site uint16, k Kind, invocation int, format string, args ...any) *Defect {
	d := &Defect{
		Kind: k, Pos: m.program.sites[site], Kernel: m.program.name,
		Workgroup: m.place, Invocations: [2]int{invocation, -1},
		Msg: fmt.Sprintf(format, args...),
	}
	m.defects = append(m.defects, d)
	return d
}

// coordinates returns the place in the grid of the workgroup with a number.
func (m *machine) coordinates(group uint32) [3]uint32 {
	n := group - 1
	row := n / m.grid[0]
	return [3]uint32{n % m.grid[0], row % m.grid[1], row / m.grid[1]}
}
