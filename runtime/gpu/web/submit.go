//go:build js && wasm

package web

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/internal/check"
)

// Commands as player.js plays them: six words each, of which the first is one of
// these. Buffers, pipelines and groups are numbers; offsets and sizes count words.
const (
	opDispatch = iota // pipeline, group, three counts of workgroups
	opIndirect        // pipeline, group, buffer of the counts, offset
	opCopy            // source, offset, destination, offset, size
	opClear           // buffer, size
	opStamp           // queries, index
	opResolve         // queries, how many, buffer
)

// Submit checks all commands before any of them is played: after an error
// nothing was submitted.
func (d *device) Submit(lists ...gpu.CommandList) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	words := d.clears(d.words[:0])
	var err error
	for i, list := range lists {
		for j := range list {
			if words, err = d.encode(words, &list[j]); err != nil {
				return fmt.Errorf("submitting: list %d, command %d: %w", i, j, err)
			}
		}
	}
	return d.play("submitting", words)
}

// play submits words, which begin with the clears and live in d.words; mu is held.
func (d *device) play(doing string, words []uint32) error {
	d.words = words
	if err := d.player.submit(words); err != nil {
		return d.fail(doing, err)
	}
	d.cleared()
	return nil
}

// encode checks a command and appends its words; mu is held.
func (d *device) encode(words []uint32, c *gpu.Command) ([]uint32, error) {
	if c.Copy != nil {
		return d.encodeCopy(words, c.Copy)
	}
	p, err := d.ownPipeline(c.Pipeline)
	if err != nil {
		return nil, err
	}
	g, err := d.ownGroup(c.BindGroup, p)
	if err == nil && c.Indirect != nil {
		words, err = d.encodeIndirect(words, g, c.Indirect)
	} else if err == nil {
		err = check.Grid(c.Grid, d.caps.Limits)
		words = append(words, opDispatch, uint32(p.number), uint32(g.number), c.Grid[0], c.Grid[1], c.Grid[2])
	}
	if err != nil {
		return nil, fmt.Errorf("pipeline %q: %w", p.label, err)
	}
	return words, nil
}

func (d *device) encodeIndirect(words []uint32, g *bindGroup, counts *gpu.BufferRange) ([]uint32, error) {
	b, err := d.own(counts.Buffer)
	if err != nil {
		return nil, fmt.Errorf("indirect: %w", err)
	}
	if err := check.Indirect(counts.Offset, b.size, b.usage); err != nil {
		return nil, fmt.Errorf("indirect: buffer %q: %w", b.label, err)
	}
	for i, bound := range g.buffers {
		if bound == b && g.pipeline.accesses[i] == gpu.ReadWrite {
			return nil, fmt.Errorf("indirect: buffer %q is also bound read_write (binding %d)", b.label, i)
		}
	}
	return append(words, opIndirect, uint32(g.pipeline.number), uint32(g.number), uint32(b.mem.number), uint32(counts.Offset/4), 0), nil
}

func (d *device) encodeCopy(words []uint32, c *gpu.Copy) ([]uint32, error) {
	src, err := d.own(c.Src)
	if err != nil {
		return nil, fmt.Errorf("copy: source: %w", err)
	}
	dst, err := d.own(c.Dst)
	if err != nil {
		return nil, fmt.Errorf("copy: destination: %w", err)
	}
	if err := check.Copy(*c, src.size, dst.size); err != nil {
		return nil, fmt.Errorf("copy from buffer %q to %q: %w", src.label, dst.label, err)
	}
	return append(words, opCopy,
		uint32(src.mem.number), uint32(c.SrcOffset/4), uint32(dst.mem.number), uint32(c.DstOffset/4), uint32(c.Size/4)), nil
}
