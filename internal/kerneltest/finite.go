package kerneltest

import (
	"math"
	"slices"
)

var _ = describe(Spec{
	Kernel: "finite",
	Why:    "exact",
	cases: func(g *generator) {
		inf, nan := math.Float32bits(float32(math.Inf(1))), math.Float32bits(float32(math.NaN()))
		most := math.Float32bits(math.MaxFloat32)
		for _, s := range []struct {
			tokens, cols, stride int
			at                   []int // what is not finite
			before               uint32
		}{
			{1, 1, 4, nil, 0},
			{1, 1, 4, []int{0}, 0},
			{7, 5, 8, []int{6, 34}, 0},
			{1, 1023, 1024, []int{1022, 1021, 700}, 0},
			{1, 1025, 1152, []int{1024}, 0},
			{3, 1024, 1024, nil, 0},
			{13, 127, 128, []int{126, 127, 1650}, 4},
			{13, 127, 128, nil, 1},
		} {
			c := g.add()
			c.size("tokens", s.tokens)
			c.size("cols", s.cols)
			c.size("stride", s.stride)
			c.size("place", 11)
			x := make([]uint32, s.tokens*s.stride)
			for i := range x {
				switch {
				case i%s.stride >= s.cols: // does not count
					x[i] = nan
				case i%3 == 0:
					x[i] = most | g.Uint32()&(1<<31)
				default:
					x[i] = math.Float32bits(float32(g.NormFloat64()))
				}
			}
			for i, at := range s.at {
				x[at/s.cols*s.stride+at%s.cols] = []uint32{inf, inf | 1<<31, nan, inf + 1}[(i+len(s.at))%4]
			}
			c.words("x", x...)
			found := c.output("found", 3)
			found.before[0] = s.before
			if len(s.at) > 0 && s.before == 0 {
				found.put(0, float64(len(s.at)), 0)
				found.put(1, float64(slices.Min(s.at)), 0)
				found.put(2, 11, 0)
			}
		}
	},
})
