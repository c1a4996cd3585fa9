package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/wgslgen/wgslgen/runtime/completion"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// speaker writes what a session generates.
type speaker struct {
	engine    *engine.Engine
	session   *engine.Session
	tokenizer *tokenizer.Tokenizer
	sampling  plan.Sampling
	most      int // tokens; 0 is until the end
}

// speak continues the prompt on w, in whole characters, up to the end of the
// turn, and returns the text. A context that is full after some of it is a
// cutError.
func (s *speaker) speak(ctx context.Context, w io.Writer, prompt []tokenizer.Token) (string, error) {
	request := completion.Request{Prompt: prompt, Sampling: s.sampling, Tokens: s.most}
	written, err := completion.Write(ctx, s.session, s.tokenizer, request, func(part string) error {
		_, err := io.WriteString(w, part)
		return err
	})
	if err == nil && written.Reason == completion.Full {
		err = &cutError{s.engine.Context()}
	}
	return written.Text, err
}

// cutError says that there was no room for the rest of an answer.
type cutError struct{ context int }

func (e *cutError) Error() string {
	return fmt.Sprintf("%v: all %d tokens are used", engine.ErrContextFull, e.context)
}

// fewTokens are too few to tell how fast they came.
const fewTokens = 8

// report writes a line of statistics.
func (s *speaker) report(w io.Writer) {
	stats := s.session.Stats()
	first, prefill, decode := "-", "-", "-"
	if stats.Tokens > 0 {
		first = round(stats.FirstToken).String()
		prefill = fmt.Sprintf("%.1f", stats.PrefillRate())
	}
	if stats.Tokens >= fewTokens {
		decode = fmt.Sprintf("%.1f", stats.DecodeRate())
	}
	fmt.Fprintf(w, "load %s, first token %s, prefill %s tok/s (%d), decode %s tok/s (%d), peak GPU memory %s\n",
		round(s.engine.LoadTime()), first, prefill, stats.PromptTokens, decode, stats.Tokens, memory.MiB(s.engine.PeakMemory()))
	if slots := s.engine.ExpertSlots(); slots > 0 {
		x := stats.Experts
		fmt.Fprintf(w, "experts: %d slots a layer, %d hits, %d misses, %d fetched ahead (%d of use), %s read\n",
			slots, x.Hits, x.Misses, x.Fetched, x.Useful, memory.MiB(x.Bytes))
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
