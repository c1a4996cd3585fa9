package emit

import (
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// Job is a kernel at a point.
type Job struct {
	Kernel *ir.Kernel
	Point  ir.Point
}

// Jobs lists all points of the kernels; or, to be quick, those shipped and
// enough others that every two values of two axes meet if they may.
func Jobs(lib *ir.Library, kernels []*ir.Kernel, quick bool) ([]Job, error) {
	var jobs []Job
	for _, k := range kernels {
		shipped, err := pass.ShippedPoints(lib, k)
		if err != nil {
			return nil, err
		}
		cover := pairs{}
		if quick {
			for _, s := range shipped {
				cover.add(k, s.Point)
				jobs = append(jobs, Job{k, s.Point})
			}
		}
		err = pass.Points(lib, k, func(p ir.Point, _ []pass.Need) bool {
			if !quick || cover.add(k, p) || len(k.Axes) == 0 && len(shipped) == 0 {
				jobs = append(jobs, Job{k, p})
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// pairs are the settings of two axes that some point has.
type pairs map[[2]setting]bool

type setting struct {
	axis  string
	value ir.Value
}

// add notes the pairs of a point, and reports whether any is new.
func (ps pairs) add(k *ir.Kernel, p ir.Point) bool {
	before := len(ps)
	for i, a := range k.Axes {
		for _, b := range k.Axes[:i+1] {
			ps[[2]setting{{a.Name, p[a.Name]}, {b.Name, p[b.Name]}}] = true
		}
	}
	return len(ps) > before
}
