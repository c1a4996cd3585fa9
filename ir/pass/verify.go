package pass

import (
	"fmt"
	"maps"
	"slices"

	"github.com/wgslgen/wgslgen/ir"
)

// MaxSharedBytes is the most workgroup memory that a variant may ask for; a
// variant that needs more than the default limit says so among its limits.
const MaxSharedBytes = 32 << 10

// MaxGroupSize is the most invocations that a variant may ask for.
const MaxGroupSize = 1024

// sharedUnit is what WebGPU rounds each shared array up to when it counts bytes.
const sharedUnit = 16

// verify measures what the finished kernel demands and rejects what no device
// grants, and barriers that not every invocation would reach.
func verify(u *Unit) error {
	k := u.Kernel
	var errs ir.Errors
	for _, s := range k.Shared {
		t, err := s.Type.ArrayType()
		if err != nil {
			return err
		}
		u.SharedBytes += (t.Bytes() + sharedUnit - 1) / sharedUnit * sharedUnit
	}
	if u.SharedBytes > MaxSharedBytes {
		pos := k.Pos
		if len(k.Shared) > 0 {
			pos = k.Shared[0].Pos
		}
		errs.Addf(pos, "shared memory of %d bytes is over the limit of %d", u.SharedBytes, MaxSharedBytes)
	}
	size, _ := constantInt(k.Workgroup)
	u.GroupSize = int(size)
	if size < 1 || size > MaxGroupSize {
		errs.Addf(k.Workgroup.ExprPos(), "a workgroup of %d invocations is not between 1 and %d", size, MaxGroupSize)
	}
	u.Features = features(k)
	u.Needs = mergeNeeds(u.Needs)
	errs = append(errs, divergentBarriers(k)...)
	return errs.Err()
}

// features are the device features that a kernel's code uses, sorted, by the
// names that WebGPU has for them.
func features(k *ir.Kernel) []string {
	uses := map[string]bool{}
	for _, s := range k.Shared {
		t, _ := s.Type.ElemType()
		uses["shader-f16"] = uses["shader-f16"] || t.Scalar == ir.F16
	}
	ir.Inspect(k.Body, nil, func(e ir.Expr) {
		if e.Type().Scalar == ir.F16 {
			uses["shader-f16"] = true
		}
		c, ok := e.(*ir.Call)
		switch {
		case !ok:
		case ir.Builtins[c.Func].Kind == ir.Shuffle:
			uses["subgroups"] = true
		case c.Func == "dot_i8":
			uses["packed_4x8_integer_dot_product"] = true
		}
	})
	maps.DeleteFunc(uses, func(_ string, used bool) bool { return !used })
	return slices.Sorted(maps.Keys(uses))
}

// mergeNeeds keeps the strongest demand on each limit, sorted by name.
func mergeNeeds(needs []Need) []Need {
	most := map[string]int64{}
	for _, n := range needs {
		most[n.Limit] = max(most[n.Limit], n.Least)
	}
	var out []Need
	for l, n := range most {
		out = append(out, Need{l, n})
	}
	slices.SortFunc(out, func(a, b Need) int { return slices.Compare([]string{a.Limit}, []string{b.Limit}) })
	return out
}

// divergentBarriers finds barriers and shuffles under control flow that may differ between
// the invocations of a workgroup, by the rules of WGSL's uniformity analysis:
// local, shared memory and written bindings differ; so does a variable that is
// given such a value, or any value where control flow differs already.
func divergentBarriers(k *ir.Kernel) ir.Errors {
	d := &divergence{differs: map[string]bool{ir.LocalName: true}}
	for _, b := range k.Bindings {
		d.differs[b.Name] = b.Access != ir.In
	}
	for _, s := range k.Shared {
		d.differs[s.Name] = true
	}
	for changed := true; changed; { // loops carry values around: go on until nothing is new
		before := len(d.differs)
		d.errs = nil
		d.block(k.Body, false)
		changed = len(d.differs) != before
	}
	return d.errs
}

type divergence struct {
	differs map[string]bool
	errs    ir.Errors
}

func (d *divergence) expr(e ir.Expr) bool {
	differs := false
	ir.InspectExpr(e, func(e ir.Expr) {
		switch e := e.(type) {
		case *ir.Name:
			differs = differs || d.differs[e.Name]
		case *ir.Call:
			differs = differs || e.Func == "shuffle_xor"
		}
	})
	return differs
}

func (d *divergence) mark(name string, differs bool) {
	if differs {
		d.differs[name] = true
	}
}

func (d *divergence) block(list []ir.Stmt, diverged bool) {
	for _, s := range list {
		switch s := s.(type) {
		case *ir.Let:
			d.shuffles(s.X, diverged)
			d.mark(s.Name, d.expr(s.X))
		case *ir.Var:
			d.shuffles(s.Init, diverged)
			d.mark(s.Name, s.Init != nil && d.expr(s.Init))
		case *ir.Assign:
			d.shuffles(s.X, diverged)
			d.mark(rootName(s.LHS), diverged || d.expr(s.X) || d.expr(s.LHS))
		case *ir.If:
			inner := diverged || d.expr(s.Cond)
			d.block(s.Then, inner)
			d.block(s.Else, inner)
		case *ir.For:
			inner := diverged || d.expr(s.From) || d.expr(s.To) || s.By != nil && d.expr(s.By)
			d.mark(s.Name, inner)
			d.block(s.Body, inner)
		case *ir.Barrier:
			if diverged {
				d.errs.Addf(s.Pos, "a barrier in divergent control flow: not every invocation of the workgroup would reach it")
			}
		}
	}
}

// shuffles reports those in e where control flow differs.
func (d *divergence) shuffles(e ir.Expr, diverged bool) {
	if e == nil || !diverged {
		return
	}
	ir.InspectExpr(e, func(e ir.Expr) {
		if c, ok := e.(*ir.Call); ok && ir.Builtins[c.Func].Kind == ir.Shuffle {
			d.errs.Addf(c.Pos, "a shuffle in divergent control flow: not every invocation of the subgroup would reach it")
		}
	})
}

// rootName returns the variable that an assignment's left side lies in.
func rootName(e ir.Expr) string {
	for {
		switch x := e.(type) {
		case *ir.Index:
			e = x.X
		case *ir.Member:
			e = x.X
		case *ir.Name:
			return x.Name
		default:
			panic(fmt.Sprintf("assignment to %T", e))
		}
	}
}
