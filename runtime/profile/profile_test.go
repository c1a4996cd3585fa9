package profile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

func caps(name string) gpu.Caps {
	return gpu.Caps{Name: name, Vendor: "v", Driver: "1.2", Backend: "vulkan", Kind: gpu.KindDiscrete, Limits: gpu.DefaultLimits()}
}

func TestReadRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.json")
	good := &Profile{Schema: Schema, Device: caps("GPU 1"), Kernels: "k1", Choices: []Choice{{Kernel: "gemv", Key: []string{"q4_0"}, Variant: "a"}}}
	if err := good.Write(path); err != nil {
		t.Fatal(err)
	}
	p, err := Read(path, caps("GPU 1"), "k1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(good, p); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	newer := caps("GPU 1")
	newer.Driver = "1.3"
	weaker := caps("GPU 1")
	weaker.Limits.MaxInvocations = 128
	for _, c := range []struct {
		caps          gpu.Caps
		kernels, want string
	}{
		{caps("GPU 2"), "k1", "it is for GPU 1 (vulkan), not for GPU 2 (vulkan)"},
		{caps("GPU 1"), "k2", "the kernels have changed"},
		{newer, "k1", `it is for driver "1.2", not for "1.3"`},
		{weaker, "k1", "limits or features have changed"},
	} {
		_, err := Read(path, c.caps, c.kernels)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s, %s: %v; want one line with %q", c.caps.Name, c.kernels, err, c.want)
		}
	}
	for _, text := range []string{"", "{", `{"schema": 1, "choices": [{}]}`, `{"variants": [null]}`} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, caps("GPU 1"), "k1"); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Read(path+"x", caps("GPU 1"), "k1"); err != ErrNone {
		t.Errorf("no file: %v", err)
	}
}

func TestNearest(t *testing.T) {
	named := func(name, vendor string, shared uint32) *Profile {
		c := caps(name)
		c.Vendor, c.Limits.MaxWorkgroupStorage = vendor, shared
		return &Profile{Schema: Schema, Device: c, Kernels: "k"}
	}
	all := []*Profile{named("A", "v", 16384), named("B", "v", 65536), named("C", "w", 32768)}
	old := named("D", "v", 32768)
	old.Kernels = "older"
	all = append(all, old)
	for _, c := range []struct {
		name   string
		shared uint32
		want   string
	}{{"B", 16384, "A"}, {"A", 65536, "B"}, {"B", 65536, "B"}, {"X", 32769, "B"}} {
		like := caps(c.name)
		like.Limits.MaxWorkgroupStorage = c.shared
		if got := Nearest(all, like, "k"); got == nil || got.Device.Name != c.want {
			t.Errorf("%s with %d bytes: %v, want %s", c.name, c.shared, got, c.want)
		}
	}
	software := caps("A")
	software.Kind = gpu.KindSoftware
	if p := Nearest(all, software, "k"); p != nil {
		t.Errorf("a software device got the profile of %s", p.Device.Name)
	}
}

// A choice serves operations of its key and of sizes near its own, and a
// variant that a profile brings is one of the table's.
func TestChooser(t *testing.T) {
	table := &kernel.Table{Kernel: "gemv", Axes: []string{"W"}, Params: []kernel.Param{{Name: "rows", Type: "u32"}, {Name: "cols", Type: "u32"}},
		Variants: []*kernel.Variant{{Name: "shipped", Key: []string{"q4_0"}}}}
	sizes := func(rows, cols uint32) map[string]uint32 { return map[string]uint32{"rows": rows, "cols": cols} }
	p := &Profile{
		Choices: []Choice{
			{Kernel: "gemv", Key: []string{"q4_0"}, Sizes: sizes(1024, 1024), Variant: "shipped"},
			{Kernel: "gemv", Key: []string{"q4_0"}, Sizes: sizes(32768, 1024), Variant: "brought"},
			{Kernel: "gemv", Key: []string{"q8_0"}, Sizes: sizes(64, 64), Variant: "lost"},
		},
		Variants: []*kernel.Portable{{
			Kernel: "gemv", Name: "brought", Entry: "gemv", Key: []string{"q4_0"}, WGSL: "…", Workgroup: 64,
			Grid: [3]kernel.Expr{{Function: "ceildiv", Args: []kernel.Expr{{Name: "rows"}, {Number: 64}}}, {Number: 1}, {Number: 1}},
		}},
	}
	c := NewChooser(p)
	for _, test := range []struct {
		key        string
		rows, cols uint32
		want       string
	}{
		{"q4_0", 1024, 1024, "shipped"}, {"q4_0", 2048, 512, "shipped"}, {"q4_0", 32000, 2048, "brought"},
		{"q4_0", 64, 64, ""}, {"q8_0", 64, 64, ""}, {"q6_k", 1024, 1024, ""},
	} {
		v, _ := c.Variant(table, []string{test.key}, []uint32{test.rows, test.cols})
		got := ""
		if v != nil {
			got = v.Name
		}
		if got != test.want {
			t.Errorf("%s %d×%d: %q, want %q", test.key, test.rows, test.cols, got, test.want)
		}
	}
	brought, apart := c.Variant(table, []string{"q4_0"}, []uint32{32768, 2048})
	if apart != 1 {
		t.Errorf("twice as many columns are %g apart, want 1", apart)
	}
	if grid := brought.Grid([]uint32{100, 1}); grid != [3]uint64{2, 1, 1} {
		t.Errorf("grid %v", grid)
	}
}

// What was found for some tokens serves up to sixteen times as many, and never
// a single one.
func TestTokensCountHalf(t *testing.T) {
	table := &kernel.Table{Kernel: "gemm", Axes: []string{"W"}, Params: []kernel.Param{{Name: "tokens", Type: "u32"}, {Name: "rows", Type: "u32"}},
		Variants: []*kernel.Variant{{Name: "shipped", Key: []string{"q4_0"}}}}
	c := NewChooser(&Profile{Choices: []Choice{{Kernel: "gemm", Key: []string{"q4_0"}, Sizes: map[string]uint32{"tokens": 64, "rows": 512}, Variant: "shipped"}}})
	for tokens, want := range map[uint32]bool{1: false, 8: true, 64: true, 512: true, 4096: false} {
		if v, _ := c.Variant(table, []string{"q4_0"}, []uint32{tokens, 512}); (v != nil) != want {
			t.Errorf("%d tokens: %v", tokens, v)
		}
	}
}
