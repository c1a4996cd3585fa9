package emit

import (
	"context"
	"fmt"

	"github.com/wgslgen/wgslgen/emit/gotable"
	"github.com/wgslgen/wgslgen/emit/wgsl"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// compile takes a kernel all the way at a point, and checks what only the
// emitters can: that grids and sizes can be computed on the host.
func compile(lib *ir.Library, k *ir.Kernel, point ir.Point) (*pass.Unit, error) {
	u, err := pass.Compile(lib, k, point, "")
	if err != nil {
		return nil, err
	}
	return u, gotable.Check(u)
}

// module prints a unit as WGSL. What the printer can't print is a fault of a
// pass before it, which becomes an error here.
func module(u *pass.Unit, header ...string) (m wgsl.Module, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: emit broke: %v", pass.Describe(u.Source, u.Point), r)
		}
	}()
	return wgsl.Emit(u, header...), nil
}

// WGSL compiles a kernel at a point and returns the text of its module.
func WGSL(lib *ir.Library, k *ir.Kernel, point ir.Point) (string, error) {
	u, err := compile(lib, k, point)
	if err != nil {
		return "", err
	}
	m, err := module(u)
	return m.Text, err
}

// Check compiles all jobs, several at a time, and calls done (from several
// goroutines) after each. The error is ir.Errors for mistakes in the sources.
func Check(ctx context.Context, lib *ir.Library, jobs []Job, done func()) error {
	return each(ctx, jobs, func(i int) error {
		defer done()
		_, err := WGSL(lib, jobs[i].Kernel, jobs[i].Point)
		return err
	})
}
