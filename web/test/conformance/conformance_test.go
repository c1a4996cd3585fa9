//go:build js && wasm

// Package conformance runs the operators' test vectors in a browser.
package conformance

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/internal/conformance"
	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gpu/web"
)

// TestVectors runs every vector on the browser's GPU, which may be software.
func TestVectors(t *testing.T) {
	vectors := os.DirFS(shared.Path(t, "opvec"))
	files, err := conformance.Files(vectors)
	if err != nil {
		t.Fatal(err)
	}
	device, err := web.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	var report conformance.Report
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			tally, err := conformance.Run(ctx, device, vectors, file)
			if err != nil {
				t.Fatal(err)
			}
			report = append(report, tally)
			if err := tally.Err(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Logf("\n%v", report)
}
