// Package gpu is the small interface through which the engine drives a WebGPU device; implementations lie below it, one folder each.
//
// Nothing outside an implementation knows about a binding library. Every
// method returns validation errors and device loss as Go errors: a wrong
// shader, a buffer too large, or a device that vanished never panics, aborts
// or hangs. A Device is safe for use by one goroutine at a time.
package gpu

import (
	"context"
	"errors"
	"time"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrLost says that the device is gone; every later call returns it too.
	ErrLost = errors.New("gpu device lost")
	// ErrNoAdapter says that the machine offers no WebGPU adapter.
	ErrNoAdapter = errors.New("no WebGPU adapter")
	// ErrOutOfMemory says that the device could not allocate.
	ErrOutOfMemory = errors.New("gpu out of memory")
	// ErrClosed says that the device was closed by its owner.
	ErrClosed = errors.New("gpu device closed")
)

// Device is an open WebGPU device and its queue.
type Device interface {
	// Caps returns what the device is and can do; it never changes.
	Caps() Caps
	// NewBuffer allocates size bytes, rounded up to a multiple of 4, or of texels
	// to whole rows. Storage buffers and texels start zeroed. The label appears in
	// errors.
	NewBuffer(label string, size int64, usage Usage) (Buffer, error)
	// NewPipeline compiles a compute shader. A compile or validation error
	// names the label and carries the compiler's message.
	NewPipeline(desc PipelineDesc) (Pipeline, error)
	// NewBindGroup binds buffers to a pipeline's bindings, in binding order. The
	// group serves that pipeline only. A buffer is bound either ReadWrite or
	// otherwise, as a whole, and its ReadWrite ranges do not overlap.
	NewBindGroup(p Pipeline, label string, bindings []BufferRange) (BindGroup, error)
	// Write copies data into b at off (multiples of 4, or of a texel), in queue
	// order.
	Write(b Buffer, off int64, data []byte) error
	// Submit plays lists in order as one submission. It does not wait. After an
	// error nothing of it ran.
	Submit(lists ...CommandList) error
	// StartRead copies n bytes of b at off (multiples of 4) in queue order,
	// and returns at once; the bytes arrive through Readback.Wait.
	StartRead(b Buffer, off, n int64) (Readback, error)
	// Wait blocks until all submitted work is done, the device is lost, or
	// ctx ends.
	Wait(ctx context.Context) error
	// MemoryUse returns the bytes now allocated in buffers, and the peak.
	MemoryUse() (now, peak int64)
	// Err returns the first asynchronous error not yet returned by another
	// call (validation, out of memory), or nil; of a device that is lost or
	// closed, ErrLost or ErrClosed.
	Err() error
	// Close waits for submitted work and releases everything that the device
	// made. It may be called twice. If the work does not end it returns ErrLost.
	Close() error
}

// Timer is a Device that measures its work by its own clock. Devices with the
// feature Timestamps may be one.
type Timer interface {
	Device
	// Time plays lists in order as one submission, at most MaxTimed, waits, and
	// returns how long the device worked on each.
	Time(ctx context.Context, lists ...CommandList) ([]time.Duration, error)
}

// Compiler is a Device that compiles several pipelines at a time: goroutines may
// call NewPipeline all at once.
type Compiler interface {
	Device
	// Compilers returns how many pipelines it is worth while to compile at a time.
	Compilers() int
}

// MaxTimed is how many lists can be timed at once.
const MaxTimed = 4095

// Buffer is a range of device memory.
type Buffer interface {
	Size() int64
	Label() string
	// Release gives the memory back to the device's pool once work already
	// submitted no longer needs it; that of texels is freed, once bind groups that
	// name them are released too. Releasing twice is harmless; using a
	// released buffer is an error.
	Release()
}

// Pipeline is a compiled compute shader with its binding layout.
type Pipeline interface {
	Label() string
	Release()
}

// BindGroup is a set of buffer ranges bound to one pipeline's layout.
type BindGroup interface{ Release() }

