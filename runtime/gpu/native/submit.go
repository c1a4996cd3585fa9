//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

package native

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
	"github.com/wgslgen/wgslgen/runtime/gpu/native/internal/wgpu"
)

// Submit checks all commands before any of them is encoded: after an error
// nothing was submitted.
func (d *device) Submit(lists ...gpu.CommandList) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	ops := d.clears(d.ops[:0])
	for i, list := range lists {
		for j := range list {
			op, err := d.op(&list[j])
			if err != nil {
				return fmt.Errorf("submitting: list %d, command %d: %w", i, j, err)
			}
			ops = append(ops, op)
		}
	}
	return d.play("submitting", ops)
}

// play submits ops, which begin with the clears and live in d.ops; mu is held.
func (d *device) play(doing string, ops []wgpu.Op) error {
	d.ops = ops
	if err := d.submit(ops); err != nil {
		return d.fail(doing, err)
	}
	d.cleared()
	return nil
}

// submit returns wgpu's own errors; mu is held.
func (d *device) submit(ops []wgpu.Op) error {
	if err := d.raw.Submit(ops); err != nil {
		return err
	}
	d.submitted++
	d.queued = 0
	return nil
}

// op checks and translates a command; mu is held.
func (d *device) op(c *gpu.Command) (wgpu.Op, error) {
	if c.Copy != nil {
		return d.copyOp(c.Copy)
	}
	p, err := d.ownPipeline(c.Pipeline)
	if err != nil {
		return wgpu.Op{}, err
	}
	g, err := d.ownGroup(c.BindGroup, p)
	if err != nil {
		return wgpu.Op{}, fmt.Errorf("pipeline %q: %w", p.label, err)
	}
	op := wgpu.Op{Kind: wgpu.Dispatch, Grid: c.Grid, Pipeline: p.raw, Group: g.raw}
	if c.Indirect != nil {
		err = d.indirect(&op, g, c.Indirect)
	} else {
		err = check.Grid(c.Grid, d.caps.Limits)
	}
	if err != nil {
		return wgpu.Op{}, fmt.Errorf("pipeline %q: %w", p.label, err)
	}
	return op, nil
}

func (d *device) indirect(op *wgpu.Op, g *bindGroup, counts *gpu.BufferRange) error {
	b, err := d.own(counts.Buffer)
	if err != nil {
		return fmt.Errorf("indirect: %w", err)
	}
	if err := check.Indirect(counts.Offset, b.size, b.usage); err != nil {
		return fmt.Errorf("indirect: buffer %q: %w", b.label, err)
	}
	for i, bound := range g.buffers {
		if bound == b && g.pipeline.accesses[i] == gpu.ReadWrite {
			return fmt.Errorf("indirect: buffer %q is also bound read_write (binding %d)", b.label, i)
		}
	}
	op.Kind, op.Src, op.SrcOffset = wgpu.DispatchIndirect, b.mem.raw, uint64(counts.Offset)
	return nil
}

func (d *device) copyOp(c *gpu.Copy) (wgpu.Op, error) {
	src, err := d.ownCopied(c.Src)
	if err != nil {
		return wgpu.Op{}, fmt.Errorf("copy: source: %w", err)
	}
	dst, err := d.ownCopied(c.Dst)
	if err != nil {
		return wgpu.Op{}, fmt.Errorf("copy: destination: %w", err)
	}
	if err := check.Copy(*c, src.size, dst.size); err != nil {
		return wgpu.Op{}, fmt.Errorf("copy from buffer %q to %q: %w", src.label, dst.label, err)
	}
	return wgpu.Op{
		Kind: wgpu.Copy,
		Src:  src.mem.raw, SrcOffset: uint64(c.SrcOffset),
		Dst: dst.mem.raw, DstOffset: uint64(c.DstOffset),
		Bytes: uint64(c.Size),
	}, nil
}
