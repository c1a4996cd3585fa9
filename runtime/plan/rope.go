package plan

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/wgslgen/wgslgen/runtime/weights"
)

// ropeStep is the position from which the rows of a rotation table advance by
// as much: a position's angle is the sum of two rows'.
const ropeStep = 64

// Rope is how positions turn queries and keys.
type Rope struct {
	First  int       // element of a head from which on they turn
	Dims   int       // elements that turn, in pairs
	Half   bool      // pairs are (i, i+Dims/2), not neighbours
	Mscale float32   // factor of all rotated values
	Angles []float64 // of a pair at position 1; Dims/2 of them

	rows  int
	table *weights.Vector
}

// Plan plans the rotation table for so many positions.
func (r *Rope) Plan(set *weights.Set, positions int) {
	var table bytes.Buffer
	r.rows = ropeStep + ceilDiv(positions, ropeStep)
	for row := range r.rows {
		position := row
		if row >= ropeStep {
			position = (row - ropeStep) * ropeStep
		}
		for _, angle := range r.Angles {
			sin, cos := math.Sincos(angle * float64(position))
			binary.Write(&table, binary.LittleEndian, [2]float32{float32(cos), float32(sin)})
		}
	}
	r.table = set.Vector("rotation table", table.Len()/4, bytes.NewReader(table.Bytes()))
}

// form names the form as kernels do.
func (r *Rope) form() string {
	if r.Half {
		return "half"
	}
	return "interleaved"
}
