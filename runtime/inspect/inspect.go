// Package inspect says what a model's file holds, and what is wrong with it.
package inspect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// Report is what a file holds.
type Report struct {
	Name         string     `json:"name"`
	Architecture string     `json:"architecture"`
	Parameters   uint64     `json:"parameters"`
	Bytes        int64      `json:"bytes"` // of all tensors
	Types        []Type     `json:"types"` // the largest first
	Tokenizer    Tokenizer  `json:"tokenizer"`
	ChatTemplate bool       `json:"chat_template"`
	Metadata     []Metadata `json:"metadata"`
	Tensors      []Tensor   `json:"tensors"`
	Problems     []string   `json:"problems"` // why the model cannot run, or would give nonsense
}

// Type is what the tensors of one type take.
type Type struct {
	Name    string `json:"name"`
	Tensors int    `json:"tensors"`
	Bytes   int64  `json:"bytes"`
}

// Tokenizer is what is known of a vocabulary.
type Tokenizer struct {
	Model  string `json:"model"` // empty: there is none
	Pre    string `json:"pre"`
	Tokens int    `json:"tokens"`
}

// Metadata is a key and its value, of which long ones are cut short.
type Metadata struct {
	Key   string `json:"key"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Tensor is a tensor's directory entry.
type Tensor struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Shape  []uint64 `json:"shape"` // contiguous dimension first
	Offset int64    `json:"offset"`
	Bytes  int64    `json:"bytes"`
}

// File reports what f holds. Tensors' data are not looked at: see Scan.
func File(f *gguf.File) *Report {
	r := &Report{Problems: []string{}}
	// What is missing here stays empty, and is a problem below.
	r.Name, _ = f.String("general.name")
	r.Architecture, _ = f.String("general.architecture")
	r.ChatTemplate = f.Has("tokenizer.chat_template")
	for key, value := range f.All() {
		r.Metadata = append(r.Metadata, Metadata{key, describeType(value), short(value)})
	}
	types := map[string]*Type{}
	for _, t := range f.Tensors {
		name := t.Type.String()
		r.Tensors = append(r.Tensors, Tensor{t.Name, name, t.Dims, t.Offset, t.Size})
		r.Parameters += t.Elements()
		r.Bytes += t.Size
		if types[name] == nil {
			types[name] = &Type{Name: name}
		}
		types[name].Tensors++
		types[name].Bytes += t.Size
	}
	for _, t := range slices.SortedFunc(maps.Values(types), func(a, b *Type) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Name, b.Name))
	}) {
		r.Types = append(r.Types, *t)
	}
	r.readTokenizer(f)
	if len(f.Tensors) == 0 {
		r.problem("the file has no tensors: it is a vocabulary only")
	} else if _, err := engine.Plan(anyDevice, f, engine.Options{Untuned: true}); err != nil {
		r.problem("%v", err)
	}
	return r
}

// anyDevice is what every device grants.
var anyDevice = gpu.Caps{Name: "any device", Kind: gpu.KindDiscrete, Limits: gpu.DefaultLimits()}

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

func (r *Report) readTokenizer(f *gguf.File) {
	r.Tokenizer.Model, _ = f.String("tokenizer.ggml.model")
	r.Tokenizer.Pre, _ = f.String("tokenizer.ggml.pre")
	t, err := tokenizer.New(f)
	if err != nil {
		r.problem("%v", err)
		return
	}
	r.Tokenizer.Tokens = t.Size()
	if e, ok := f.Tensor("token_embd.weight"); ok && len(e.Dims) == 2 && e.Dims[1] < uint64(t.Size()) {
		r.problem("the tokenizer has %d tokens, token_embd.weight rows for %d", t.Size(), e.Dims[1])
	}
}

func describeType(v gguf.Value) string {
	if v.Type() == gguf.Array {
		return "array of " + v.Elem().String()
	}
	return v.Type().String()
}

// Lengths at which values are cut short.
const (
	maxElements = 6
	maxText     = 60
)

// short writes a value, in part where it is long.
func short(v gguf.Value) string {
	switch v := v.Any().(type) {
	case string:
		return quote(v)
	case []string:
		var shown []string
		for _, s := range v[:min(len(v), maxElements)] {
			shown = append(shown, quote(s))
		}
		return list(shown, len(v))
	case []bool:
		return elements(v)
	case []uint8:
		return elements(v)
	case []int8:
		return elements(v)
	case []uint16:
		return elements(v)
	case []int16:
		return elements(v)
	case []uint32:
		return elements(v)
	case []int32:
		return elements(v)
	case []uint64:
		return elements(v)
	case []int64:
		return elements(v)
	case []float32:
		return elements(v)
	case []float64:
		return elements(v)
	case []gguf.Value:
		var shown []string
		for _, e := range v[:min(len(v), maxElements)] {
			shown = append(shown, short(e))
		}
		return list(shown, len(v))
	default:
		return fmt.Sprint(v)
	}
}

func quote(s string) string {
	if r := []rune(s); len(r) > maxText {
		return fmt.Sprintf("%q… (%d bytes)", string(r[:maxText]), len(s))
	}
	return fmt.Sprintf("%q", s)
}

func elements[T any](v []T) string {
	var shown []string
	for _, e := range v[:min(len(v), maxElements)] {
		shown = append(shown, fmt.Sprint(e))
	}
	return list(shown, len(v))
}

func list(shown []string, n int) string {
	if n > len(shown) {
		return fmt.Sprintf("[%s, … (%d)]", strings.Join(shown, ", "), n)
	}
	return "[" + strings.Join(shown, ", ") + "]"
}
