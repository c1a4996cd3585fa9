package engine

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
)

// device is the machine's GPU, for all tests of the package: a software device
// takes longer to compile the shaders of a small model than to run it.
var device = sync.OnceValues(func() (*compiled, error) {
	dev, err := native.Open(native.Options{})
	if err != nil {
		return nil, err
	}
	return &compiled{dev, map[shader]gpu.Pipeline{}}, nil
})

// openDevice returns the machine's GPU; without one the test is skipped, or
// fails where CI is set.
func openDevice(t testing.TB) gpu.Device {
	t.Helper()
	dev, err := device()
	switch {
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skip("no WebGPU adapter")
	case err != nil:
		t.Fatal(err)
	}
	return dev
}

// TestMain closes the device, once nothing lies on it any more.
func TestMain(m *testing.M) {
	status := m.Run()
	if dev, err := device(); err == nil {
		if now, _ := dev.MemoryUse(); now != 0 {
			fmt.Printf("FAIL: %d bytes are left on the device by the tests\n", now)
			status = 1
		}
		if err := dev.Close(); err != nil {
			fmt.Println("FAIL:", err)
			status = 1
		}
	}
	os.Exit(status)
}

// compiled is a device that compiles a shader once.
type compiled struct {
	gpu.Device
	pipelines map[shader]gpu.Pipeline
}

// shader is what a pipeline is made of, beside its name: bindings and features
// follow from the text.
type shader struct {
	wgsl, entry string
	trusted     bool
}

// lasting is a pipeline that outlives its owner.
type lasting struct{ gpu.Pipeline }

func (lasting) Release() {}

func (d *compiled) NewPipeline(desc gpu.PipelineDesc) (gpu.Pipeline, error) {
	key := shader{desc.WGSL, desc.Entry, desc.Trusted}
	if p := d.pipelines[key]; p != nil {
		return lasting{p}, nil
	}
	p, err := d.Device.NewPipeline(desc)
	if err != nil {
		return nil, err
	}
	d.pipelines[key] = p
	return lasting{p}, nil
}

func (d *compiled) NewBindGroup(p gpu.Pipeline, label string, bindings []gpu.BufferRange) (gpu.BindGroup, error) {
	return d.Device.NewBindGroup(p.(lasting).Pipeline, label, bindings)
}

func (d *compiled) Submit(lists ...gpu.CommandList) error {
	var all gpu.CommandList
	for _, c := range slices.Concat(lists...) {
		if p, ok := c.Pipeline.(lasting); ok {
			c.Pipeline = p.Pipeline
		}
		all = append(all, c)
	}
	return d.Device.Submit(all)
}
