// Package check holds the rules of package gpu that do not depend on how a device is implemented.
//
// Every implementation applies them before it calls its binding, so that the
// same misuse is the same error everywhere, whatever the binding would do. The
// errors name the buffer and the numbers; the caller adds what was being done.
package check

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// Align is what offsets and sizes of copies are multiples of.
const Align = 4

// maxTextures is how many storage textures a shader may have on every WebGPU
// device.
const maxTextures = 4

// BufferSize returns size rounded up to what is allocated for it.
func BufferSize(size int64, usage gpu.Usage, limits gpu.Limits) (int64, error) {
	if size <= 0 {
		return 0, fmt.Errorf("size %d is not positive", size)
	}
	if row := usage.TexelSize() * gpu.TexelRow; row > 0 {
		if size > row*gpu.MaxTexelRows {
			return 0, fmt.Errorf("size %d is over the %d of %d rows of texels", size, row*gpu.MaxTexelRows, gpu.MaxTexelRows)
		}
		return (size + row - 1) / row * row, nil
	}
	if size > limits.MaxBufferSize-limits.MaxBufferSize%Align {
		return 0, fmt.Errorf("size %d is over the device's limit of %d", size, limits.MaxBufferSize)
	}
	if usage == 0 || usage&^(gpu.Storage|gpu.Uniform|gpu.Indirect) != 0 {
		return 0, fmt.Errorf("usage %#x is neither a set of storage, uniform and indirect nor texels alone", uint8(usage))
	}
	return (size + Align - 1) / Align * Align, nil
}

// Write checks a write of n bytes at off of a buffer of size bytes.
func Write(off, n, size int64, usage gpu.Usage) error {
	return span(off, n, size, max(Align, usage.TexelSize()))
}

// Span checks n bytes at off of a buffer of size bytes, as copies take them.
func Span(off, n, size int64) error { return span(off, n, size, Align) }

func span(off, n, size, align int64) error {
	if n <= 0 {
		return fmt.Errorf("%d bytes at %d: the size is not positive", n, off)
	}
	if off%align != 0 || n%align != 0 {
		return fmt.Errorf("%d bytes at %d: both must be multiples of %d", n, off, align)
	}
	return inside(off, n, size)
}

func inside(off, n, size int64) error {
	if off < 0 || n > size || off > size-n {
		return fmt.Errorf("%d bytes at %d: the buffer has %d", n, off, size)
	}
	return nil
}

// Copied checks that a buffer is one that can be copied from and to.
func Copied(usage gpu.Usage) error {
	if usage.TexelSize() > 0 {
		return errors.New("made as texels, which cannot be copied from or to")
	}
	return nil
}

// Copy checks a copy between buffers of the given sizes.
func Copy(c gpu.Copy, srcSize, dstSize int64) error {
	if c.Src == c.Dst {
		return errors.New("source and destination are the same buffer")
	}
	if err := Span(c.SrcOffset, c.Size, srcSize); err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if err := Span(c.DstOffset, c.Size, dstSize); err != nil {
		return fmt.Errorf("destination: %w", err)
	}
	return nil
}

// Grid checks the workgroup counts of a dispatch.
func Grid(grid [3]uint32, limits gpu.Limits) error {
	for _, n := range grid {
		if n > limits.MaxWorkgroupsPerDim {
			return fmt.Errorf("grid %d: over the device's limit of %d workgroups a dimension", grid, limits.MaxWorkgroupsPerDim)
		}
	}
	return nil
}

// Indirect checks that a buffer holds the three counts of an indirect dispatch.
func Indirect(off, size int64, usage gpu.Usage) error {
	if usage&gpu.Indirect == 0 {
		return errors.New("not made with gpu.Indirect")
	}
	return Span(off, 12, size)
}

// Features checks that a device has the features that a shader uses.
func Features(uses []string, has gpu.Features) error {
	for _, f := range uses {
		if !has.Has(f) {
			return fmt.Errorf("the device lacks the feature %s", f)
		}
	}
	return nil
}

