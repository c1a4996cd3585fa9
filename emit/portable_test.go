package emit_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// A shipped variant as data, through JSON, is the generated one: equal fields,
// and equal grids and sizes for random parameter blocks.
func TestPortableIsTheGenerated(t *testing.T) {
	lib := library(t)
	random := rand.New(rand.NewPCG(1, 1))
	for _, k := range lib.Kernels() {
		shipped, err := pass.ShippedPoints(lib, k)
		if err != nil {
			t.Fatal(err)
		}
		random.Shuffle(len(shipped), func(i, j int) { shipped[i], shipped[j] = shipped[j], shipped[i] })
		for _, s := range shipped[:min(len(shipped), 4)] {
			p, err := emit.Portable(lib, k, s.Point)
			if err != nil {
				t.Fatal(err)
			}
			comparePortable(t, p, pass.VariantName(k, s), random)
		}
	}
}

func comparePortable(t *testing.T, p *kernel.Portable, name string, random *rand.Rand) {
	t.Helper()
	table := generated.Tables[slices.IndexFunc(generated.Tables, func(t *kernel.Table) bool { return t.Kernel == p.Kernel })]
	want := table.Variants[slices.IndexFunc(table.Variants, func(v *kernel.Variant) bool { return v.Name == name })]
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back kernel.Portable
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	got, err := back.Variant(table)
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		Entry             string
		Key               []string
		Tune              []kernel.Setting
		Workgroup, Shared int
		Features          []string
		Needs             []kernel.Need
		Foldable          bool
	}
	of := func(v *kernel.Variant) facts {
		return facts{v.Entry, v.Key, v.Tune, v.Workgroup, v.SharedBytes, v.Features, v.Needs, v.Foldable}
	}
	if diff := cmp.Diff(of(want), of(got), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-generated +portable):\n%s", name, diff)
	}
	for range 20 {
		words := make([]uint32, len(table.Params))
		for i := range words {
			words[i] = random.Uint32N(5000)
		}
		if a, b := want.Grid(words), got.Grid(words); a != b {
			t.Errorf("%s: grid %v, portable %v, for %v", name, a, b, words)
		}
		for i := range want.Bindings {
			a, b := &want.Bindings[i], &got.Bindings[i]
			if a.Name != b.Name || a.Write != b.Write || a.Elem != b.Elem || a.Uniform != b.Uniform || !cmp.Equal(a.Plane, b.Plane) || a.Bytes(words) != b.Bytes(words) {
				t.Errorf("%s: binding %s is not what was generated", name, a.Name)
			}
		}
	}
}
