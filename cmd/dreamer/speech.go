package main

import (
	"context"
	"fmt"
	"io"
	"time"

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
// turn, and returns the text.
func (s *speaker) speak(ctx context.Context, w io.Writer, prompt []tokenizer.Token) (text string, err error) {
	decoder := s.tokenizer.NewDecoder()
	for _, id := range prompt {
		decoder.Next(id)
	}
	decoder.Flush()
	put := func(part string) error {
		text += part
		_, err := io.WriteString(w, part)
		return err
	}
	generation := engine.Generation{Sampling: s.sampling, Tokens: s.most, Stop: s.tokenizer.IsEOG}
	for id, err := range s.session.Generate(ctx, prompt, generation) {
		if err != nil {
			return text, err
		}
		if s.tokenizer.IsEOG(id) {
			break
		}
		if err := put(decoder.Next(id)); err != nil {
			return text, err
		}
	}
	return text, put(decoder.Flush())
}

// report writes a line of statistics.
func (s *speaker) report(w io.Writer) {
	stats := s.session.Stats()
	fmt.Fprintf(w, "load %s, first token %s, prefill %.1f tok/s (%d), decode %.1f tok/s (%d), peak GPU memory %s\n",
		round(s.engine.LoadTime()), round(stats.FirstToken), stats.PrefillRate(), stats.PromptTokens,
		stats.DecodeRate(), stats.Tokens, memory.MiB(s.engine.PeakMemory()))
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
