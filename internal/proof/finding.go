package proof

import (
	"fmt"
	"strings"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/interp"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// Finding is something that a variant did wrong on a case.
type Finding struct {
	Kind    string `json:"kind"` // of interp.Kind, or WrongResult
	Kernel  string `json:"kernel"`
	Variant string `json:"variant"` // the point, as axis=value,…
	Message string `json:"message"`
	Case    string `json:"case"`
	// At is who did it. Other is the earlier access of a race, or the
	// invocation that misses a barrier or a shuffle.
	At    Access  `json:"at"`
	Other *Access `json:"other,omitempty"`
	// More counts the other variants of the kernel that do the same.
	More int `json:"more"`
}

// WrongResult is the kind of a result that is not the reference's.
const WrongResult = "wrong result"

// Access is a place in the source, and the invocation that came there.
type Access struct {
	File       string    `json:"file"`
	Line       int       `json:"line"`
	Column     int       `json:"column"`
	Workgroup  [3]uint32 `json:"workgroup"`
	Invocation int       `json:"invocation"` // in the workgroup; -1 where it is no one's
}

func access(pos ir.Pos, workgroup [3]uint32, invocation int) Access {
	return Access{pos.File, pos.Line, pos.Col, workgroup, invocation}
}

// who names the invocation.
func (a Access) who() string {
	return fmt.Sprintf("workgroup %s, invocation %d", commas(a.Workgroup), a.Invocation)
}

func commas(workgroup [3]uint32) string {
	return fmt.Sprintf("%d,%d,%d", workgroup[0], workgroup[1], workgroup[2])
}

// Pos returns the place.
func (a Access) Pos() ir.Pos { return ir.Pos{File: a.File, Line: a.Line, Col: a.Column} }

// key is what makes findings of several variants the same.
type key struct {
	kernel, kind string
	at, other    ir.Pos
}

func (f *Finding) key() key {
	k := key{f.Kernel, f.Kind, f.At.Pos(), ir.Pos{}}
	if f.Other != nil {
		k.other = f.Other.Pos()
	}
	return k
}

// defects notes what the interpreter saw.
func (out *outcome) defects(job emit.Job, on string, list interp.Defects) {
	for _, d := range list {
		out.findings = append(out.findings, found(job, on, d))
	}
}

// result notes what is wrong with a result, if anything.
func (out *outcome) result(job emit.Job, on string, wrong error) {
	if wrong != nil {
		out.findings = append(out.findings, &Finding{
			Kind: WrongResult, Kernel: job.Kernel.Name, Variant: pass.PointString(job.Kernel, job.Point), Message: wrong.Error(), Case: on,
			At: access(job.Kernel.Pos, [3]uint32{}, -1),
		})
	}
}

func found(job emit.Job, on string, d *interp.Defect) *Finding {
	f := &Finding{
		Kind: d.Kind.String(), Kernel: job.Kernel.Name, Variant: pass.PointString(job.Kernel, job.Point), Message: d.Msg, Case: on,
		At: access(d.Pos, d.Workgroup, d.Invocations[0]),
	}
	if d.Invocations[1] >= 0 {
		pos, workgroup := d.Other, d.OtherWorkgroup
		if pos == (ir.Pos{}) { // a barrier or a shuffle has one place
			pos, workgroup = d.Pos, d.Workgroup
		}
		other := access(pos, workgroup, d.Invocations[1])
		f.Other = &other
	}
	return f
}

// String tells the finding in one line, without its place.
func (f *Finding) String() string {
	var where []string
	if f.Variant != "" {
		where = append(where, "at "+f.Variant)
	}
	switch {
	case f.Other != nil && f.Other.Workgroup == f.At.Workgroup:
		where = append(where, fmt.Sprintf("workgroup %s, invocations %d and %d", commas(f.At.Workgroup), f.At.Invocation, f.Other.Invocation))
	case f.Other != nil:
		where = append(where, f.At.who()+" and "+f.Other.who())
	case f.At.Invocation >= 0:
		where = append(where, f.At.who())
	}
	if f.Case != "" {
		where = append(where, "on "+f.Case)
	}
	if f.More > 0 {
		where = append(where, fmt.Sprintf("and %d more variants", f.More))
	}
	return fmt.Sprintf("%s: %s (kernel %s, %s)", f.Kind, f.Message, f.Kernel, strings.Join(where, "; "))
}

// Mistakes returns the findings as mistakes in the sources.
func (r *Report) Mistakes() ir.Errors {
	var errs ir.Errors
	for _, f := range r.Findings {
		errs.Addf(f.At.Pos(), "%v", f)
	}
	return errs
}
