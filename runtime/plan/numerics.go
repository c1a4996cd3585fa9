package plan

import (
	"encoding/binary"
	"fmt"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/memory"
)

// Numerics is where steps note the first values that are not finite.
type Numerics struct {
	found  *memory.Buffer // of the kernel finite
	checks []check        // by place
}

// check is a tensor that is looked at.
type check struct {
	name string
	cols int
}

// NonFiniteError tells which values were the first that are infinite or NaN.
type NonFiniteError struct {
	Where         string
	Count, Of     int
	Token, Column int // of the first
}

func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("%s: %d of %d values are not finite, first at token %d, column %d", e.Where, e.Count, e.Of, e.Token, e.Column)
}

// WatchNumerics makes CheckFinite record checks from now on.
func (s *Shared) WatchNumerics(plan *memory.Plan) {
	s.Numerics = &Numerics{found: plan.New(memory.Tables, "numerics", 4*3, gpu.Storage)}
}

// CheckFinite records a look at all values of x, called so in errors; nothing
// where numerics are not watched.
func (r *Recorder) CheckFinite(x *Tensor, name string) {
	n := r.shared.Numerics
	if n == nil {
		return
	}
	params := generated.FiniteParams{Tokens: uint32(r.Tokens), Cols: uint32(x.Cols), Stride: uint32(x.Stride), Place: uint32(len(n.checks))}
	n.checks = append(n.checks, check{name, x.Cols})
	r.dispatch(generated.Finite, generated.FiniteKey{}, params, 0, r.Tokens, bind{"x", x}, bind{"found", Fixed(n.found.All())})
}

// Start begins to read what all steps submitted so far have found.
func (n *Numerics) Start(dev gpu.Device) (gpu.Readback, error) {
	return dev.StartRead(n.found.GPU(), 0, n.found.Size())
}

// Result returns what was read as an error, nil where all is finite. The values
// were those of so many tokens, the first of which has position from.
func (n *Numerics) Result(read []byte, from, tokens int) error {
	count := binary.LittleEndian.Uint32(read)
	if count == 0 {
		return nil
	}
	first, place := int(binary.LittleEndian.Uint32(read[4:])), binary.LittleEndian.Uint32(read[8:])
	c := n.checks[place]
	return &NonFiniteError{c.name, int(count), tokens * c.cols, from + first/c.cols, first % c.cols}
}

// Forget lets steps note anew.
func (n *Numerics) Forget(dev gpu.Device) error {
	return dev.Write(n.found.GPU(), 0, make([]byte, n.found.Size()))
}
