// Package gputest is the suite that every implementation of gpu.Device passes.
package gputest

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// Run runs the suite on devices from open, one at a time or two at once.
func Run(t *testing.T, open func() (gpu.Device, error)) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"Caps", testCaps},
		{"Compute", testCompute},
		{"Uniform", testUniform},
		{"Offsets", testOffsets},
		{"Dependent", testDependent},
		{"Lists", testLists},
		{"Indirect", testIndirect},
		{"EmptyGrid", testEmptyGrid},
		{"Writes", testWrites},
		{"WriteOrder", testWriteOrder},
		{"LargeWrite", testLargeWrite},
		{"Readbacks", testReadbacks},
		{"ReadbackSnapshot", testReadbackSnapshot},
		{"Zeroed", testZeroed},
		{"ReuseInFlight", testReuseInFlight},
		{"MemoryUse", testMemoryUse},
		{"Churn", testChurn},
		{"Texels", testTexels},
		{"TexelsLarge", testTexelsLarge},
		{"TexelsReleased", testTexelsReleased},
		{"TexelErrors", testTexelErrors},
		{"BufferErrors", testBufferErrors},
		{"CopyErrors", testCopyErrors},
		{"ShaderErrors", testShaderErrors},
		{"BindingErrors", testBindingErrors},
		{"SubmitErrors", testSubmitErrors},
		{"SubmitAllOrNothing", testSubmitAllOrNothing},
		{"Released", testReleased},
		{"Foreign", testForeign},
		{"Contexts", testContexts},
		{"WaitTwice", testWaitTwice},
		{"Time", testTime},
		{"Close", testClose},
		{"ClosePending", testClosePending},
		{"Goroutines", testGoroutines},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, newBench(t, open)) })
	}
}

// bench is a device with helpers that fail the test on any error.
type bench struct {
	*testing.T
	gpu.Device
	open func() (gpu.Device, error)
}

func newBench(t *testing.T, open func() (gpu.Device, error)) *bench {
	t.Helper()
	d, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return &bench{t, d, open}
}

func (b *bench) buffer(size int64, usage gpu.Usage) gpu.Buffer {
	b.Helper()
	buf, err := b.NewBuffer("buffer", size, usage)
	b.must(err)
	return buf
}

// words returns a storage buffer that holds v.
func (b *bench) words(v ...uint32) gpu.Buffer {
	b.Helper()
	buf := b.buffer(int64(4*len(v)), gpu.Storage)
	b.write(buf, 0, v...)
	return buf
}

func (b *bench) write(buf gpu.Buffer, off int64, v ...uint32) {
	b.Helper()
	b.must(b.Write(buf, off, encode(v)))
}

// read returns the whole buffer.
func (b *bench) read(buf gpu.Buffer) []uint32 {
	b.Helper()
	return b.result(b.startRead(buf, 0, buf.Size()))
}

func (b *bench) startRead(buf gpu.Buffer, off, n int64) gpu.Readback {
	b.Helper()
	r, err := b.StartRead(buf, off, n)
	b.must(err)
	return r
}

func (b *bench) result(r gpu.Readback) []uint32 {
	b.Helper()
	data, err := r.Wait(b.soon())
	b.must(err)
	return decode(data)
}

// pipeline compiles a shader whose bindings are arrays of u32, or of texels, named
// a, b, c... in binding order; body is its main function, run with x, the global index.
func (b *bench) pipeline(body string, bindings ...gpu.Access) gpu.Pipeline {
	b.Helper()
	p, err := b.NewPipeline(gpu.PipelineDesc{Label: "pipeline", WGSL: shader(body, bindings...), Entry: "main", Bindings: bindings})
	b.must(err)
	return p
}

func shader(body string, bindings ...gpu.Access) string {
	text := ""
	for i, access := range bindings {
		declared := map[gpu.Access]string{
			gpu.ReadOnly:      "var<storage, read> @: array<u32>;",
			gpu.ReadWrite:     "var<storage, read_write> @: array<u32>;",
			gpu.UniformAccess: "var<uniform> @: vec4<u32>;",
			gpu.ReadTexels4:   "var @: texture_storage_2d<r32uint, read>;",
			gpu.ReadTexels8:   "var @: texture_storage_2d<rg32uint, read>;",
			gpu.ReadTexels16:  "var @: texture_storage_2d<rgba32uint, read>;",
		}[access]
		text += "@group(0) @binding(" + string(rune('0'+i)) + ") "
		for _, r := range declared {
			if r == '@' {
				r = rune('a' + i)
			}
			text += string(r)
		}
		text += "\n"
	}
	return text + "@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3<u32>) {\n" +
		"let x = id.x;\n" + body + "\n}\n"
}

func (b *bench) group(p gpu.Pipeline, buffers ...gpu.Buffer) gpu.BindGroup {
	b.Helper()
	var ranges []gpu.BufferRange
	for _, buf := range buffers {
		ranges = append(ranges, gpu.BufferRange{Buffer: buf})
	}
	g, err := b.NewBindGroup(p, "group", ranges)
	b.must(err)
	return g
}

// dispatch returns a command that binds whole buffers and runs n workgroups.
func (b *bench) dispatch(p gpu.Pipeline, n uint32, buffers ...gpu.Buffer) gpu.Command {
	b.Helper()
	return gpu.Command{Pipeline: p, BindGroup: b.group(p, buffers...), Grid: [3]uint32{n, 1, 1}}
}

func (b *bench) submit(list ...gpu.Command) {
	b.Helper()
	b.must(b.Submit(list))
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// soon returns a context that ends a test that hangs.
func (b *bench) soon() context.Context {
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	b.Cleanup(cancel)
	return ctx
}

func encode(v []uint32) []byte {
	data := make([]byte, 0, 4*len(v))
	for _, w := range v {
		data = binary.LittleEndian.AppendUint32(data, w)
	}
	return data
}

func decode(data []byte) []uint32 {
	v := make([]uint32, len(data)/4)
	for i := range v {
		v[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return v
}

// sequence returns n different words that begin at first.
func sequence(first uint32, n int) []uint32 {
	v := make([]uint32, n)
	for i := range v {
		v[i] = first + uint32(i)
	}
	return v
}
