package roofline

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
)

// TestMeasure runs each way of reading over a little data, several times in one
// submission.
func TestMeasure(t *testing.T) {
	dev, err := native.Open(native.Options{})
	switch {
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skip("no WebGPU adapter")
	case err != nil:
		t.Fatal(err)
	}
	defer dev.Close()
	for _, usage := range []gpu.Usage{gpu.Storage, gpu.Texels16} {
		data, err := dev.NewBuffer("data", 4<<20, usage)
		if err != nil {
			t.Fatal(err)
		}
		defer data.Release()
		for _, r := range readers {
			rate, err := r.measure(context.Background(), dev, data, usage, load{4 << 20, 8, 1})
			if err != nil || rate < 1e7 || rate > 1e14 {
				t.Errorf("%+v of usage %d: %g bytes a second, %v", r, usage, rate, err)
			}
		}
	}
}

// TestOperations multiplies a little.
func TestOperations(t *testing.T) {
	dev, err := native.Open(native.Options{})
	switch {
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skip("no WebGPU adapter")
	case err != nil:
		t.Fatal(err)
	}
	defer dev.Close()
	rate, err := multiply(context.Background(), dev, load{0, 1, 1}, 64, 16)
	if err != nil || rate < 1e6 || rate > 1e15 {
		t.Errorf("%g multiply-adds a second, %v", rate, err)
	}
}
