package devicefile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

func open(t *testing.T, text string) (Device, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "device.json")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return Open(path)
}

func TestOpen(t *testing.T) {
	want := Device{Caps: gpu.Caps{Name: "A", Kind: gpu.KindDiscrete, Limits: gpu.DefaultLimits()}, Memory: 5}
	want.Limits.MaxStorageBuffers = 10
	want.Features.F16 = true
	const text = `{"name": "A", "kind": "discrete", "memory": 5, "features": {"f16": true}, "limits": {"max_storage_buffers": 10}, "tiers": {}}`
	for _, text := range []string{text, " [" + text + `, {"name": "B"}]`} {
		if got, err := open(t, text); got != want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "unexpected end",
		"[]":               "it lists no device",
		"[1]":              "cannot unmarshal number",
		`{"name": 1}`:      "cannot unmarshal number",
		`{"memory": -1}`:   "memory is -1",
		`{"name": "A"} {}`: "invalid character",
		`{"limits": {"storage_offset_align": 0}}`: "limits.storage_offset_align is 0",
		`{"limits": {"max_buffer_size": -4}}`:     "limits.max_buffer_size is -4",
	} {
		if _, err := open(t, text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "device.json: ") {
			t.Errorf("%s: error %v, want %q in it", text, err, want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("error %v for no file", err)
	}
}
