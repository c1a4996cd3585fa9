//go:build js && wasm

// Dreamer's engine for browsers: it runs in a worker, which calls its one function.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall/js"
)

// methods are what the worker can ask for: each takes its parameters as JSON, and
// returns what becomes JSON.
var methods = map[string]func(*model, *call) (any, error){
	"load":       (*model).load,
	"complete":   (*model).complete,
	"tokenize":   (*model).tokenize,
	"detokenize": (*model).detokenize,
	"memory":     (*model).memory,
	"close":      (*model).close,
}

// call is one thing that the worker asks for.
type call struct {
	ctx    context.Context
	params []byte
	source js.Value // of load
	emit   func(event any)
}

// read reads the parameters.
func (c *call) read(params any) error {
	if err := json.Unmarshal(c.params, params); err != nil {
		return &codedError{codeBadRequest, err.Error()}
	}
	return nil
}

func main() {
	m := &model{turn: make(chan struct{}, 1)}
	// engine(method, params, source, signal, emit, done) answers through done(error, result).
	engine := js.FuncOf(func(_ js.Value, args []js.Value) any {
		go m.answer(args[0].String(), args[1].String(), args[2], args[3], args[4], args[5])
		return nil
	})
	js.Global().Call("dreamerStarted", engine)
	select {}
}

// answer does what the worker asks for.
func (m *model) answer(method, params string, source, signal, emit, done js.Value) {
	ctx, cancel := withSignal(signal)
	defer cancel()
	c := &call{ctx: ctx, params: []byte(params), source: source, emit: func(event any) {
		text, err := json.Marshal(event)
		if err == nil {
			emit.Invoke(string(text))
		}
	}}
	result, err := m.do(method, c)
	var text []byte
	if err == nil {
		text, err = json.Marshal(result)
	}
	if err != nil {
		code, message := codeOf(ctx, err), err.Error()
		if code == codeAborted {
			message = "stopped by the page" // wherever that was noticed
		}
		done.Invoke(map[string]any{"code": code, "message": message})
		return
	}
	done.Invoke(nil, string(text))
}

func (m *model) do(method string, c *call) (any, error) {
	do, ok := methods[method]
	if !ok {
		return nil, &codedError{codeBadRequest, fmt.Sprintf("there is no method %q", method)}
	}
	return do(m, c)
}

// withSignal returns a context that an AbortSignal ends.
func withSignal(signal js.Value) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	if signal.Get("aborted").Bool() {
		cancel()
	}
	abort := js.FuncOf(func(js.Value, []js.Value) any {
		cancel()
		return nil
	})
	signal.Call("addEventListener", "abort", abort)
	return ctx, func() {
		signal.Call("removeEventListener", "abort", abort)
		abort.Release()
		cancel()
	}
}
