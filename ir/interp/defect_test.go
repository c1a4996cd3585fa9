package interp

import (
	"errors"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/ir"
)

// Marks in sources: where the defect must be reported, and the other access.
const (
	here  = "§"
	other = "¤"
)

// defectCases seed one defect each; clean is the same kernel without it. All
// run with n = 5 in workgroups of 4.
var defectCases = []struct {
	name        string
	decls       string
	bad, clean  string
	kind        Kind
	workgroup   [3]uint32
	invocations [2]int
	other       [3]uint32 // the other workgroup
	msg         string
}{
	{
		name: "binding read out of bounds", kind: OutOfBounds,
		bad:       `y[min(local, n)] = §x[local + 2]`,
		clean:     `y[local] = x[local + 1]`,
		workgroup: [3]uint32{}, invocations: [2]int{3, -1}, msg: "index 5 of x, which has 5 elements",
	},
	{
		name: "uniform binding read out of bounds", kind: OutOfBounds,
		bad:         `let a = §x[n] y[local] = a`,
		clean:       `let a = x[n - 1] y[local] = a`,
		invocations: [2]int{0, -1}, msg: "index 5 of x, which has 5 elements",
	},
	{
		name: "binding write out of bounds", kind: OutOfBounds,
		bad:         `if local > 1 { §y[local * 4] = 1 }`,
		clean:       `if local > 1 { y[local] = 1 }`,
		invocations: [2]int{2, -1}, msg: "index 8 of y, which has 5 elements",
	},
	{
		name: "shared out of bounds", kind: OutOfBounds,
		bad:         `§s[local + 1] = 1`,
		clean:       `s[local] = 1`,
		invocations: [2]int{3, -1}, msg: "index 4 of s",
	},
	{
		name: "private array out of bounds", kind: OutOfBounds,
		bad:         `var a: u32[3] §a[local] = 1`,
		clean:       `var a: u32[3] a[local % 3] = 1`,
		invocations: [2]int{3, -1}, msg: "index 3 of a, which has 3 elements",
	},
	{
		name: "private array read out of bounds", kind: OutOfBounds,
		bad:         `var a: u32[3] y[local] = §a[3 - local]`,
		clean:       `var a: u32[4] y[local] = a[3 - local]`,
		invocations: [2]int{0, -1}, msg: "index 3 of a, which has 3 elements",
	},
	{
		name: "vector lane out of bounds", kind: OutOfBounds,
		bad:         `let v = vec2u(n, local) y[local] = §v[local]`,
		clean:       `let v = vec4u(n, local, 0, 0) y[local] = v[local]`,
		invocations: [2]int{2, -1}, msg: "index 2 of v, which has 2 elements",
	},
	{
		name: "two writers of a shared word", kind: Race,
		bad:         `§¤s[local / 2] = 7`,
		clean:       `s[local] = 7`,
		invocations: [2]int{1, 0}, msg: "s[0] is written by invocation 1 and was written by invocation 0",
	},
	{
		name: "a read after a write of another invocation", kind: Race,
		bad:         `¤s[local] = local y[local] = §s[3 - local]`,
		clean:       `s[local] = local barrier y[local] = s[3 - local]`,
		invocations: [2]int{0, 3}, msg: "s[3] is read by invocation 0 and was written by invocation 3",
	},
	{
		name: "a write after a read of another invocation", kind: Race,
		bad:         `s[local] = local barrier let a = ¤s[3 - local] §s[local] = a`,
		clean:       `s[local] = local barrier let a = s[3 - local] barrier s[local] = a`,
		invocations: [2]int{0, 3}, msg: "s[0] is written by invocation 0 and was read by invocation 3",
	},
	{
		name: "a write of the first of two readers", kind: Race,
		bad:         `s[local] = local barrier let a = ¤s[0] if local == 0 { §s[0] = a }`,
		clean:       `s[local] = local barrier let a = s[0] barrier if local == 0 { s[0] = a }`,
		invocations: [2]int{0, 3}, msg: "s[0] is written by invocation 0 and was read by invocation 3",
	},
	{
		name: "two writers of a binding's word", kind: Race,
		bad:         `§¤y[0] = 7`,
		clean:       `if local == 0 { y[0] = 7 }`,
		invocations: [2]int{1, 0}, msg: "y[0] is written",
	},
	{
		name: "a race on a lane", kind: Race,
		bad:         `if local == 2 { ¤v[1] = vec2(1.0) } if local == 1 { let a = §v[1].y y[0] = u32(a) }`,
		clean:       `if local == 2 { v[1] = vec2(1.0) } if local == 2 { let a = v[1].y y[0] = u32(a) }`,
		invocations: [2]int{1, 2}, msg: "v[1].y is read by invocation 1 and was written by invocation 2",
	},
	{
		name: "a race in a loop", kind: Race,
		bad:         `for i in 0 .. 3 { §s[local] = i barrier y[local] = ¤s[(local + i) % 4] }`,
		clean:       `for i in 0 .. 3 { s[local] = i barrier y[local] = s[(local + i) % 4] barrier }`,
		invocations: [2]int{0, 3}, msg: "s[0] is written by invocation 0 and was read by invocation 3",
	},
	{
		name: "two workgroups write a word", kind: GroupRace,
		decls:     "grid 2",
		bad:       `if local == 1 { §¤y[4] = 7 }`,
		clean:     `if local == 1 { y[workgroup.x] = 7 }`,
		workgroup: [3]uint32{1, 0, 0}, invocations: [2]int{1, 1}, msg: "y[4] is written and was written by invocation 1 of workgroup 0,0,0",
	},
	{
		name: "a workgroup reads what another wrote", kind: GroupRace,
		decls:     "grid 1, 2",
		bad:       `if local == 0 { ¤z[workgroup.y] = 7 } if local == 3 { y[workgroup.y] = §z[0] }`,
		clean:     `if local == 0 { z[workgroup.y] = 7 } if local == 3 { y[workgroup.y] = z[4] }`,
		workgroup: [3]uint32{0, 1, 0}, invocations: [2]int{3, 0}, msg: "z[0] is read and was written",
	},
	{
		name: "a workgroup writes what another read", kind: GroupRace,
		decls:     "grid 1, 1, 2",
		bad:       `if local == 2 { y[workgroup.z] = ¤z[1] barrier } if local == 3 { §z[workgroup.z] = 7 }`,
		clean:     `if local == 2 { y[workgroup.z] = z[4] } if local == 3 { z[workgroup.z] = 7 }`,
		workgroup: [3]uint32{0, 0, 1}, invocations: [2]int{3, 2}, msg: "z[1] is written and was read by invocation 2 of workgroup 0,0,0",
	},
	{
		name: "unwritten shared memory", kind: UnwrittenShared,
		bad:         `if local > 0 { s[local] = 1 } barrier y[local] = §s[3 - local]`,
		clean:       `if local > 0 { s[local] = 1 } else { s[0] = 0 } barrier y[local] = s[3 - local]`,
		invocations: [2]int{3, -1}, msg: "s[0] has not been written",
	},
	{
		name: "shared memory that another workgroup wrote", kind: UnwrittenShared,
		decls:     "grid 2",
		bad:       `if workgroup.x == 0 { s[local] = 1 } else { if local == 0 { y[0] = §s[0] } }`,
		clean:     `if workgroup.x == 0 { s[local] = 1 } else { if local == 0 { y[0] = 1 } }`,
		workgroup: [3]uint32{1, 0, 0}, invocations: [2]int{0, -1}, msg: "s[0] has not been written",
	},
	{
		name: "unwritten out binding", kind: UnwrittenOut,
		bad:         `y[local] = 1 z[local] = §y[local + 1]`,
		clean:       `y[local] = 1 z[local] = y[local]`,
		invocations: [2]int{3, -1}, msg: "y[4] has not been written",
	},
	{
		name: "divergent barrier", kind: DivergentBarrier,
		bad:         `if local > 0 { §barrier }`,
		clean:       `if n > 0 { barrier } if local < n { barrier }`,
		invocations: [2]int{1, 0}, msg: "invocation 1 reaches it, invocation 0 does not",
	},
	{
		name: "divergent barrier in a loop", kind: DivergentBarrier,
		bad:         `for i in 0 .. 4 - local / 3 { §barrier }`,
		clean:       `for i in 0 .. 4 - local / 4 { barrier }`,
		invocations: [2]int{0, 3}, msg: "invocation 0 reaches it, invocation 3 does not",
	},
	{
		name: "division by zero", kind: ZeroDivisor,
		bad:         `y[local] = n §/ (2 - min(local, 2))`,
		clean:       `y[local] = n / (3 - min(local, 2))`,
		invocations: [2]int{2, -1}, msg: "the divisor is zero",
	},
	{
		name: "uniform remainder by zero", kind: ZeroDivisor,
		bad:         `let a = n §% (n - 5) y[local] = a`,
		clean:       `let a = n % (n - 4) y[local] = a`,
		invocations: [2]int{0, -1}, msg: "the divisor is zero",
	},
	{
		name: "ceildiv by zero", kind: ZeroDivisor,
		bad:         `y[local] = §ceildiv(n, local)`,
		clean:       `y[local] = ceildiv(n, local + 1)`,
		invocations: [2]int{0, -1}, msg: "the divisor is zero",
	},
	{
		name: "shift too wide", kind: WideShift,
		bad:         `y[local] = 1 §<< (29 + local)`,
		clean:       `y[local] = 1 << (28 + local)`,
		invocations: [2]int{3, -1}, msg: "a shift by 32",
	},
	{
		name: "constant shift too wide", kind: WideShift,
		bad:         `y[local] = local §>> 32`,
		clean:       `y[local] = local >> 31`,
		invocations: [2]int{0, -1}, msg: "a shift by 32",
	},
	{
		name: "no step", kind: StuckLoop,
		bad:         `§for i in 0 .. 4 by local { s[local] = i }`,
		clean:       `for i in 0 .. 4 by local + 1 { s[local] = i }`,
		invocations: [2]int{0, -1}, msg: "step is zero",
	},
	{
		name: "no uniform step", kind: StuckLoop,
		bad:         `§for i in 0 .. 4 by n - 5 { s[local] = i }`,
		clean:       `for i in 0 .. 4 by n { s[local] = i }`,
		invocations: [2]int{0, -1}, msg: "step is zero",
	},
	{
		name: "a counter that wraps", kind: StuckLoop,
		bad:         `§for i in local .. 0xffffffff by 0x80000000 { s[local] = i }`,
		clean:       `for i in local .. 0x80000000 by 0x40000000 { s[local] = i }`,
		invocations: [2]int{0, -1}, msg: "wraps",
	},
	{
		name: "too many iterations", kind: EndlessLoop,
		bad:         `§for i in 0 .. 0xffffffff { }`,
		clean:       `for i in 0 .. 0xffff { }`,
		invocations: [2]int{0, -1}, msg: "iterations",
	},
	{
		name: "shuffle with an inactive invocation", kind: BadShuffle,
		bad:         `if local < 3 { y[local] = §shuffle_xor(local, 1) }`,
		clean:       `if local < 2 { y[local] = shuffle_xor(local, 1) }`,
		invocations: [2]int{2, 3}, msg: "invocation 3 is not active",
	},
	{
		name: "shuffle out of the subgroup", kind: BadShuffle,
		bad:         `y[local] = §shuffle_xor(local, 2)`,
		clean:       `y[local] = shuffle_xor(local, 1)`,
		invocations: [2]int{0, -1}, msg: "out of the subgroup of 2",
	},
	{
		name: "shuffle with different masks", kind: BadShuffle,
		bad:         `y[local] = §shuffle_xor(local, 1 - local % 2)`,
		clean:       `y[local] = shuffle_xor(local, 1)`,
		invocations: [2]int{0, 1}, msg: "invocation 1 has mask 0, not 1",
	},
}