// Readback is a pending copy from the device.
type Readback interface {
	// Wait blocks until the bytes are there, the device is lost, or ctx ends.
	// It is called once: if ctx ends, the bytes are given up.
	Wait(ctx context.Context) ([]byte, error)
}

// Usage says what a buffer is for. One of texels is that alone: it is written by
// the host and bound as a whole. Every other can be copied from and to.
type Usage uint8

const (
	Storage  Usage = 1 << iota // bound as var<storage>
	Uniform                    // bound as var<uniform>
	Indirect                   // holds the workgroup counts of an indirect dispatch
	Texels4                    // bound as a texture with texels of 4 bytes
	Texels8                    // the same, of 8 bytes
	Texels16                   // the same, of 16 bytes
)

// The shape of buffers of texels: texel i of x is
// textureLoad(x, vec2u(i % TexelRow, i / TexelRow)), its words in order.
const (
	TexelRow     = 4096
	MaxTexelRows = 8192 // what every WebGPU device allows
)

// TexelSize returns the bytes of a texel, or 0 for a usage that is not of texels.
func (u Usage) TexelSize() int64 {
	switch u {
	case Texels4:
		return 4
	case Texels8:
		return 8
	case Texels16:
		return 16
	}
	return 0
}

// Access says how a shader uses a binding.
type Access uint8

const (
	ReadOnly      Access = iota // var<storage, read>
	ReadWrite                   // var<storage, read_write>
	UniformAccess               // var<uniform>
	ReadTexels4                 // var texture_storage_2d<r32uint, read>
	ReadTexels8                 // var texture_storage_2d<rg32uint, read>
	ReadTexels16                // var texture_storage_2d<rgba32uint, read>
)

// Texels returns the usage of the buffers that an access reads as texels, or 0
// for other accesses.
func (a Access) Texels() Usage {
	switch a {
	case ReadTexels4:
		return Texels4
	case ReadTexels8:
		return Texels8
	case ReadTexels16:
		return Texels16
	}
	return 0
}

// TexelAccess returns the access to texels of 4, 8 or 16 bytes.
func TexelAccess(bytes int) Access {
	switch bytes {
	case 4:
		return ReadTexels4
	case 8:
		return ReadTexels8
	}
	return ReadTexels16
}

// PipelineDesc describes a compute pipeline whose bindings are all in group 0,
// numbered from 0 in order.
type PipelineDesc struct {
	Label string
	// WGSL is the shader's text, without enable directives: implementations add
	// those that their compilers want for Features.
	WGSL     string
	Features []string // optional ones that the text uses, such as FeatureF16
	Entry    string
	Bindings []Access
	// Trusted says that the shader stays within its arrays and ends its loops, for
	// all that it will be given: what checks that at run time may be left out.
	Trusted bool
}

// BufferRange is Size bytes of Buffer at Offset; Size 0 means all the rest.
type BufferRange struct {
	Buffer Buffer
	Offset int64
	Size   int64
}

// Command is one step of a command list: a dispatch, or, where Copy is set, a
// copy of bytes between buffers.
type Command struct {
	Pipeline  Pipeline
	BindGroup BindGroup
	Grid      [3]uint32 // workgroups, none if one is 0; ignored where Indirect is set
	// Indirect is where three uint32 workgroup counts lie (its Size is ignored),
	// in a buffer that the same dispatch does not write. Whoever writes the
	// counts keeps to MaxWorkgroupsPerDim.
	Indirect *BufferRange
	Copy     *Copy
}

// Copy moves Size bytes from Src to Dst, which are different buffers (offsets
// and size multiples of 4).
type Copy struct {
	Src, Dst             Buffer
	SrcOffset, DstOffset int64
	Size                 int64
}

// CommandList is a recorded sequence of commands: plain data that an
// implementation replays. Consecutive dispatches share a compute pass, in
// which each sees what those before it wrote.
type CommandList []Command
