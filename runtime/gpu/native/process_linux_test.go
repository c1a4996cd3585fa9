//go:build cgo && (amd64 || arm64)

package native

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// processMemory returns a size of this process in bytes, by its column in statm.
func processMemory(t *testing.T, column int) int64 {
	t.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(data))[column], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

const (
	virtual  = 0
	resident = 1
)

// leaks checks that the process stops growing as rounds are repeated, but for so
// many bytes each. A series of them may grow it for other reasons, as C's
// allocator starts an arena for a thread, but a leak grows it in all.
func leaks(t *testing.T, rounds int, each int64, round func(i int)) {
	t.Helper()
	tolerance := int64(rounds) * each
	least := int64(math.MaxInt64)
	for series := 0; series < 6 && least > tolerance; series++ {
		debug.FreeOSMemory()
		before := processMemory(t, resident)
		for i := range rounds {
			round(i)
		}
		debug.FreeOSMemory()
		least = min(least, processMemory(t, resident)-before)
	}
	if least > tolerance {
		t.Errorf("%d rounds cost at least %d bytes, again and again", rounds, least)
	}
}

// TestObjectsLeakNothing leaves out pipelines that compile: Mesa's software
// driver keeps 60 KB of each until the process ends.
func TestObjectsLeakNothing(t *testing.T) {
	d := open(t)
	p, err := d.NewPipeline(incrementDesc())
	if err != nil {
		t.Fatal(err)
	}
	leaks(t, 1000, 4<<10, func(i int) {
		b, err := d.NewBuffer("b", 64<<10+int64(i)*256, gpu.Storage)
		if err != nil {
			t.Fatal(err)
		}
		g, err := d.NewBindGroup(p, "g", []gpu.BufferRange{{Buffer: b}})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Submit(gpu.CommandList{{Pipeline: p, BindGroup: g, Grid: [3]uint32{1, 1, 1}}}); err != nil {
			t.Fatal(err)
		}
		r, err := d.StartRead(b, 0, 4096)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err = d.NewPipeline(gpu.PipelineDesc{Label: "wrong", Entry: "main", WGSL: "fn main( {"}); err == nil {
			t.Fatal("a wrong shader compiled")
		}
		g.Release()
		b.Release()
	})
	if n := len(d.live); n != 1 {
		t.Errorf("%d objects are left, want the pipeline", n)
	}
}

func TestTexelsLeakNothing(t *testing.T) {
	d := open(t)
	p, err := d.NewPipeline(gpu.PipelineDesc{Label: "texel", Entry: "main", Bindings: []gpu.Access{gpu.ReadTexels16, gpu.ReadWrite}, WGSL: `
@group(0) @binding(0) var a: texture_storage_2d<rgba32uint, read>;
@group(0) @binding(1) var<storage, read_write> b: array<u32>;
@compute @workgroup_size(1) fn main() { b[0] = textureLoad(a, vec2<u32>(1u, 0u)).w; }`})
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.NewBuffer("out", 4, gpu.Storage)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 64)
	leaks(t, 300, 4<<10, func(int) {
		b, err := d.NewBuffer("b", 1<<20, gpu.Texels16)
		if err != nil {
			t.Fatal(err)
		}
		g, err := d.NewBindGroup(p, "g", []gpu.BufferRange{{Buffer: b}, {Buffer: out}})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(d.Write(b, 0, data), d.Submit(gpu.CommandList{{Pipeline: p, BindGroup: g, Grid: [3]uint32{1, 1, 1}}})); err != nil {
			t.Fatal(err)
		}
		g.Release()
		b.Release()
		if err := d.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestDevicesLeakNothing: one that is not closed costs 6 MB, though NVIDIA's
// driver keeps 1 MB of each that is.
func TestDevicesLeakNothing(t *testing.T) {
	needAdapter(t)
	leaks(t, 10, 2<<20, func(int) {
		d, err := Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		works(t, d)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestThreadAfterPanic: on a thread on which it once panicked, wgpu would free
// nothing any more.
func TestThreadAfterPanic(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	lose(t, open(t))
	d, list := bench(t, 300)
	leaks(t, 500, 4<<10, func(int) {
		if err := d.Submit(list); err != nil {
			t.Fatal(err)
		}
		if err := d.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestOutOfMemory runs in a process of its own, which may not grow.
func TestOutOfMemory(t *testing.T) {
	const child = "WGSLGEN_TEST_OUT_OF_MEMORY"
	if os.Getenv(child) == "" {
		needAdapter(t)
		if d := open(t); d.caps.Kind != gpu.KindSoftware {
			t.Skip("the limit is on the memory of the process, which only a software adapter shares")
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestOutOfMemory$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	d := open(t)
	works(t, d)
	limit := uint64(processMemory(t, virtual) + 2<<30)
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
	pooled, err := d.NewBuffer("pooled", keepMemory-1<<20, gpu.Storage)
	if err != nil {
		t.Fatal(err)
	}
	pooled.Release()
	for _, usage := range []gpu.Usage{gpu.Storage, gpu.Texels16} {
		exhaust(t, d, usage)
	}
}

// exhaust makes buffers until there is no more memory.
func exhaust(t *testing.T, d *device, usage gpu.Usage) {
	var made []gpu.Buffer
	for {
		b, err := d.NewBuffer("one of many", 300<<20, usage)
		if errors.Is(err, gpu.ErrOutOfMemory) {
			t.Log(err)
			break
		}
		if err != nil || len(made) > 20 {
			t.Fatalf("buffer %d of usage %d: %v, want %v", len(made), usage, err, gpu.ErrOutOfMemory)
		}
		made = append(made, b)
	}
	if d.memory.Held() != 0 {
		t.Errorf("an allocation failed while the pool holds %d bytes", d.memory.Held())
	}
	for _, b := range made {
		b.Release()
	}
	works(t, d)
	if b, err := d.NewBuffer("again", 300<<20, usage); err != nil {
		t.Errorf("with memory free again: %v", err)
	} else {
		b.Release()
	}
}
