package main

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
)

// TestInterrupt checks the exit code when a chat that waits for a line is
// interrupted.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot interrupt itself on Windows")
	}
	if _, err := native.Adapters(); errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "" {
		t.Skip("no WebGPU adapter")
	}
	in, _ := io.Pipe()
	defer in.Close()
	code := make(chan int)
	go func() { code <- run([]string{"chat"}, in, io.Discard, io.Discard) }()
	time.Sleep(time.Second)
	interrupt(t)
	select {
	case got := <-code:
		if got != exitInterrupted {
			t.Errorf("exit code %d, want %d", got, exitInterrupted)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("not interrupted")
	}
}

// interrupt signals this process, as Ctrl-C would.
func interrupt(t *testing.T) {
	t.Helper()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// writer calls itself.
type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

// TestInterruptedRun checks that the statistics follow what was written before
// an interrupt.
func TestInterruptedRun(t *testing.T) {
	if _, err := native.Adapters(); errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "" {
		t.Skip("no WebGPU adapter")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var notes strings.Builder
	err := runRun(ctx, []string{"-p", "Once upon a time"}, streams{nil, writer(func([]byte) { cancel() }), &notes})
	if code := exitCode(ctx, err, "run", &notes); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if !strings.Contains(notes.String(), "peak GPU memory") {
		t.Errorf("no statistics in %q", notes.String())
	}
}
