package weights

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// granule is what the rows of a part are a multiple of, but for a last part:
// all interleaves divide it, and planes then begin at whole words.
const granule = 8

// Limits bound the parts of a matrix.
type Limits struct {
	Binding int64 // bytes of a plane
	Buffer  int64 // bytes of all planes of a part
	Align   int64 // of a plane's offset in its buffer
}

// Layout is how the planes of a matrix lie in memory.
type Layout struct {
	Interleave int  // rows whose units alternate
	Texels     bool // each plane is a texture; else all are in one storage buffer
}

// TexelKey returns what the keys of kernels that read either say of the layout.
func (l Layout) TexelKey() kernel.Int {
	if l.Texels {
		return kernel.Is(1)
	}
	return kernel.Is(0)
}

// Matrix is one or more tensors as the device holds them.
type Matrix struct {
	Layout
	Format    *kernel.Format
	Rows      int // of the product
	Cols      int // padded to whole blocks
	Experts   int // matrices of so many rows each that the device holds, with the same rows of all of them in each part; 1 of a plain one
	Parts     []*Part
	Bias      *Vector // of the product's rows from its value BiasFirst on; of a gated matrix half for gate, half for up; nil: none
	BiasFirst int
}

// Part is rows [First, First+Rows) of a matrix.
type Part struct {
	First, Rows int

	runs     []run
	stored   int // rows, without padding
	blocks   int
	rowBytes int // of a row in the file
	format   *kernel.Format
	layout   Layout
	planes   []memory.Range
}

// Range returns the plane of the part that a kernel's binding reads.
func (p *Part) Range(b *kernel.Binding) memory.Range {
	if b.Plane == nil || b.Plane.Format != p.format.Name || b.Plane.Interleave != p.layout.Interleave || b.Plane.Texels != p.layout.Texels {
		panic(fmt.Sprintf("weights: binding %s does not read %s in the layout %+v", b.Name, p.format.Name, p.layout))
	}
	return p.planes[b.Plane.Plane]
}

// planeBytes returns the bytes of a plane of so many rows, in whole words.
func planeBytes(p *kernel.Plane, rows, blocks, interleave int) int64 {
	rows = (rows + interleave - 1) / interleave * interleave
	n := int64(rows) * int64(blocks) * int64(p.Units*p.UnitBytes)
	return (n + 3) &^ 3
}

// Set is the weights of a model: planned first, uploaded when there is memory.
type Set struct {
	limits  Limits
	memory  *memory.Plan
	parts   []*Part
	vectors []*Vector
	caches  []*ExpertCache
}

// NewSet returns an empty set whose memory will be part of plan.
func NewSet(plan *memory.Plan, limits Limits) *Set { return &Set{limits: limits, memory: plan} }

// Matrix plans the rows of tensors one after the other. The tensors have the
// same format and columns.
func (s *Set) Matrix(l Layout, tensors ...*Tensor) (*Matrix, error) {
	all := make([]run, len(tensors))
	rows := 0
	for i, t := range tensors {
		all[i] = run{t, 0, t.Rows}
		rows += t.Rows
	}
	return s.kept(s.split(shape{memory.Weights, l, rows, 1, 1}, tensors[0], func(first, rows int) []run { return cut(all, first, rows) }))
}

// Gated plans a gate and an up matrix of equal shape for kernels that compute
// both: each part holds its rows of gate, then the same rows of up.
func (s *Set) Gated(l Layout, gate, up *Tensor) (*Matrix, error) {
	return s.Experts(l, 1, gate, up)
}

// Experts plans tensors of equal shape that hold the rows of so many experts
// each, one expert after the other. Each part holds its rows of the first expert,
// of all tensors in turn, then those of the next.
func (s *Set) Experts(l Layout, experts int, tensors ...*Tensor) (*Matrix, error) {
	return s.kept(s.ofExperts(memory.Weights, l, experts, experts, tensors))
}

// ofExperts plans tensors that hold the rows of so many experts each, with room
// for so many of them.
func (s *Set) ofExperts(class memory.Class, l Layout, experts, room int, tensors []*Tensor) (*Matrix, error) {
	each := tensors[0].Rows / experts
	return s.split(shape{class, l, each, len(tensors), room}, tensors[0], func(first, rows int) (all []run) {
		for e := range experts {
			for _, t := range tensors {
				all = append(all, run{t, e*each + first, rows})
			}
		}
		return all
	})
}