func TestDefects(t *testing.T) {
	for _, tt := range defectCases {
		t.Run(tt.name, func(t *testing.T) {
			decls := tt.decls
			if decls == "" {
				decls = "grid 1"
			}
			decls = "shape n\nin x: u32[n]\nout y: u32[n]\ninout z: u32[n]\nshared s: u32[4]\nshared v: vec2[4]\nworkgroup 4\n" + decls
			bad, at := marked(kernel(decls, tt.bad), here, other)
			ds := defectsOf(t, bad)
			var d *Defect
			for _, e := range ds {
				if e.Kind == tt.kind && e.Pos == at[0] {
					d = e
				}
			}
			if d == nil {
				t.Fatalf("no %v at %v among:\n%v\n%s", tt.kind, at[0], ds, bad)
			}
			if d.Workgroup != tt.workgroup || d.Invocations != tt.invocations {
				t.Errorf("workgroup %v, invocations %v, want %v, %v", d.Workgroup, d.Invocations, tt.workgroup, tt.invocations)
			}
			if d.Other != at[1] || d.OtherWorkgroup != tt.other {
				t.Errorf("other access %v in workgroup %v, want %v, %v", d.Other, d.OtherWorkgroup, at[1], tt.other)
			}
			if !strings.Contains(d.Error(), tt.msg) {
				t.Errorf("%v\ndoes not say %q", d, tt.msg)
			}
			if ds := defectsOf(t, kernel(decls, tt.clean)); ds != nil {
				t.Errorf("clean twin:\n%v", ds)
			}
		})
	}
}

