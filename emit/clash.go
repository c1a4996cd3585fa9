package emit

import (
	"github.com/wgslgen/wgslgen/emit/gotable"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// clashes reports what kernels would declare twice in Go.
func clashes(kernels []*ir.Kernel) error {
	var errs ir.Errors
	const own = "wgslgen itself"
	owner := map[string]string{"Tables": own, "Formats": own, "Profiles": own, "Checksum": own}
	for _, k := range kernels {
		self := "kernel " + k.Name
		for _, id := range gotable.Identifiers(k) {
			other, taken := owner[id]
			if taken {
				errs.Addf(k.Pos, "%s would declare %s in Go, as %s does: rename something", self, id, other)
			}
			if taken && other != self {
				break // all the rest clashes too
			}
			owner[id] = self
		}
	}
	return errs.Err()
}

// sameName reports a variant that has the name of another one.
func sameName(k *ir.Kernel, v *Variant) *ir.Error {
	pos := k.Pos
	for _, s := range k.Ships {
		if s.Name == v.Ship {
			pos = s.Pos
		}
	}
	return ir.Errorf(pos, "ship %s ships %s twice: a variant is told by its variant axes, and another one has those of %s",
		v.Ship, v.Name, pass.PointString(k, v.Point))
}
