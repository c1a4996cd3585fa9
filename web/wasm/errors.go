//go:build js && wasm

package main

import (
	"context"
	"errors"
	"syscall/js"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	models "github.com/wgslgen/wgslgen/runtime/model"
)

// The codes of errors, for programs: those of DreamerError in dreamer.d.ts.
const (
	codeAborted     = "aborted"
	codeBadFile     = "bad-file"
	codeBadRequest  = "bad-request"
	codeCrashed     = "crashed"
	codeDeviceLost  = "device-lost"
	codeNoWebGPU    = "no-webgpu"
	codeOutOfMemory = "out-of-memory"
	codeTooLong     = "too-long"
	codeUnsupported = "unsupported"
)

// codedError is an error with its code.
type codedError struct{ code, message string }

func (e *codedError) Error() string { return e.message }

// fromJS returns what JavaScript threw, with its code if it has one.
func fromJS(e js.Value) error {
	if e.Type() != js.TypeObject {
		return errors.New(e.String())
	}
	message := e.Get("message").String()
	if code := e.Get("code"); code.Type() == js.TypeString {
		return &codedError{code.String(), message}
	}
	return errors.New(message)
}

// codeOf returns the code of an error.
func codeOf(ctx context.Context, err error) string {
	var coded *codedError
	var asked *models.ContextError
	switch {
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
		return codeAborted
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, gpu.ErrNoAdapter):
		return codeNoWebGPU
	case errors.Is(err, gpu.ErrLost):
		return codeDeviceLost
	case errors.Is(err, gpu.ErrOutOfMemory), errors.Is(err, engine.ErrTooLarge):
		return codeOutOfMemory
	case errors.Is(err, models.ErrUnsupported):
		return codeUnsupported
	case errors.As(err, &asked):
		return codeBadRequest
	case errors.Is(err, engine.ErrContextFull):
		return codeTooLong
	}
	return codeCrashed
}

// orBadFile gives an error that has no other code that of a file which is damaged.
func orBadFile(ctx context.Context, err error) error {
	if codeOf(ctx, err) == codeCrashed {
		return &codedError{codeBadFile, err.Error()}
	}
	return err
}
