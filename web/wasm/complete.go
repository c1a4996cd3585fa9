//go:build js && wasm

package main

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"time"

	"github.com/wgslgen/wgslgen/runtime/chat"
	"github.com/wgslgen/wgslgen/runtime/completion"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// completeParams are the fields of a request for text.
type completeParams struct {
	Messages []chat.Message  `json:"messages"`
	Tools    json.RawMessage `json:"tools"`
	Prompt   *string         `json:"prompt"` // instead of messages

	Temperature *float64 `json:"temperature"`
	TopP        *float64 `json:"top_p"`
	TopK        *int     `json:"top_k"`
	Seed        *uint64  `json:"seed"`
	Tokens      int      `json:"max_tokens"`
	MoreTokens  int      `json:"max_completion_tokens"` // the newer name
	Stop        texts    `json:"stop"`
}

// texts is a text, or a list of some.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// complete continues a conversation or a text. Its events are parts of the answer.
func (m *model) complete(c *call) (any, error) {
	params := completeParams{}
	if err := c.read(&params); err != nil {
		return nil, err
	}
	request, err := m.request(&params)
	if err != nil {
		return nil, err
	}
	if err := m.take(c.ctx); err != nil {
		return nil, err
	}
	defer m.leave()
	written, err := completion.Write(c.ctx, m.session, m.tokenizer, request, func(text string) error {
		c.emit(map[string]string{"text": text})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newEnd(written, len(request.Prompt), m.session.Stats()), nil
}

// request returns what is asked for.
func (m *model) request(params *completeParams) (r completion.Request, err error) {
	if r.Sampling, err = params.sampling(); err != nil {
		return r, err
	}
	if r.Tokens = max(params.Tokens, params.MoreTokens); min(params.Tokens, params.MoreTokens) < 0 {
		return r, &codedError{codeBadRequest, "max_tokens must not be negative"}
	}
	r.Stop = params.Stop
	r.Prompt, err = m.prompt(params)
	return r, err
}

func (m *model) prompt(params *completeParams) ([]tokenizer.Token, error) {
	switch {
	case m.tokenizer == nil:
		return nil, errNotLoaded
	case params.Prompt != nil:
		ids := m.tokenizer.WithBOS(m.tokenizer.Encode(*params.Prompt))
		if len(ids) == 0 {
			return nil, &codedError{codeBadRequest, "the prompt is empty"}
		}
		return ids, nil
	case len(params.Messages) == 0:
		return nil, &codedError{codeBadRequest, "there are no messages"}
	case m.noChat != nil:
		return nil, &codedError{codeUnsupported, m.noChat.Error()}
	}
	ids, err := m.template.Tokens(chat.Conversation{Messages: params.Messages, Tools: params.Tools})
	if err != nil {
		return nil, &codedError{codeBadRequest, err.Error()}
	}
	return ids, nil
}

// sampling returns how tokens are drawn; what is left out is as it is for dreamer
// chat.
func (p *completeParams) sampling() (s plan.Sampling, err error) {
	temperature, topP, topK, seed := or(p.Temperature, 0.7), or(p.TopP, 0.95), or(p.TopK, 40), or(p.Seed, uint64(rand.Uint32()))
	switch {
	case !(temperature >= 0 && temperature <= math.MaxFloat32):
		return s, &codedError{codeBadRequest, "temperature must not be negative, and finite"}
	case !(topP > 0 && topP <= 1):
		return s, &codedError{codeBadRequest, "top_p must be above 0 and at most 1"}
	case topK < 0:
		return s, &codedError{codeBadRequest, "top_k must not be negative"}
	case seed > math.MaxUint32:
		return s, &codedError{codeBadRequest, "seed must be below 2^32"}
	}
	return plan.Sampling{Temperature: float32(temperature), TopK: topK, TopP: float32(topP), Seed: uint32(seed)}, nil
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// end is how an answer ended, as the last part of it tells.
type end struct {
	Reason completion.Reason `json:"finish_reason"`
	Tokens []tokenizer.Token `json:"token_ids"`
	Usage  struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
		Total      int `json:"total_tokens"`
		Details    struct {
			Cached int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
	} `json:"usage"`
	Timings struct {
		FirstToken float64 `json:"first_token_ms"`
		Prompt     float64 `json:"prompt_per_second"`
		Decode     float64 `json:"decode_ms"`
		DecodeRate float64 `json:"decode_per_second"`
	} `json:"timings"`
}

func newEnd(w completion.Result, prompt int, stats engine.Stats) *end {
	e := &end{Reason: w.Reason, Tokens: w.Tokens}
	if w.Reason == completion.Full {
		e.Reason = completion.Length // OpenAI's interface has no other
	}
	e.Usage.Prompt, e.Usage.Completion, e.Usage.Total = prompt, len(w.Tokens), prompt+len(w.Tokens)
	e.Usage.Details.Cached = prompt - stats.PromptTokens
	e.Timings.FirstToken, e.Timings.Prompt = milliseconds(stats.FirstToken), stats.PrefillRate()
	e.Timings.Decode, e.Timings.DecodeRate = milliseconds(stats.Decode), stats.DecodeRate()
	return e
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
