// Package dawn has the shipped shaders validated by Dawn, Chromium's WebGPU implementation.
package dawn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// shader is what validate.mjs reads.
type shader struct {
	Name     string   `json:"name"`
	Enable   string   `json:"enable"`
	WGSL     string   `json:"wgsl"`
	Entry    string   `json:"entry"`
	Features []string `json:"features"` // to ask the device for
	Bindings []string `json:"bindings"` // their types in a bind group's layout: of a buffer, or the format of a texture
	Measure  bool     `json:"measure"`
}

// verdict is what it says of each.
type verdict struct {
	Name    string `json:"name"`
	Refused string `json:"refused"`
	Shared  int    `json:"shared"`  // bytes, counted as Dawn does
	Storage int    `json:"storage"` // buffers that the shader uses
}

// TestShipped has Dawn make a pipeline of every shipped variant, and compares
// what it counts of limits with what the table claims.
func TestShipped(t *testing.T) {
	variants := map[string]*kernel.Variant{}
	var shaders []shader
	for _, table := range generated.Tables {
		for _, v := range table.Variants {
			variants[v.Name] = v
			shaders = append(shaders, shaderOf(v, len(table.Params) > 0))
		}
	}
	limits := gpu.DefaultLimits()
	for _, got := range validate(t, shaders) {
		v := variants[got.Name]
		if got.Shared != v.SharedBytes {
			t.Errorf("%s takes %d bytes of shared memory, its table claims %d", v.Name, got.Shared, v.SharedBytes)
		}
		if got.Storage != v.StorageBuffers() {
			t.Errorf("%s takes %d storage buffers, its table claims %d", v.Name, got.Storage, v.StorageBuffers())
		}
		if size := fmt.Sprintf("@workgroup_size(%d)", v.Workgroup); !strings.Contains(v.WGSL(), size) {
			t.Errorf("%s: no %s in its module", v.Name, size)
		}
		over := v.SharedBytes > int(limits.MaxWorkgroupStorage) || v.Workgroup > int(limits.MaxInvocations) || v.StorageBuffers() > int(limits.MaxStorageBuffers)
		if beyond := strings.Contains(got.Refused, "larger than the maximum allowed") || strings.Contains(got.Refused, "exceeds the maximum"); over != beyond || got.Refused != "" && !beyond {
			t.Errorf("%s: refused: %q; over the default limits by its table: %v", v.Name, got.Refused, over)
		}
	}
}

func shaderOf(v *kernel.Variant, params bool) shader {
	s := shader{Name: v.Name, Enable: gpu.Directives(v.Features), WGSL: v.WGSL(), Entry: v.Entry, Features: []string{}, Bindings: []string{}, Measure: true}
	for _, f := range v.Features {
		if f != gpu.FeatureDP4A { // of the language: there is nothing to ask for
			s.Features = append(s.Features, f)
		}
	}
	for _, b := range v.Bindings {
		switch {
		case b.Texels():
			s.Bindings = append(s.Bindings, map[int]string{4: "r32uint", 8: "rg32uint", 16: "rgba32uint"}[b.TexelBytes()])
		case b.Uniform > 0:
			s.Bindings = append(s.Bindings, "uniform")
		case b.Write:
			s.Bindings = append(s.Bindings, "storage")
		default:
			s.Bindings = append(s.Bindings, "read-only-storage")
		}
	}
	if params {
		s.Bindings = append(s.Bindings, "uniform")
	}
	return s
}

// TestRefuses proves that Dawn refuses what it should.
func TestRefuses(t *testing.T) {
	const body = "@compute @workgroup_size(8) fn f(@builtin(local_invocation_index) i: u32) { %s }"
	for _, tt := range []struct{ name, declarations, body, says string }{
		{"syntax", "", "let", "expected"},
		{"type", "", "let x: f32 = 1u;", "f32"},
		{"divergent barrier", "", "if (i < 4u) { workgroupBarrier(); }", "uniform control flow"},
		{"feature not enabled", "", "let x = 1h;", "f16"},
		{"store to what is read", "@group(0) @binding(0) var<storage, read> x: array<u32>;", "x[i] = 1u;", "read"},
		{"other binding", "@group(0) @binding(0) var<storage, read_write> x: array<u32>;", "x[i] = 1u;", "layout"},
		{"nothing", "", "let x = i;", ""},
		{"shared memory", "var<workgroup> x: array<u32, 4097>;", "x[i] = 1u;", "16400 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := validate(t, []shader{{
				Name: tt.name, WGSL: tt.declarations + fmt.Sprintf(body, tt.body), Entry: "f",
				Features: []string{}, Bindings: []string{"read-only-storage"},
			}})[0].Refused
			if (got == "") != (tt.says == "") || !strings.Contains(got, tt.says) {
				t.Errorf("refused: %q; want something with %q", got, tt.says)
			}
		})
	}
}

// validate asks Dawn.
func validate(t *testing.T, shaders []shader) []verdict {
	t.Helper()
	if _, err := os.Stat("node_modules/webgpu"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("Dawn is not installed, and CI is set: make dawn")
		}
		t.Skip("Dawn is not installed: make dawn")
	}
	var in bytes.Buffer
	lines := json.NewEncoder(&in)
	for _, s := range shaders {
		if err := lines.Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("node", "validate.mjs")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	var all []verdict
	for line := range bytes.Lines(out) {
		var v verdict
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, v)
	}
	if err != nil || len(all) != len(shaders) {
		t.Fatalf("%d verdicts for %d shaders: %v", len(all), len(shaders), err)
	}
	return all
}
