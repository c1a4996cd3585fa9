package reference_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/internal/reference/opvec"
)

// nmse returns Σ(got-want)² / Σwant².
func nmse(got []float64, want []float32) float64 {
	var errors, power float64
	for i, w := range want {
		d := got[i] - float64(w)
		errors += d * d
		power += float64(w) * float64(w)
	}
	if errors == 0 {
		return 0
	}
	return errors / power
}

// vectors compares a reference with the vectors of an operator that it takes:
// f returns nil for others. At least some must be left.
func vectors(t *testing.T, op string, limit float64, f func(t *testing.T, r *opvec.Record) []float64) {
	done := 0
	for n, r := range records(t, op) {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			got, want := f(t, r), r.Want()
			if got == nil {
				return
			}
			done++
			if len(got) != len(want) {
				t.Fatalf("%s: %d values, want %d", r.Vars, len(got), len(want))
			}
			if e := nmse(got, want); !(e <= limit) {
				t.Errorf("%s: NMSE %.1e, limit %.1e", r.Vars, e, limit)
			}
		})
	}
	if done == 0 {
		t.Errorf("no vector of %s fits", op)
	}
}

// input returns an operand of the result, and the length of its rows.
func input(t *testing.T, r *opvec.Record, i int) (x []float64, cols int) {
	src := r.Tensors[r.Out].Src[i]
	return tensor(t, r, src), r.Tensors[src].Ne[0]
}

// byRow applies f to each row of the first operand.
func byRow(t *testing.T, r *opvec.Record, f func(row []float64) []float64) (out []float64) {
	x, cols := input(t, r, 0)
	for row := range slices.Chunk(x, cols) {
		out = append(out, f(row)...)
	}
	return out
}

func TestSiLU(t *testing.T) {
	vectors(t, "SILU", 1e-13, func(t *testing.T, r *opvec.Record) (out []float64) {
		x, _ := input(t, r, 0)
		for _, v := range x {
			out = append(out, reference.SiLU(v))
		}
		return out
	})
}

func TestRMSNorm(t *testing.T) {
	vectors(t, "RMS_NORM", 1e-12, func(t *testing.T, r *opvec.Record) []float64 {
		eps := r.Tensors[r.Out].Float(0)
		return byRow(t, r, func(row []float64) []float64 {
			return reference.RMSNorm(row, slices.Repeat([]float64{1}, len(row)), eps)
		})
	})
}

func TestSoftmax(t *testing.T) {
	vectors(t, "SOFT_MAX", 1e-12, func(t *testing.T, r *opvec.Record) []float64 {
		out := r.Tensors[r.Out]
		if len(out.Src) > 1 { // with a mask
			return nil
		}
		return byRow(t, r, func(row []float64) []float64 {
			for i := range row {
				row[i] *= out.Float(0)
			}
			return reference.Softmax(row)
		})
	})
}

func TestArgmax(t *testing.T) {
	vectors(t, "ARGMAX", 0, func(t *testing.T, r *opvec.Record) []float64 {
		return byRow(t, r, func(row []float64) []float64 { return []float64{float64(reference.Argmax(row))} })
	})
}

// TestTopK compares the values at the chosen indices: the vectors have those
// in another order, and break ties otherwise.
func TestTopK(t *testing.T) {
	vectors(t, "TOP_K", 0, func(t *testing.T, r *opvec.Record) []float64 {
		want, k := r.Want(), r.Tensors[r.Out].Ne[0]
		rows := 0
		byRow(t, r, func(row []float64) []float64 {
			var theirs []float64
			for _, i := range want[rows*k:][:k] {
				theirs = append(theirs, row[int(i)])
			}
			slices.Sort(theirs)
			slices.Reverse(theirs)
			var ours []float64
			for _, i := range reference.TopK(row, k) {
				ours = append(ours, row[i])
			}
			if !slices.Equal(ours, theirs) {
				t.Errorf("%s, row %d: %v, want %v", r.Vars, rows, ours, theirs)
			}
			rows++
			return nil
		})
		return tensorOf(want)
	})
}

