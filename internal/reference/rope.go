package reference

import "math"

// Rotation says how a head is rotated (Su et al., 2021).
type Rotation struct {
	Dims   int     // rotated, from the head's first on
	Half   bool    // pairs are (p, p + Dims/2), not (2p, 2p+1)
	Base   float64 // of the angles' geometric sequence
	Factor []float64
	MScale float64 // multiplies what is rotated
}

// Angle returns the angle of a pair at a position: position · Base^(-2·pair/Dims),
// divided by the pair's factor where there are any.
func (r Rotation) Angle(position, pair int) float64 {
	a := float64(position) * math.Pow(r.Base, -2*float64(pair)/float64(r.Dims))
	if r.Factor != nil {
		a /= r.Factor[pair]
	}
	return a
}

// Apply returns a head rotated for its position; what is beyond Dims stays.
func (r Rotation) Apply(head []float64, position int) []float64 {
	return r.ApplyEach(head, func(int) int { return position })
}

// ApplyEach does the same where each pair has a position.
func (r Rotation) ApplyEach(head []float64, position func(pair int) int) []float64 {
	out := append([]float64(nil), head...)
	for p := range r.Dims / 2 {
		i, j := 2*p, 2*p+1
		if r.Half {
			i, j = p, p+r.Dims/2
		}
		sin, cos := math.Sincos(r.Angle(position(p), p))
		out[i] = r.MScale * (head[i]*cos - head[j]*sin)
		out[j] = r.MScale * (head[i]*sin + head[j]*cos)
	}
	return out
}
