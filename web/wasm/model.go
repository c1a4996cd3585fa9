//go:build js && wasm

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall/js"

	"github.com/wgslgen/wgslgen/runtime/chat"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/web"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// model is the model that the worker runs.
type model struct {
	turn      chan struct{} // held by whoever uses the engine
	device    gpu.Device
	engine    *engine.Engine
	session   *engine.Session
	tokenizer *tokenizer.Tokenizer
	template  *chat.Template
	noChat    error // why there is no template
}

var errNotLoaded = &codedError{codeBadRequest, "no model is loaded"}

// take waits for the engine; leave is to be called then.
func (m *model) take(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if m.engine == nil {
		m.leave()
		return errNotLoaded
	}
	return nil
}

func (m *model) leave() { <-m.turn }

// progress says how far a phase of loading is.
type progress struct {
	Phase string `json:"phase"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}

// information is what a page is told of a model: ModelInfo in dreamer.d.ts.
type information struct {
	Name         string `json:"name"`
	Architecture string `json:"architecture"`
	Parameters   uint64 `json:"parameters"`
	Context      int    `json:"context"`
	Vocabulary   int    `json:"vocabulary"`
	WeightBytes  int64  `json:"weightBytes"`
	Template     bool   `json:"template"`
	LoadTime     int64  `json:"loadTime"`
}

// load loads the model of a source. Nothing is left of one that fails: the worker
// ends then. So an abort is answered at once, whatever the device is doing.
func (m *model) load(c *call) (any, error) {
	type outcome struct {
		info *information
		err  error
	}
	loaded := make(chan outcome, 1)
	go func() {
		info, err := m.open(c)
		loaded <- outcome{info, err}
	}()
	select {
	case o := <-loaded:
		return o.info, o.err
	case <-c.ctx.Done():
		return nil, c.ctx.Err()
	}
}

func (m *model) open(c *call) (*information, error) {
	var params struct {
		Context int
		KV      string
		Memory  int64
		Fast    bool
		Name    string
	}
	if err := c.read(&params); err != nil {
		return nil, err
	}
	options := engine.Options{
		Context: params.Context, KV: params.KV, Memory: params.Memory, Fast: params.Fast,
		Compiled: func(done, total int) { c.emit(progress{"compile", int64(done), int64(total)}) },
		Progress: func(done, total int64) { c.emit(progress{"upload", done, total}) },
	}
	if err := check(options); err != nil {
		return nil, err
	}
	s := newSource(c.source)
	f, err := gguf.Read(s, s.size)
	if err != nil {
		return nil, orBadFile(c.ctx, err)
	}
	if m.tokenizer, err = tokenizer.New(f); err != nil {
		return nil, orBadFile(c.ctx, err)
	}
	m.template, m.noChat = chat.NewTemplate(f, m.tokenizer)
	if m.device, err = web.Open(); err != nil {
		return nil, err
	}
	if m.device.Caps().Kind == gpu.KindSoftware {
		options.LatePrefill = latePrefill
	}
	if m.engine, err = engine.Load(c.ctx, m.device, f, options); err != nil {
		return nil, orBadFile(c.ctx, err)
	}
	m.session = m.engine.NewSession()
	return m.describe(f, cmp.Or(params.Name, nameOf(f), c.source.Get("name").String())), nil
}

// latePrefill is the tokens of a prompt that are worth compiling the kernels of
// prefill for, on a CPU that plays a GPU: that takes it as long.
const latePrefill = 128

func check(o engine.Options) error {
	switch {
	case o.Context < 0 || o.Memory < 0:
		return &codedError{codeBadRequest, "context and memory must not be negative"}
	case o.KV != "" && !slices.Contains(plan.CacheTypes, o.KV):
		return &codedError{codeBadRequest, fmt.Sprintf("kv is %q; %s are supported", o.KV, strings.Join(plan.CacheTypes, ", "))}
	}
	return nil
}

func nameOf(f *gguf.File) string {
	name, err := f.String("general.name")
	if err != nil {
		return ""
	}
	return name
}

func (m *model) describe(f *gguf.File, name string) *information {
	info := &information{
		Name: name, Context: m.engine.Context(), Vocabulary: m.engine.Vocabulary(), WeightBytes: m.engine.WeightBytes(),
		Template: m.noChat == nil, LoadTime: m.engine.LoadTime().Milliseconds(),
	}
	info.Architecture, _ = f.String("general.architecture") // which the engine has read
	for i := range f.Tensors {
		info.Parameters += f.Tensors[i].Elements()
	}
	return info
}

func (m *model) tokenize(c *call) (any, error) {
	var params struct{ Text string }
	if err := c.read(&params); err != nil {
		return nil, err
	}
	if m.tokenizer == nil {
		return nil, errNotLoaded
	}
	return m.tokenizer.Encode(params.Text), nil
}

func (m *model) detokenize(c *call) (any, error) {
	var params struct{ Tokens []tokenizer.Token }
	if err := c.read(&params); err != nil {
		return nil, err
	}
	if m.tokenizer == nil {
		return nil, errNotLoaded
	}
	return m.tokenizer.Decode(params.Tokens), nil
}

// memory returns the bytes of the GPU's buffers and of the heap of WebAssembly.
func (m *model) memory(*call) (any, error) {
	if m.device == nil {
		return nil, errNotLoaded
	}
	now, peak := m.device.MemoryUse()
	return map[string]any{
		"gpu":  map[string]int64{"now": now, "peak": peak},
		"wasm": js.Global().Call("dreamerMemory").Int(),
	}, nil
}

// close gives the device's memory back, once nothing runs.
func (m *model) close(c *call) (any, error) {
	if err := m.take(c.ctx); err != nil {
		return nil, err
	}
	defer m.leave()
	m.engine.Close()
	m.engine = nil
	err := m.device.Close()
	if errors.Is(err, gpu.ErrLost) {
		err = nil // then there is nothing to give back
	}
	return nil, err
}
