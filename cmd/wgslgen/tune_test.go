//go:build !bootstrap

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
)

// listener is called back when a text was written.
type listener struct {
	text  string
	heard func()
	all   bytes.Buffer
}

func (l *listener) Write(p []byte) (int, error) {
	before := strings.Contains(l.all.String(), l.text)
	l.all.Write(p)
	if !before && strings.Contains(l.all.String(), l.text) {
		l.heard()
	}
	return len(p), nil
}

// An interrupt while the model is loaded, whenever it comes, ends the command as
// interrupted, without complaint, and leaves the profile that was there.
func TestInterruptTuneWhileLoading(t *testing.T) {
	if _, err := native.Adapters(); errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "" {
		t.Skip("no WebGPU adapter")
	}
	for _, after := range []time.Duration{0, 30 * time.Millisecond, 300 * time.Millisecond} {
		path := filepath.Join(t.TempDir(), "profile.json")
		const old = "what another tuning left"
		if err := os.WriteFile(path, []byte(old), 0o666); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		notes := &listener{text: "loading the model", heard: func() {
			if after == 0 {
				cancel()
			}
			time.AfterFunc(after, cancel)
		}}
		status := run(ctx, []string{"tune", "-o", path}, streams{strings.NewReader(""), io.Discard, notes})
		if status != statusInterrupted || strings.Count(notes.all.String(), "\n") != 1 {
			t.Errorf("after %v: status %d, %q", after, status, notes.all.String())
		}
		if left, err := os.ReadFile(path); err != nil || string(left) != old {
			t.Errorf("after %v: the profile holds %q, %v", after, left, err)
		}
	}
}
