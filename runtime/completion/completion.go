// Package completion turns what a session generates into text: whole characters, up to the end of a turn or to a stop text.
package completion

import (
	"context"
	"errors"
	"iter"

	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// Request says what to write.
type Request struct {
	Prompt   []tokenizer.Token
	Sampling plan.Sampling
	Tokens   int      // at most; 0 is until the end
	Stop     []string // texts that end it, and are left out of it
}

// Reason says why a text ended.
type Reason string

// The reasons.
const (
	Stop   Reason = "stop"   // the model ended it, or a stop text came
	Length Reason = "length" // it has as many tokens as were asked for
	Full   Reason = "full"   // the context has no room for more
)

// Result is what became of a request. After an error it is what came before that.
type Result struct {
	Text   string
	Tokens []tokenizer.Token // with the last that ended it
	Reason Reason
}

// Write continues a prompt, and calls put with each part of the text. What put
// returns ends it.
func Write(ctx context.Context, s *engine.Session, t *tokenizer.Tokenizer, r Request, put func(text string) error) (Result, error) {
	w := &writer{tokenizer: t, decoder: t.NewDecoder(), watch: newWatch(r.Stop), put: put}
	for _, id := range r.Prompt {
		w.decoder.Next(id)
	}
	w.decoder.Flush()
	err := w.write(s.Generate(ctx, r.Prompt, engine.Generation{Sampling: r.Sampling, Tokens: r.Tokens, Stop: t.IsEOG}))
	return w.result, err
}

// writer is a text in the making.
type writer struct {
	tokenizer *tokenizer.Tokenizer
	decoder   *tokenizer.Decoder
	watch     watch
	put       func(string) error
	result    Result
}

func (w *writer) write(tokens iter.Seq2[tokenizer.Token, error]) error {
	w.result.Reason = Length
	for id, err := range tokens {
		if errors.Is(err, engine.ErrContextFull) && len(w.result.Tokens) > 0 {
			w.result.Reason = Full
			break
		}
		if err != nil {
			return err
		}
		w.result.Tokens = append(w.result.Tokens, id)
		if w.tokenizer.IsEOG(id) {
			w.result.Reason = Stop
			break
		}
		text, stopped := w.watch.next(w.decoder.Next(id))
		if err := w.say(text); err != nil {
			return err
		}
		if stopped {
			w.result.Reason = Stop
			return nil
		}
	}
	text, stopped := w.watch.next(w.decoder.Flush())
	if stopped {
		w.result.Reason = Stop
	} else {
		text += w.watch.flush()
	}
	return w.say(text)
}

func (w *writer) say(text string) error {
	if text == "" {
		return nil
	}
	w.result.Text += text
	return w.put(text)
}
