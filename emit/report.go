package emit

import (
	"errors"
	"fmt"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// report gathers the mistakes that compiling a kernel at many points shows:
// each once, with the first point that shows it, unless all points do.
type report struct {
	found  []*finding
	index  map[ir.Error]*finding
	points map[*ir.Kernel]int // compiled
	broken []error            // beside mistakes: faults of the compiler
}

type finding struct {
	mistake *ir.Error
	kernel  *ir.Kernel
	point   ir.Point // the first
	count   int
}

// add notes what compiling k at a point gave; err may be nil.
func (r *report) add(k *ir.Kernel, point ir.Point, err error) {
	if r.index == nil {
		r.index, r.points = map[ir.Error]*finding{}, map[*ir.Kernel]int{}
	}
	r.points[k]++
	var mistakes ir.Errors
	if !errors.As(err, &mistakes) {
		if err != nil {
			r.broken = append(r.broken, err)
		}
		return
	}
	for _, m := range mistakes {
		f := r.index[*m]
		if f == nil {
			f = &finding{mistake: m, kernel: k, point: point}
			r.index[*m] = f
			r.found = append(r.found, f)
		}
		f.count++
	}
}

// err returns the mistakes as ir.Errors, or nil if there were none.
func (r *report) err() error {
	if len(r.broken) > 0 {
		return r.broken[0]
	}
	var errs ir.Errors
	for _, f := range r.found {
		errs.Addf(f.mistake.Pos, "%s%s", f.mistake.Msg, r.where(f))
	}
	return errs.Err()
}

// where says at which points a mistake shows, if not at all.
func (r *report) where(f *finding) string {
	all := r.points[f.kernel]
	switch {
	case f.count >= all:
		return ""
	case f.count == 1:
		return fmt.Sprintf(" (at %s)", pass.PointString(f.kernel, f.point))
	}
	return fmt.Sprintf(" (at %s and %d more of %d points)", pass.PointString(f.kernel, f.point), f.count-1, all)
}