func tensorOf(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// TestRotation takes the vectors with float32 data, one section of pairs, and
// no YaRN. llama.cpp multiplies angles up in float32, from one pair to the next.
func TestRotation(t *testing.T) {
	vectors(t, "ROPE", 1e-8, func(t *testing.T, r *opvec.Record) (out []float64) {
		d := r.Tensors[r.Out]
		mode := d.Params[2]
		if mode != 0 && mode != 2 || d.Type != "f32" || d.Float(7) != 0 || d.Params[15] != 0 {
			return nil
		}
		rotation := reference.Rotation{Dims: int(d.Params[1]), Half: mode == 2, Base: d.Float(5), MScale: d.Float(8)}
		factors := slices.Repeat([]float64{1 / d.Float(6)}, rotation.Dims/2)
		if len(d.Src) > 2 {
			given, _ := input(t, r, 2)
			for i := range factors {
				factors[i] *= given[i]
			}
		}
		rotation.Factor = factors
		positions, _ := input(t, r, 1)
		heads := d.Ne[1]
		n := 0
		return byRow(t, r, func(head []float64) []float64 {
			position := int(positions[n/heads%len(positions)])
			n++
			return rotation.Apply(head, position)
		})
	})
}

// TestDot multiplies matrices. Quantised ones come from a backend that rounds
// activations to 8 bits.
func TestDot(t *testing.T) {
	multiply := func(exact bool) func(*testing.T, *opvec.Record) []float64 {
		return func(t *testing.T, r *opvec.Record) (out []float64) {
			d := r.Tensors[r.Out]
			a, b := r.Tensors[d.Src[0]], r.Tensors[d.Src[1]]
			if exact != (a.Type == "f32" && b.Type == "f32") {
				return nil
			}
			x, cols := input(t, r, 0)
			y, _ := input(t, r, 1)
			for i3 := range b.Ne[3] {
				for i2 := range b.Ne[2] {
					of := i3/(b.Ne[3]/a.Ne[3])*a.Ne[2] + i2/(b.Ne[2]/a.Ne[2])
					for n := range b.Ne[1] {
						row := y[((i3*b.Ne[2]+i2)*b.Ne[1]+n)*cols:][:cols]
						for m := range a.Ne[1] {
							dot, _ := reference.Dot(x[(of*a.Ne[1]+m)*cols:][:cols], row)
							out = append(out, dot)
						}
					}
				}
			}
			return out
		}
	}
	t.Run("exact", func(t *testing.T) { vectors(t, "MUL_MAT", 1e-11, multiply(true)) })
	t.Run("rounded", func(t *testing.T) { vectors(t, "MUL_MAT", 5e-4, multiply(false)) })
}

// TestAttend takes all the vectors. Most come from a backend that rounds
// queries as the keys are.
func TestAttend(t *testing.T) {
	vectors(t, "FLASH_ATTN_EXT", 5e-4, func(t *testing.T, r *opvec.Record) (out []float64) {
		d := r.Tensors[r.Out]
		qs, dim := input(t, r, 0)
		ks, _ := input(t, r, 1)
		vs, width := input(t, r, 2)
		var mask, sinks []float64
		if !strings.Contains(r.Vars, "mask=0") {
			mask, _ = input(t, r, 3)
		}
		if strings.Contains(r.Vars, "sinks=1") {
			sinks, _ = input(t, r, len(d.Src)-1)
		}
		q, k := r.Tensors[d.Src[0]], r.Tensors[d.Src[1]]
		rows := func(x []float64, head, n, dim int) [][]float64 {
			return slices.Collect(slices.Chunk(x[head*n*dim:][:n*dim], dim))
		}
		for i3 := range q.Ne[3] {
			for t := range q.Ne[1] {
				for h := range q.Ne[2] {
					of := i3/(q.Ne[3]/k.Ne[3])*k.Ne[2] + h/(q.Ne[2]/k.Ne[2])
					query := qs[((i3*q.Ne[2]+h)*q.Ne[1]+t)*dim:][:dim]
					a := reference.Attention{Scale: d.Float(0), SoftCap: d.Float(2)}
					if mask != nil {
						slope := reference.Slope(h, q.Ne[2], d.Float(1))
						for _, m := range mask[(i3*q.Ne[1]+t)*k.Ne[1]:][:k.Ne[1]] {
							a.Bias = append(a.Bias, slope*m)
						}
					}
					acc, top, sum := a.Attend(query, rows(ks, of, k.Ne[1], dim), rows(vs, of, k.Ne[1], width), width)
					sink := math.Inf(-1)
					if sinks != nil {
						sink = sinks[h]
					}
					out = append(out, reference.Output(acc, top, sum, sink)...)
				}
			}
		}
		return out
	})
}