// defectsOf runs a kernel of TestDefects.
func defectsOf(t *testing.T, src string) Defects {
	t.Helper()
	err := compile(t, src).Run(Call{
		Params:       []uint32{5},
		Buffers:      map[string][]uint32{"x": count(5), "y": make([]uint32, 5), "z": make([]uint32, 5)},
		SubgroupSize: 2,
	})
	if err == nil {
		return nil
	}
	var ds Defects
	if !errors.As(err, &ds) {
		t.Fatal(err)
	}
	return ds
}

func TestRaceAcrossBarriersOfWorkgroups(t *testing.T) {
	p := compile(t, kernel("inout y: u32[8]\nshared s: u32[4]\nworkgroup 4\ngrid 2", `
		s[local] = y[workgroup.x * 4 + local]
		barrier
		y[workgroup.x * 4 + local] = s[3 - local]`))
	y := count(8)
	for range 3 { // the shadows of a pooled machine start anew
		if err := p.Run(Call{Buffers: map[string][]uint32{"y": y}}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []uint32{3, 2, 1, 0, 7, 6, 5, 4}; !equal(y, want) {
		t.Errorf("got %v, want %v", y, want)
	}
}

func TestDefectsAreReportedOnce(t *testing.T) {
	p := compile(t, kernel("out y: u32[4]\nworkgroup 4\ngrid 1", `
		for i in 0 .. 10 { y[local + 2] = 1 / (i - i) }`))
	err := p.Run(Call{Buffers: map[string][]uint32{"y": make([]uint32, 4)}})
	ds, _ := err.(Defects)
	if len(ds) != 2 {
		t.Errorf("got %d defects, want 2:\n%v", len(ds), err)
	}
	var d *Defect
	if !errors.As(err, &d) || d.Kind != ds[0].Kind {
		t.Errorf("a defect is no error of its own: %v", d)
	}
}

func TestDefectsAreCapped(t *testing.T) {
	p := compile(t, kernel("out y: u32[1]\nworkgroup 1\ngrid 1", strings.Repeat("y[1] = 0\n", 2*maxDefects)))
	err := p.Run(Call{Buffers: map[string][]uint32{"y": {0}}})
	if ds, _ := err.(Defects); len(ds) != maxDefects {
		t.Errorf("got %d defects, want %d", len(ds), maxDefects)
	}
}

func TestUnwatched(t *testing.T) {
	p := compile(t, kernel("out y: u32[1]\nworkgroup 2\ngrid 1", "y[0] = 1"))
	call := Call{Buffers: map[string][]uint32{"y": {0}}, Unwatched: true}
	if err := p.Run(call); err != nil {
		t.Errorf("unwatched: %v", err)
	}
	call.Unwatched = false
	if err := p.Run(call); err == nil {
		t.Error("watched: no race")
	}
}

// A kernel built without positions still runs, and its defects are found.
func TestNoPositions(t *testing.T) {
	k := parse(t, kernel("out y: u32[1]\nworkgroup 1\ngrid 1", "y[1] = 1"))
	k.Body[0].(*ir.Assign).LHS.(*ir.Index).Pos = ir.Pos{}
	p, err := Compile(k)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(Call{Buffers: map[string][]uint32{"y": {0}}}); err == nil {
		t.Error("no defect")
	}
}