// Pipeline checks everything but the shader itself.
func Pipeline(desc gpu.PipelineDesc, limits gpu.Limits) error {
	if strings.ContainsRune(desc.WGSL, 0) || !utf8.ValidString(desc.WGSL) {
		return errors.New("the shader holds a NUL or is not UTF-8")
	}
	if desc.Entry == "" || strings.ContainsRune(desc.Entry, 0) || !utf8.ValidString(desc.Entry) {
		return fmt.Errorf("%q is no name of an entry point", desc.Entry)
	}
	storage, textures := 0, 0
	for i, access := range desc.Bindings {
		switch access {
		case gpu.ReadOnly, gpu.ReadWrite:
			storage++
		case gpu.UniformAccess:
		case gpu.ReadTexels4, gpu.ReadTexels8, gpu.ReadTexels16:
			textures++
		default:
			return fmt.Errorf("binding %d: unknown access %d", i, access)
		}
	}
	if storage > int(limits.MaxStorageBuffers) {
		return fmt.Errorf("%d storage buffers: the device allows %d", storage, limits.MaxStorageBuffers)
	}
	if textures > maxTextures {
		return fmt.Errorf("%d textures: devices allow %d", textures, maxTextures)
	}
	return nil
}

// Binding is a range to bind, with what the rules need to know of its buffer.
type Binding struct {
	Buffer gpu.Buffer
	Usage  gpu.Usage
	Offset int64
	Size   int64 // resolved: never 0
}

// Resolve fills in the size of a range that goes to the end of its buffer.
func Resolve(r gpu.BufferRange, usage gpu.Usage) Binding {
	b := Binding{Buffer: r.Buffer, Usage: usage, Offset: r.Offset, Size: r.Size}
	if b.Size == 0 {
		b.Size = r.Buffer.Size() - r.Offset
	}
	return b
}

// Bindings checks ranges against the bindings of a pipeline.
func Bindings(accesses []gpu.Access, bindings []Binding, limits gpu.Limits) error {
	if len(bindings) != len(accesses) {
		return fmt.Errorf("%d buffers for the %d bindings of the pipeline", len(bindings), len(accesses))
	}
	for i, b := range bindings {
		if err := binding(accesses[i], b, limits); err != nil {
			return fmt.Errorf("binding %d, buffer %q: %w", i, b.Buffer.Label(), err)
		}
		for j, other := range bindings[:i] {
			if err := shared(accesses[i], b, accesses[j], other); err != nil {
				return fmt.Errorf("bindings %d and %d, buffer %q: %w", j, i, b.Buffer.Label(), err)
			}
		}
	}
	return nil
}

func binding(access gpu.Access, b Binding, limits gpu.Limits) error {
	if usage := access.Texels(); usage != 0 {
		return texels(b, usage)
	}
	need, align, most := gpu.Storage, limits.StorageOffsetAlign, limits.MaxStorageBinding
	name := "storage"
	if access == gpu.UniformAccess {
		need, align, most = gpu.Uniform, limits.UniformOffsetAlign, limits.MaxUniformBinding
		name = "uniform"
	}
	if b.Usage&need == 0 {
		return fmt.Errorf("not made for use as %s", name)
	}
	if b.Size <= 0 {
		return fmt.Errorf("%d bytes at %d: the size is not positive", b.Size, b.Offset)
	}
	if err := inside(b.Offset, b.Size, b.Buffer.Size()); err != nil {
		return err
	}
	if b.Offset%int64(align) != 0 {
		return fmt.Errorf("offset %d is not a multiple of %d", b.Offset, align)
	}
	if b.Size%Align != 0 {
		return fmt.Errorf("size %d is not a multiple of %d", b.Size, Align)
	}
	if b.Size > most {
		return fmt.Errorf("%d bytes are over the device's limit of %d for a %s binding", b.Size, most, name)
	}
	return nil
}

func texels(b Binding, usage gpu.Usage) error {
	if b.Usage != usage {
		return fmt.Errorf("not made for use as texels of %d bytes", usage.TexelSize())
	}
	if b.Offset != 0 || b.Size != b.Buffer.Size() {
		return fmt.Errorf("%d bytes at %d: texels are bound as a whole, here %d bytes", b.Size, b.Offset, b.Buffer.Size())
	}
	return nil
}

// shared applies the rule that a dispatch uses a buffer either for writing or
// otherwise, as a whole, and that its writable ranges do not overlap.
func shared(access gpu.Access, b Binding, otherAccess gpu.Access, other Binding) error {
	if b.Buffer != other.Buffer {
		return nil
	}
	writes, otherWrites := access == gpu.ReadWrite, otherAccess == gpu.ReadWrite
	if writes != otherWrites {
		return errors.New("bound both read_write and otherwise")
	}
	if writes && b.Offset < other.Offset+other.Size && other.Offset < b.Offset+b.Size {
		return errors.New("bound read_write twice with ranges that overlap")
	}
	return nil
}
