package kerneltest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/ir"
)

// Spec says how a kernel is tested.
type Spec struct {
	Kernel string
	// Limit is how far results may be from the reference.
	Limit Limit
	// Halves is the limit of variants that multiply in f16, if there are any.
	Halves Limit
	// Why says where the limit comes from.
	Why string

	unknown bool // nobody says what the results must be
	cases   func(*generator)
}

var specs = map[string]*Spec{}

// describe makes a kernel's spec known.
func describe(s Spec) struct{} {
	specs[s.Kernel] = &s
	return struct{}{}
}

// SpecOf returns the spec of a kernel, or nil.
func SpecOf(kernel string) *Spec { return specs[kernel] }

// LimitOf returns the limit for a variant.
func (s *Spec) LimitOf(v *Variant) Limit {
	if v.halves() {
		return s.Halves
	}
	return s.Limit
}

// Kernels returns the names of the kernels that have a spec.
func Kernels() []string {
	var names []string
	for name := range specs {
		names = append(names, name)
	}
	return names
}

// Cases makes the cases of a variant; the same ones for the same seed.
func (s *Spec) Cases(v *Variant, seed uint64) (cases []*Case, err error) {
	h := fnv.New64a()
	h.Write([]byte(v.Name))
	g := &generator{Rand: rand.New(rand.NewPCG(seed, h.Sum64())), Variant: v}
	s.cases(g)
	for _, c := range g.cases {
		if err := c.complete(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", v.Name, c, err)
		}
	}
	return g.cases, nil
}

// generator makes the cases of a variant.
type generator struct {
	*rand.Rand
	*Variant
	cases []*Case
}

// around returns sizes that fit no tile: 1, one less and one more than a tile.
func (g *generator) around(tile int) []int {
	return []int{1, max(tile-1, 2), tile + 1}
}

// folding returns sizes like around's, of which the last takes enough tiles for a
// grid to fold.
func (g *generator) folding(tile int) []int {
	return []int{1, max(tile-1, 2), 2*tile + 1}
}

// normal returns n numbers as float32 holds them.
func (g *generator) normal(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(float32(g.NormFloat64()))
	}
	return out
}

// weights gives a case a matrix of random blocks with so many columns in the
// file, some of its rows with extreme scales. It returns the elements of each
// row, padded with zeros to whole blocks.
func (g *generator) weights(c *Case, binding string, rows, cols int) [][]float64 {
	var of *ir.Format
	data := make([][]byte, rows)
	for _, b := range g.Unit.Kernel.Bindings {
		if b.Plane == nil || b.Plane.Weight != binding {
			continue
		}
		if of == nil {
			of = b.Plane.Format
			for r := range data {
				scales := reference.Sane
				if g.IntN(6) == 0 && !g.halves() { // which are not for such weights
					scales = reference.Extreme
				}
				data[r] = stored(of).Random(g.Rand, cols/of.FileBlock, scales)
			}
		}
		c.buffers[b.Name] = plane(b.Plane, data, wide(of, cols))
	}
	out := make([][]float64, rows)
	for r := range out {
		out[r] = append(stored(of).Dequantize(data[r]), make([]float64, wide(of, cols)-cols)...)
	}
	return out
}

// format returns the storage format that axis W chose.
func (g *generator) format() *ir.Format { return g.Unit.Lib.Format(g.word("W")) }

// wide returns the columns on the device of so many in the file.
func wide(f *ir.Format, cols int) int { return (cols + f.Block - 1) / f.Block * f.Block }

// largest returns the largest magnitude.
func largest(x []float64) (most float64) {
	for _, v := range x {
		most = max(most, math.Abs(v))
	}
	return most
}