// kept makes a matrix part of the set.
func (s *Set) kept(m *Matrix, err error) (*Matrix, error) {
	if err == nil {
		s.parts = append(s.parts, m.Parts...)
	}
	return m, err
}

// cut returns rows [first, first+rows) of consecutive runs.
func cut(runs []run, first, rows int) (out []run) {
	for _, r := range runs {
		if first < r.rows && rows > 0 {
			n := min(rows, r.rows-first)
			out = append(out, run{r.tensor, r.first + first, n})
			first, rows = 0, rows-n
			continue
		}
		first -= min(first, r.rows)
	}
	return out
}

// shape is what a matrix takes of memory.
type shape struct {
	class   memory.Class
	layout  Layout
	rows    int // of the product
	perRow  int // stored rows that a row of the product takes, for each expert
	experts int // that there is room for
}

// split cuts a matrix into parts of about equal size.
func (s *Set) split(l shape, t *Tensor, runs func(first, rows int) []run) (*Matrix, error) {
	m := &Matrix{Layout: l.layout, Format: t.Format, Rows: l.rows, Cols: t.blocks() * t.Format.Block, Experts: l.experts}
	perRow := l.perRow * l.experts
	most := s.mostRows(t, m.Rows, perRow, l.layout)
	if most == 0 {
		return nil, fmt.Errorf("load %s: %d rows of %d columns in %s do not fit a binding of %d bytes", t.Name, granule*perRow, t.Cols, t.Format.Name, s.limits.Binding)
	}
	count := (m.Rows + most - 1) / most
	each := (m.Rows + count - 1) / count
	each = (each + granule - 1) / granule * granule
	for first := 0; first < m.Rows; first += each {
		rows := min(each, m.Rows-first)
		p := &Part{
			First: first, Rows: rows, runs: runs(first, rows), stored: rows * perRow,
			blocks: t.blocks(), rowBytes: t.RowBytes, format: t.Format, layout: l.layout,
		}
		s.place(p, l.class, t.Name)
		m.Parts = append(m.Parts, p)
	}
	return m, nil
}

// mostRows returns how many rows of the product a part can have: all rows, or
// a multiple of the granule; 0 if there is no room for any.
func (s *Set) mostRows(t *Tensor, rows, perRow int, l Layout) int {
	fits := func(rows int) bool {
		var sum int64
		for i := range t.Format.Planes {
			plane := &t.Format.Planes[i]
			n := planeBytes(plane, rows*perRow, t.blocks(), l.Interleave)
			if n > s.limits.Binding || l.Texels && n > gpu.MaxTexelRows*gpu.TexelRow*texels(plane).TexelSize() {
				return false
			}
			sum += align(n, s.limits.Align)
		}
		return sum <= s.limits.Buffer
	}
	if fits(rows) {
		return rows
	}
	low, high := 0, rows/granule // fits(low*granule); high+1 does not
	for low < high {
		mid := (low + high + 1) / 2
		if fits(mid * granule) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low * granule
}

// place plans the memory of a part.
func (s *Set) place(p *Part, class memory.Class, label string) {
	var size int64
	for i := range p.format.Planes {
		plane := &p.format.Planes[i]
		n := planeBytes(plane, p.stored, p.blocks, p.layout.Interleave)
		if p.layout.Texels {
			usage := texels(plane)
			p.planes = append(p.planes, s.memory.New(class, label, align(n, gpu.TexelRow*usage.TexelSize()), usage).All())
			continue
		}
		p.planes = append(p.planes, memory.Range{Offset: size, Size: n})
		size += align(n, s.limits.Align)
	}
	if p.layout.Texels {
		return
	}
	buffer := s.memory.New(class, label, size, gpu.Storage)
	for i := range p.planes {
		p.planes[i].Buffer = buffer
	}
}

// texels returns what a plane is read as: kernels load its units, or, where they
// are smaller than a word, words.
func texels(p *kernel.Plane) gpu.Usage { return gpu.TexelAccess(max(p.UnitBytes, 4)).Texels() }

// bytes returns the device memory of the part.
func (p *Part) bytes() (sum int64) {
	for _, plane := range p.planes {
		if plane.Offset == 0 { // the first, or one by itself
			sum += plane.Buffer.Size()
		}
	}
	return sum
}

func align(n, to int64) int64 { return (n + to - 1) / to * to }
