package kerneltest

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/templates"
)

// mostRounded is the NMSE that rounding activations to bytes may cost a product.
// For normal values it is some 3e-5: steps of a 127th of the largest of 32, which
// is 2.2 deviations, have a variance of a twelfth of their square.
const mostRounded = 1e-4

// TestQuantizedProducts compares products of bytes with those of the activations
// before they were rounded, for every format that has such products.
func TestQuantizedProducts(t *testing.T) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	quantize := shippedWhere(t, lib, "quantize", map[string]string{"math": "i8"})[0]
	products := shippedWhere(t, lib, "gemv_few", map[string]string{"math": "i8", "epilogue": "store", "reduce": "shared"})
	for _, v := range products {
		t.Run(v.word("W"), func(t *testing.T) {
			t.Parallel()
			h := fnv.New64a()
			h.Write([]byte(v.Name))
			random := rand.New(rand.NewPCG(seed(), h.Sum64()))
			const tokens, rows, cols = 64, 13, 1024
			g := &generator{Rand: random, Variant: v}
			x := g.normal(tokens * cols)

			q := (&generator{Rand: random, Variant: quantize}).add()
			q.size("tokens", tokens)
			q.size("cols", cols)
			q.size("x_stride", cols)
			q.floats("x", x)
			q.output("q", tokens*cols/4)
			q.output("scales", tokens*cols/16)
			bytes, err := q.Interpret(limited(65535))
			if err != nil {
				t.Fatal(err)
			}

			c := g.add()
			for name, n := range map[string]int{"tokens": tokens, "rows": rows, "cols": cols, "x_stride": cols, "y_stride": rows} {
				c.size(name, n)
			}
			for _, name := range []string{"first", "bias_first", "bias_stride", "kind"} {
				c.size(name, 0)
			}
			c.words("q", bytes["q"]...)
			c.words("scales", bytes["scales"]...)
			c.floats("bias", []float64{math.NaN()})
			w := g.weights(c, "w", rows, cols)
			y := c.output("y", tokens*rows)
			for i := range tokens * rows {
				value, scale := reference.Dot(w[i%rows], x[i/rows*cols:][:cols])
				y.put(i, value, scale)
			}
			got, err := c.Interpret(limited(65535))
			if err != nil {
				t.Fatal(err)
			}
			limit := Limit{mostRounded, math.Inf(1)}
			score, err := c.Check(got, limit)
			if err != nil {
				t.Fatal(err)
			}
			if err := score.Within(limit); err != nil {
				t.Error(err)
			}
			t.Log(score)
		})
	}
}

// shippedWhere returns the shipped variants of a kernel whose axes have some
// values; there is one at least.
func shippedWhere(t *testing.T, lib *ir.Library, name string, values map[string]string) (out []*Variant) {
	t.Helper()
	k := lib.Kernel(name)
	points, err := pass.ShippedPoints(lib, k)
	if err != nil {
		t.Fatal(err)
	}
points:
	for _, p := range points {
		for axis, want := range values {
			if p.Point[axis].String() != want {
				continue points
			}
		}
		v, err := Compile(lib, k, p.Point)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		t.Fatalf("kernel %s ships nothing at %v", name, values)
	}
	return out
}
