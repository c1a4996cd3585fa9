package kerneltest

import (
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

// faulty doubles the first n of n + 1 numbers, and does so wrongly in the ways
// that its axis names.
const faulty = `
kernel faulty "y[:n] = 2 x[:n]" {
  shape n

  axis fault in none, value, inexact, missing, padding, beyond, reads, race, fold

  in  x: f32[n + 1]
  out y: f32[n + 1]

  shared s: f32[1]

  workgroup 8
  grid ceildiv(n, 8)

  body {
    let i = select(fault == fold, min(workgroup.x, 3), workgroup.x) * 8 + local
    if fault == race { s[0] = f32(i) }
    if i < n && !(fault == missing && i == 7) {
      if fault == value && i == 5 {
        y[i] = -2.0 * x[i]
      } else {
        if fault == inexact { y[i] = 2.001 * x[i] } else {
          if fault == reads { y[i] = 2.0 * x[i] + y[i] } else { y[i] = 2.0 * x[i] }
        }
      }
    }
    if fault == padding && i == n { y[i] = 0.0 }
    if fault == beyond && i == n - 1 { y[n + 4] = 1.0 }
  }
}
`

var faultySpec = Spec{Kernel: "faulty", Limit: Limit{1e-12, 1e-6}, cases: func(g *generator) {
	const n = 83
	c := g.add()
	c.size("n", n)
	x := c.floats("x", g.padded(1, n, n+1))
	y := c.output("y", n+1)
	for i := range n {
		y.put(i, 2*x[i], 0)
	}
}}

// faults are what a kernel may do wrong, and what is said of it. Devices clamp
// indices or drop stores, and races show there only now and then.
var faults = []struct{ fault, interpreted, onDevice string }{
	{"none", "", ""},
	{"value", "element 5 is", "element 5 is"},
	{"inexact", "element 0 is", "element 0 is"},
	{"missing", "element 7 is NaN", "element 7 is NaN"},
	{"padding", "element 83 was 0x7fc00000 and must not change", "element 83 was 0x7fc00000 and must not change"},
	{"beyond", "out of bounds", ""},
	{"reads", "read of an out binding", "element 0 is NaN"},
	{"race", "data race", ""},
	{"fold", "data race across workgroups", "element 32 is NaN"},
}

func TestFaultsInterpreted(t *testing.T) {
	for _, f := range faults {
		t.Run(f.fault, func(t *testing.T) {
			_, c := faultyCase(t, f.fault)
			got, err := c.Interpret(limited(65535))
			if err == nil {
				_, err = c.Check(got, faultySpec.Limit)
			}
			expect(t, err, f.interpreted)
		})
	}
}

func TestFaultsOnDevice(t *testing.T) {
	device := openDevice(t)
	for _, f := range faults {
		t.Run(f.fault, func(t *testing.T) {
			v, c := faultyCase(t, f.fault)
			shader, err := NewShader(device, v)
			if err != nil {
				t.Fatal(err)
			}
			defer shader.Release()
			got, err := shader.Run(t.Context(), c, limited(65535))
			if err == nil {
				_, err = c.Check(got, faultySpec.Limit)
			}
			expect(t, err, f.onDevice)
		})
	}
}

// TestFoldedLayout proves that a layout with several workgroups along z
// reaches the kernel.
func TestFoldedLayout(t *testing.T) {
	_, c := faultyCase(t, "none")
	grid, err := limited(4)(c.variant, c.variant.grid(c.params))
	if err != nil || grid != [3]uint32{4, 1, 3} {
		t.Fatalf("grid %v (%v), want 4x1x3", grid, err)
	}
	got, err := c.Interpret(limited(4))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Check(got, faultySpec.Limit); err != nil {
		t.Error(err)
	}
}

func faultyCase(t *testing.T, fault string) (*Variant, *Case) {
	t.Helper()
	f, err := syntax.Parse("faulty.wk", []byte(faulty))
	if err != nil {
		t.Fatal(err)
	}
	lib := &ir.Library{Files: []*ir.File{f}}
	v, err := Compile(lib, lib.Kernel("faulty"), ir.Point{"fault": ir.WordValue(fault)})
	if err != nil {
		t.Fatal(err)
	}
	cases, err := faultySpec.Cases(v, 1)
	if err != nil {
		t.Fatal(err)
	}
	return v, cases[0]
}

func expect(t *testing.T, err error, says string) {
	t.Helper()
	switch {
	case says == "" && err != nil:
		t.Error(err)
	case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
		t.Errorf("%v, want an error with %q", err, says)
	}
}
