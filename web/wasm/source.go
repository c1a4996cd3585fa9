//go:build js && wasm

package main

import (
	"fmt"
	"io"
	"sync"
	"syscall/js"
)

// source reads a model through the worker's source of weights: an object with a
// size, and a function read(offset, length) that returns a promise of a
// Uint8Array.
type source struct {
	js   js.Value
	size int64

	mu     sync.Mutex
	window []byte // what was read ahead for small reads
	at     int64  // where it lies
}

// ahead is how much is fetched for a read of less: a file's directory and its small
// tensors are read in many parts.
const ahead = 1 << 20

func newSource(s js.Value) *source {
	return &source{js: s, size: int64(s.Get("size").Float())}
}

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= s.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.size-off))
	if err := s.read(p[:n], off); err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s *source) read(p []byte, off int64) error {
	if len(p) >= ahead {
		return s.fetch(p, off)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if off < s.at || off+int64(len(p)) > s.at+int64(len(s.window)) {
		if s.window == nil {
			s.window = make([]byte, 0, ahead)
		}
		window := s.window[:min(ahead, s.size-off)]
		s.window = s.window[:0] // nothing, if it fails
		if err := s.fetch(window, off); err != nil {
			return err
		}
		s.window, s.at = window, off
	}
	copy(p, s.window[off-s.at:])
	return nil
}

func (s *source) fetch(p []byte, off int64) error {
	array, err := await(s.js.Call("read", float64(off), len(p)))
	if err != nil {
		return err
	}
	if n := js.CopyBytesToGo(p, array); n < len(p) {
		return fmt.Errorf("%d bytes at %d: the source has only %d", len(p), off, n)
	}
	return nil
}

// await waits for a promise.
func await(promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	settled := make(chan outcome, 1)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any {
		settled <- outcome{value: args[0]}
		return nil
	})
	defer then.Release()
	catch := js.FuncOf(func(_ js.Value, args []js.Value) any {
		settled <- outcome{err: fromJS(args[0])}
		return nil
	})
	defer catch.Release()
	promise.Call("then", then, catch)
	o := <-settled
	return o.value, o.err
}
