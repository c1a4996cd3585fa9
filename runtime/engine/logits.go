package engine

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// logitsAhead is how many rows of logits may be on their way from the device.
const logitsAhead = 8

// Logits adds ids to the session and calls emit with the logits after each of
// them; emit must not keep the slice. The ids are fed in chunks of the given
// sizes, over and over, where sizes are given: 1 takes the kernels of a decode
// step. A chunk never exceeds the engine's.
func (s *Session) Logits(ctx context.Context, ids []int32, sizes []int, emit func(i int, logits []float32) error) error {
	if err := s.check(ids); err != nil {
		return err
	}
	if err := s.e.readyFor(ctx, len(ids)); err != nil {
		return err
	}
	reader := &logitsReader{s: s, emit: emit}
	defer func() { giveUp(reader.pending...) }()
	for i := 0; len(ids) > 0; i++ {
		n := s.e.next(len(ids))
		if len(sizes) > 0 {
			n = max(min(s.e.longest(len(ids)), sizes[i%len(sizes)]), 1)
		}
		if err := s.feed(ctx, ids[:n]); err != nil {
			return err
		}
		for row := range n {
			if err := reader.start(ctx, row, n); err != nil {
				return err
			}
		}
		ids = ids[n:]
	}
	return reader.finish(ctx, 0)
}

// logitsReader computes and reads rows of logits, several at a time.
type logitsReader struct {
	s       *Session
	emit    func(int, []float32) error
	pending []gpu.Readback
	emitted int
	values  []float32
}

// start begins with the logits of a row of a chunk of n tokens.
func (r *logitsReader) start(ctx context.Context, row, n int) error {
	e := r.s.e
	if err := e.dev.Submit(r.s.hiddenFrom(row, n), e.head); err != nil {
		return err
	}
	if err := r.s.checkNumerics(ctx, len(r.s.tokens)-n+row, 1); err != nil {
		return err
	}
	out := e.logits.Row(0)
	read, err := e.dev.StartRead(out.Buffer.GPU(), out.Offset, 4*int64(e.vocab))
	if err != nil {
		return err
	}
	r.pending = append(r.pending, read)
	return r.finish(ctx, logitsAhead)
}

// finish emits the oldest rows until only so many are pending.
func (r *logitsReader) finish(ctx context.Context, left int) error {
	for len(r.pending) > left {
		read := r.pending[0]
		r.pending = r.pending[1:]
		b, err := read.Wait(ctx)
		if err != nil {
			return err
		}
		r.values = r.values[:0]
		for ; len(b) > 0; b = b[4:] {
			r.values = append(r.values, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
		if err := r.emit(r.emitted, r.values); err != nil {
			return err
		}
		r.emitted++
	}
	return nil
}
