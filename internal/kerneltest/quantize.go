package kerneltest

import (
	"math"
	"slices"
)

var _ = describe(Spec{
	Kernel: "quantize",
	Limit:  Limit{1e-13, 1e-6},
	Halves: Limit{1e-13, 1e-6},
	Why:    "levels are exact, as no value lies near the middle of two; a step is a quotient, and multiplies a sum; halves are quotients",
	cases: func(g *generator) {
		tile := g.tile("cols")
		for i, blocks := range []int{1, max(tile/32-1, 2), tile/32 + 1, 2*tile/32 + 3} {
			tokens := []int{3, 1, 2, 1}[i]
			cols := 32 * blocks
			stride := cols + 64*(i%2)
			c := g.add()
			c.size("tokens", tokens)
			c.size("cols", cols)
			c.size("x_stride", stride)
			x := g.padded(tokens, cols, stride)
			for t := range tokens {
				row := x[t*stride:][:cols]
				if i == 1 {
					clear(row[:32]) // their step is 0
				}
				settle(row)
			}
			x = c.floats("x", x)
			if g.halves() {
				c.halvesOf(x, tokens, cols, stride)
				continue
			}
			q, scales := c.output("q", tokens*cols/4), c.output("scales", tokens*cols/16)
			for t := range tokens {
				words, steps := quantise(x[t*stride:][:cols])
				for j, w := range words {
					q.put(t*cols/4+j, float64(w), 0)
				}
				for b := range blocks {
					at := 2 * (t*blocks + b)
					scales.put(at, steps[2*b], 0)
					scales.put(at+1, steps[2*b+1], 127*steps[2*b])
				}
			}
		}
	},
})

// settle moves values away from the middle of two levels, where rounding may go
// either way.
func settle(row []float64) {
	for from := 0; from < len(row); from += scaled {
		block := row[from:][:scaled]
		scale := float64(step(block))
		for i, v := range block {
			level := v / scale
			if scale > 0 && math.Abs(level-math.Floor(level)-0.5) < 0.01 {
				block[i] = float64(float32(math.Floor(level) * scale))
			}
		}
	}
}

// quantise returns what kernel quantize makes of a row: four signed bytes a
// word, and a step and a sum for each 32 values.
func quantise(row []float64) (words []uint32, scales []float64) {
	words = make([]uint32, len(row)/4)
	for from := 0; from < len(row); from += scaled {
		block := row[from:][:scaled]
		scale := float64(step(block))
		sum := 0.0
		for i, v := range block {
			if scale > 0 {
				level := math.RoundToEven(v / scale)
				words[(from+i)/4] |= uint32(uint8(int8(level))) << (i % 4 * 8)
				sum += level
			}
		}
		scales = append(scales, scale, scale*sum)
	}
	return words, scales
}

// quantised fills bindings q and scales with random rows of cols columns, and
// zeros up to width. It returns the rows as they are after that.
func (c *Case) quantised(rows, cols, width int) [][]float64 {
	x := make([][]float64, rows)
	var words []uint32
	var scales []float64
	for r := range x {
		x[r] = make([]float64, width)
		copy(x[r], c.random.normal(cols))
		w, s := quantise(x[r])
		words, scales = append(words, w...), append(scales, s...)
		for i := range x[r] {
			x[r][i] = float64(int8(w[i/4]>>(i%4*8))) * s[i/scaled*2]
		}
	}
	c.words("q", words...)
	c.floats("scales", scales)
	return x
}

// halvesOf says what kernel quantize makes of rows in halves.
func (c *Case) halvesOf(x []float64, tokens, cols, stride int) {
	halves, steps := c.output("halves", tokens*cols), c.output("steps", tokens*cols/scaled)
	for t := range tokens {
		for from := 0; from < cols; from += scaled {
			block := x[t*stride+from:][:scaled]
			at, step := t*cols+from, halfStep(block)
			steps.put(at/scaled, step, 0)
			for i, v := range block {
				if step > 0 {
					v /= step
				}
				halves.put(at+i, v, 1)
			}
		}
	}
}

// halfStep returns the step of a block of halves, which are at most 1.
func halfStep(block []float64) float64 { return largest(block) }

// halved fills bindings halves and steps with random rows of cols columns, and
// zeros up to width. It returns the rows as they are after that.
func (c *Case) halved(rows, cols, width int) [][]float64 {
	x := make([][]float64, rows)
	var halves, steps []float64
	for r := range x {
		x[r] = make([]float64, width)
		copy(x[r], c.random.normal(cols))
		for block := range slices.Chunk(x[r], scaled) {
			step := halfStep(block)
			steps = append(steps, step)
			for _, v := range block {
				if step > 0 {
					v /= step
				}
				halves = append(halves, v)
			}
		}
	}
	halves, steps = c.floats("halves", halves), c.floats("steps", steps)
	for r := range x {
		for i := range x[r] {
			x[r][i] = halves[r*width+i] * steps[(r*width+i)/scaled]
		}
	}
	return x
}
