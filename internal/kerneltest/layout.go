package kerneltest

import (
	"iter"
	"math"

	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// Grid chooses how the workgroups of a case are laid out.
type Grid func(v *Variant, grid [3]uint64) ([3]uint32, error)

const folded = " folded"

// Layouts are the ways to lay out a case's grid, by what to add to the case's
// name: as every device allows, and, where it is long enough, folded as if x
// were limited to the least that works.
func (c *Case) Layouts() iter.Seq2[string, Grid] {
	return func(yield func(string, Grid) bool) {
		if yield("", limited(65535)) && c.folds() {
			yield(folded, foldedLayout)
		}
	}
}

// folds reports whether the case's grid can be laid out in another way.
func (c *Case) folds() bool { return c.variant.foldable() && c.variant.grid(c.params)[0] > 2 }

func foldedLayout(v *Variant, grid [3]uint64) ([3]uint32, error) {
	most := uint64(math.Ceil(math.Sqrt(float64(grid[0]))))
	laid, err := limited(most)(v, [3]uint64{grid[0], 1, 1})
	laid[1] = uint32(grid[1])
	return laid, err
}

// limited lays a grid out within so many workgroups a dimension.
func limited(most uint64) Grid {
	return func(v *Variant, grid [3]uint64) ([3]uint32, error) {
		return kernel.Fold(grid, v.foldable(), most)
	}
}
