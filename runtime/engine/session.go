package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// ErrContextFull says that a session has no room for more tokens.
var ErrContextFull = errors.New("the context is full")

// errStale says that another session took the engine's cache.
var errStale = errors.New("the session ended when a newer one began")

// Session is a sequence of tokens and its KV cache. Only the newest session of
// an engine can be used, by one goroutine at a time.
type Session struct {
	e       *Engine
	tokens  []int32 // in the cache
	sampled uint32  // tokens sampled so far
	stats   Stats
}

// NewSession begins an empty session.
func (e *Engine) NewSession() *Session {
	e.session = &Session{e: e}
	return e.session
}

// Tokens returns how many tokens the cache holds.
func (s *Session) Tokens() int { return len(s.tokens) }

// check returns why ids cannot be fed.
func (s *Session) check(ids []int32) error {
	if s.e.session != s {
		return errStale
	}
	for i, id := range ids {
		if id < 0 || int(id) >= s.e.vocab {
			return fmt.Errorf("token %d at position %d is outside the vocabulary of %d", id, len(s.tokens)+i, s.e.vocab)
		}
	}
	if room := s.e.context - len(s.tokens); len(ids) > room {
		return fmt.Errorf("%w: %d tokens to add, but only %d of %d are free", ErrContextFull, len(ids), room, s.e.context)
	}
	return nil
}

// feed runs the layers on a chunk of tokens.
func (s *Session) feed(ctx context.Context, ids []int32) error {
	program, end, err := s.prepare(ids)
	if err != nil {
		return err
	}
	if err := s.e.play(ctx, program, end); err != nil {
		return err
	}
	if err := s.checkNumerics(ctx, len(s.tokens), len(ids)); err != nil {
		return err
	}
	s.tokens = append(s.tokens, ids...)
	return nil
}

// prepare makes a program ready to run the layers, its steps [0, end), on a chunk
// of tokens.
func (s *Session) prepare(ids []int32) (program *plan.Program, end int, err error) {
	e := s.e
	if err := e.dev.Write(e.shared.IDs.GPU(), 0, words(ids)); err != nil {
		return nil, 0, err
	}
	if err := s.writeState(len(s.tokens), 0); err != nil {
		return nil, 0, err
	}
	if len(ids) == 1 {
		return e.decode, e.marks[1], nil
	}
	return e.prefill, e.prefill.Steps(), e.prefill.SetTokens(e.dev, len(ids))
}

// play submits steps [0, to) of a program.
func (e *Engine) play(ctx context.Context, p *plan.Program, to int) error {
	if e.pager != nil {
		return e.pager.play(ctx, p, to)
	}
	for from := 0; from < to; {
		end := from + min(e.dispatches, to-from)
		if err := e.dev.Submit(p.Commands(from, end)); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// writeState tells the device where it is.
func (s *Session) writeState(position int, seed uint32) error {
	var state [4]int32
	state[plan.StatePosition] = int32(position)
	state[plan.StateSampled] = int32(s.sampled)
	state[plan.StateSeed] = int32(seed)
	return s.e.dev.Write(s.e.shared.State.GPU(), 0, words(state[:]))
}

// hiddenFrom returns the copy that brings the hidden state of a row of a chunk
// of n tokens to the head; none where the chunk left it there.
func (s *Session) hiddenFrom(row, n int) gpu.CommandList {
	if n == 1 {
		return nil
	}
	from, to := s.e.chunked.Row(row), s.e.hidden.Row(0)
	return gpu.CommandList{{Copy: &gpu.Copy{
		Src: from.Buffer.GPU(), SrcOffset: from.Offset, Dst: to.Buffer.GPU(), DstOffset: to.Offset, Size: from.Size,
	}}}
}

func words(values []int32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// fewAlone is up to how many tokens a CPU that plays a GPU takes faster one by one
// than as a chunk, whose products are made for eight at least: see
// docs/performance.md.
const fewAlone = 6

// next returns the length of the next chunk of n tokens. Where experts are paged,
// a chunk brings each of them once; where chunks are short anyway, they were meant
// to be.
func (e *Engine) next(n int) int {
	if n <= fewAlone && fewAlone < e.chunk && e.library.Software() && e.pager == nil {
		return 1
	}
	return e.longest(n)
}

// longest returns the length of the longest chunk of n tokens.
func (e *Engine) longest(n int) int {
	if !e.ready {
		return 1
	}
	return min(n, e.chunk)
}

// prefill feeds all of ids, and returns the length of the last chunk. It runs
// one chunk ahead of the device, so that ctx can end it.
func (s *Session) prefill(ctx context.Context, ids []int32) (last int, err error) {
	var fences []gpu.Readback // that are not waited for: one at most
	defer func() { giveUp(fences...) }()
	wait := func() error {
		if len(fences) == 0 {
			return nil
		}
		fence := fences[0]
		fences = fences[:0]
		_, err := fence.Wait(ctx)
		return err
	}
	if err := s.e.readyFor(ctx, len(ids)); err != nil {
		return 0, err
	}
	for len(ids) > 0 {
		last = s.e.next(len(ids))
		if err := s.feed(ctx, ids[:last]); err != nil {
			return 0, err
		}
		if ids = ids[last:]; len(ids) == 0 {
			break
		}
		if err := wait(); err != nil {
			return 0, err
		}
		fence, err := s.e.dev.StartRead(s.e.shared.State.GPU(), 0, 4)
		if err != nil {
			return 0, err
		}
		fences = append(fences, fence)
	}
	return last, wait()
}
