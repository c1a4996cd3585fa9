package conformance_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/wgslgen/wgslgen/internal/conformance"
	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
)

// TestVectors runs every vector on the machine's GPU, which may be software.
func TestVectors(t *testing.T) {
	vectors := os.DirFS(shared.Path(t, "opvec"))
	files, err := conformance.Files(vectors)
	if err != nil {
		t.Fatal(err)
	}
	devices := openDevices(t)
	var report conformance.Report
	var mutex sync.Mutex
	t.Run("operator", func(t *testing.T) {
		for _, file := range files {
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				device := <-devices
				defer func() { devices <- device }()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				tally, err := conformance.Run(ctx, device, vectors, file)
				if err != nil {
					t.Fatal(err)
				}
				mutex.Lock()
				report = append(report, tally)
				mutex.Unlock()
				if err := tally.Err(); err != nil {
					t.Error(err)
				}
			})
		}
	})
	t.Logf("\n%v", report)
}

// TestWrongVector changes what one vector expects: its case, and no other, must
// fail.
func TestWrongVector(t *testing.T) {
	const file = "RMS_NORM.vec"
	data, err := os.ReadFile(shared.Path(t, "opvec", file))
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 0x40 // the exponent of the last record's last value
	tally, err := conformance.Run(t.Context(), <-openDevices(t), fstest.MapFS{file: {Data: data}}, file)
	if err != nil {
		t.Fatal(err)
	}
	if len(tally.Failures) != 1 || tally.Passed == 0 || tally.Err() == nil {
		t.Errorf("%d passed, %q failed; want one failure", tally.Passed, tally.Failures)
	}
}

// openDevices opens two devices, so that pipelines compile on two cores.
// Without a GPU it skips the test, or fails it where the environment variable
// CI is set.
func openDevices(t *testing.T) chan gpu.Device {
	t.Helper()
	devices := make(chan gpu.Device, 2)
	for range cap(devices) {
		d, err := native.Open(native.Options{})
		switch {
		case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
			t.Skipf("no GPU to test on: %v", err)
		case err != nil:
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		devices <- d
	}
	return devices
}
