package measure_test

import (
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/templates"
	"github.com/wgslgen/wgslgen/tuner/measure"
)

func TestTime(t *testing.T) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	k := lib.Kernel("gemm")
	variants, err := measure.Variants(t.Context(), lib, k, "W=q4_0,epilogue=store|gated,interleave=1,tier=none,R=4,T=4,K=4,uniform_x=0")
	if err != nil {
		t.Fatal(err)
	}
	if len(variants) != 2 || variants[0].Key[1] == variants[1].Key[1] {
		t.Fatalf("%d variants, not one of each epilogue", len(variants))
	}
	small, err := measure.Size(measure.Table(k), "tokens=8,rows=64,cols=64")
	if err != nil {
		t.Fatal(err)
	}
	large, err := measure.Size(measure.Table(k), "tokens=64,rows=512,cols=512")
	if err != nil {
		t.Fatal(err)
	}
	dev, err := native.Open(native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	b, err := measure.NewBench(t.Context(), dev, variants, [][]uint32{small, large})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, v := range variants {
		if why := b.Refuses(v, large); why != "" {
			t.Fatalf("%s: %s", v.Name, why)
		}
		short, err := b.Time(t.Context(), v, small)
		if err != nil {
			t.Fatal(err)
		}
		long, err := b.Time(t.Context(), v, large)
		if err != nil {
			t.Fatal(err)
		}
		if short <= 0 || long < 8*short { // it is 512 times the work
			t.Errorf("%s: %v for 32 thousand products, %v for 17 million", v.Name, short, long)
		}
	}
}

func TestMistakes(t *testing.T) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	k := lib.Kernel("gemm")
	for choice, want := range map[string]string{
		"Q=4":            `"Q=4" is no axis=value|value of kernel gemm`,
		"tier":           `"tier" is no axis`,
		"tier=none,R=16": "no point at tier=none,R=16",
	} {
		if _, err := measure.Variants(t.Context(), lib, k, choice); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", choice, err)
		}
	}
	for size, want := range map[string]string{
		"tokens":          `"tokens" is no parameter=value of kernel gemm`,
		"width=3":         `"width=3" is no parameter`,
		"rows=5000000000": `"rows=5000000000" is no parameter`,
	} {
		if _, err := measure.Size(measure.Table(k), size); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", size, err)
		}
	}
	words, err := measure.Size(measure.Table(k), "rows=3,cols=5,y_stride=7")
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range measure.Table(k).Params {
		if want := map[string]uint32{"rows": 3, "cols": 5, "x_stride": 5, "y_stride": 7}[p.Name]; words[i] != want {
			t.Errorf("%s is %d, not %d", p.Name, words[i], want)
		}
	}
}
