package quantize_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/wgslgen/wgslgen/internal/reference"
	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/quantize"
)

// Random blocks of every format, against the definitions.
func TestDecode(t *testing.T) {
	for _, format := range reference.Formats {
		t.Run(format.Name, func(t *testing.T) {
			blocks := format.Random(rand.New(rand.NewPCG(1, 2)), 64, reference.Sane)
			got, err := quantize.Decode(gguf.Type(format.GGML), blocks)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range format.Dequantize(blocks) {
				if !(math.Abs(float64(got[i])-want) <= 1e-6*math.Abs(want)+1e-7) {
					t.Fatalf("element %d is %g, want %g", i, got[i], want)
				}
			}
		})
	}
}

func open(t *testing.T, elem ...string) *gguf.File {
	t.Helper()
	f, err := gguf.Open(shared.Path(t, append([]string{"oracle"}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func data(t *testing.T, f *gguf.File, name string) (gguf.Type, []byte) {
	t.Helper()
	tensor, ok := f.Tensor(name)
	if !ok {
		t.Fatalf("no tensor %s", name)
	}
	b, err := f.Data(tensor)
	if err != nil {
		t.Fatal(err)
	}
	return tensor.Type, b
}

// pairs calls f with each tensor of a quantised model: its name and type, the usual quantiser's bytes, and ours from
// the plain model.
func pairs(t *testing.T, plain, quantised *gguf.File, f func(name string, kind gguf.Type, want, got []byte)) {
	t.Helper()
	for _, tensor := range quantised.Tensors {
		from, raw := data(t, plain, tensor.Name)
		to, want := data(t, quantised, tensor.Name)
		x, err := quantize.Decode(from, raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := quantize.Encode(to, x)
		if err != nil {
			t.Fatal(err)
		}
		f(tensor.Name, to, want, got)
	}
}

// The model that is there as it was before it was quantised.
func TestUsualBytes(t *testing.T) {
	pairs(t, open(t, "llama", "model-F32.gguf"), open(t, "llama", "model-Q8_0.gguf"), func(name string, kind gguf.Type, want, got []byte) {
		if !bytes.Equal(got, want) {
			t.Errorf("%s, %s: the bytes differ", name, kind)
		}
	})
}

// A model that is there rounded to F16: what has been quantised were the numbers before, so levels may differ by one
// where a number is so near to the border that rounding moves it across.
func TestUsualLevels(t *testing.T) {
	plain := open(t, "llama-odd", "model-F16.gguf")
	for file, most := range map[string]float64{"model-Q8_0.gguf": 0.025, "model-Q4_0.gguf": 0.002, "model-Q5_1.gguf": 0.012} {
		pairs(t, plain, open(t, "llama-odd", file), func(name string, kind gguf.Type, want, got []byte) {
			ours, err := quantize.Decode(kind, got)
			if err != nil {
				t.Fatal(err)
			}
			usual, err := quantize.Decode(kind, want)
			if err != nil {
				t.Fatal(err)
			}
			differ := 0
			for i := range ours {
				if kind == gguf.F32 {
					break
				}
				at := i / 32 * kind.BlockBytes()
				scale, err := quantize.Decode(gguf.F16, slices.Concat(got[at:at+2], want[at:at+2]))
				if err != nil {
					t.Fatal(err)
				}
				if scale[0]*scale[1] < 0 {
					continue // the two numbers of largest magnitude, of either sign, are equal once they are rounded
				}
				step := max(scale[1], -scale[1])
				switch distance := max(ours[i], usual[i]) - min(ours[i], usual[i]); {
				case distance > 1.2*step:
					t.Fatalf("%s, %s: weight %d is %g, with the usual quantiser %g", name, kind, i, ours[i], usual[i])
				case distance > 0.5*step:
					differ++
				}
			}
			if share := float64(differ) / float64(len(ours)); share > most {
				t.Errorf("%s, %s: %.2f %% of the levels differ", name, kind, 100*share)
			}
		})
	}
}

// nmse returns the error of weights that were written and read again.
func nmse(t *testing.T, kind gguf.Type, x []float32) float64 {
	t.Helper()
	blocks, err := quantize.Encode(kind, x)
	if err != nil {
		t.Fatal(err)
	}
	y, err := quantize.Decode(kind, blocks)
	if err != nil {
		t.Fatal(err)
	}
	var wrong, all float64
	for i, v := range x {
		wrong += float64(v-y[i]) * float64(v-y[i])
		all += float64(v) * float64(v)
	}
	return wrong / all
}

func normal(n int) []float32 {
	random := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(random.NormFloat64()) / 50
	}
	return x
}

// Weights as models have them, and what each type makes of them at worst. Q4_K
// with scales that just span each run has 5.7e-3.
func TestError(t *testing.T) {
	x := normal(1 << 15)
	for kind, limit := range map[gguf.Type]float64{
		gguf.F32: 0, gguf.F16: 1e-7, gguf.BF16: 4e-6, gguf.Q8_0: 4e-5,
		gguf.Q4_0: 1e-2, gguf.Q4_1: 8e-3, gguf.Q5_0: 2.5e-3, gguf.Q5_1: 2e-3,
		gguf.Q4_K: 5e-3, gguf.Q5_K: 1.2e-3, gguf.Q6_K: 4e-4, gguf.IQ4_NL: 7e-3,
	} {
		e := nmse(t, kind, x)
		t.Logf("%s: %.2e", kind, e)
		if !(e <= limit) {
			t.Errorf("%s: NMSE %.2e, want %.2e at most", kind, e, limit)
		}
	}
}

// Runs of one value, of one sign, and of one large number survive.
func TestUnusual(t *testing.T) {
	for name, at := range map[string]func(i int) float32{
		"zero":     func(int) float32 { return 0 },
		"constant": func(int) float32 { return -0.25 },
		"positive": func(i int) float32 { return 1 + float32(i%32)/32 },
		"negative": func(i int) float32 { return -1 - float32(i%32)/32 },
		"outlier":  func(i int) float32 { return float32(i/77*(77-i%77)) - float32(i%3) },
		"tiny":     func(i int) float32 { return float32(i%7) * 1e-12 },
	} {
		x := make([]float32, 512)
		for i := range x {
			x[i] = at(i)
		}
		for _, kind := range []gguf.Type{gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q8_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K, gguf.IQ4_NL} {
			if name == "zero" || name == "tiny" { // which have no scale of 16 bits
				blocks, err := quantize.Encode(kind, x)
				if err != nil {
					t.Fatal(err)
				}
				y, _ := quantize.Decode(kind, blocks)
				for i, v := range y {
					if !(math.Abs(float64(v-x[i])) <= 1e-6) {
						t.Fatalf("%s of %s: element %d is %g, was %g", kind, name, i, v, x[i])
					}
				}
				continue
			}
			if e := nmse(t, kind, x); !(e <= 1.5e-2) {
				t.Errorf("%s of %s: NMSE %.2e", kind, name, e)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for want, f := range map[string]func() error{
		"value 33 is NaN, which type Q8_0 cannot hold": func() error {
			x := make([]float32, 64)
			x[33] = float32(math.NaN())
			_, err := quantize.Encode(gguf.Q8_0, x)
			return err
		},
		"value 0 is 70000, which type F16 cannot hold": func() error {
			_, err := quantize.Encode(gguf.F16, []float32{70000})
			return err
		},
		"33 weights do not divide into Q8_0 blocks of 32": func() error {
			_, err := quantize.Reader(nil, gguf.F32, gguf.Q8_0, 33)
			return err
		},
		"weights of type I32 cannot be read": func() error {
			_, err := quantize.Reader(nil, gguf.I32, gguf.F32, 32)
			return err
		},
		"weights of type Q2_K cannot be written; f32, f16, q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k, iq4_nl, bf16 can": func() error {
			_, err := quantize.Reader(nil, gguf.F32, gguf.Q2_K, 256)
			return err
		},
	} {
		if err := f(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// A reader gives the same bytes wherever a read begins and ends.
func TestReader(t *testing.T) {
	x := normal(3<<14 + 256)
	raw, err := quantize.Encode(gguf.F32, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []gguf.Type{gguf.BF16, gguf.Q8_0, gguf.Q4_K} {
		want, err := quantize.Encode(kind, x)
		if err != nil {
			t.Fatal(err)
		}
		r, err := quantize.Reader(bytes.NewReader(raw), gguf.F32, kind, int64(len(x)))
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(5, 6))
		for range 50 {
			off := random.IntN(len(want))
			b := make([]byte, random.IntN(len(want)-off)+1)
			if _, err := r.ReadAt(b, int64(off)); err != nil || !bytes.Equal(b, want[off:off+len(b)]) {
				t.Fatalf("%s: %d bytes from %d differ (%v)", kind, len(b), off, err)
			}
		}
		if n, err := r.ReadAt(make([]byte, 8), int64(len(want)-3)); n != 3 || err == nil {
			t.Errorf("%s: at the end %d bytes, %v", kind, n, err)
		}
		broken, err := quantize.Reader(errorAt{}, gguf.F32, kind, int64(len(x)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := broken.ReadAt(make([]byte, 8), 0); err != iotest.ErrTimeout {
			t.Errorf("%s: error %v is lost", kind, err)
		}
	}
}

type errorAt struct{}

func (errorAt) ReadAt([]byte, int64) (int, error) { return 0, iotest.ErrTimeout }
