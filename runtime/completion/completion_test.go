package completion

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/embedded"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

const story = ", there was a young boy named Peter. Peter was very kind."

// TestWrite checks what ends the story model's text, and what of it is said.
func TestWrite(t *testing.T) {
	dev, err := native.Open(native.Options{})
	switch {
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skip("no WebGPU adapter")
	case err != nil:
		t.Fatal(err)
	}
	defer dev.Close()
	f, err := embedded.Open()
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.New(f)
	if err != nil {
		t.Fatal(err)
	}
	const size = 48
	e, err := engine.Load(context.Background(), dev, f, engine.Options{Context: size})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	prompt := tok.WithBOS(tok.Encode("Once upon a time"))
	question := tok.EncodePrompt("<|user|>\nWhat is 3 plus 4?<|end|>\n<|assistant|>\n")
	for _, c := range []struct {
		name    string
		request Request
		text    string // "": only its beginning is known
		tokens  int
		reason  Reason
	}{
		{"so many tokens", Request{Prompt: prompt, Tokens: 14}, story, 14, Length},
		{"a stop text", Request{Prompt: prompt, Stop: []string{"Peter was"}}, ", there was a young boy named Peter. ", 11, Stop},
		{"a stop text that does not come", Request{Prompt: prompt, Tokens: 14, Stop: []string{"kind. And"}}, story, 14, Length},
		{"the end of a turn", Request{Prompt: question}, "3 plus 4 is 7.", 0, Stop},
		{"a full context", Request{Prompt: prompt}, "", size - len(prompt) + 1, Full},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := ""
			got, err := Write(context.Background(), e.NewSession(), tok, c.request, func(part string) error {
				said += part
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if said != got.Text || c.text != "" && said != c.text || c.text == "" && !strings.HasPrefix(said, story) {
				t.Errorf("said %q, returned %q, want %q", said, got.Text, c.text)
			}
			if got.Reason != c.reason || c.tokens > 0 && len(got.Tokens) != c.tokens {
				t.Errorf("%d tokens, ended by %s; want %d, %s", len(got.Tokens), got.Reason, c.tokens, c.reason)
			}
		})
	}
	t.Run("a listener that fails", func(t *testing.T) {
		full := errors.New("full")
		got, err := Write(context.Background(), e.NewSession(), tok, Request{Prompt: prompt}, func(string) error { return full })
		if !errors.Is(err, full) || len(got.Tokens) != 1 {
			t.Errorf("error %v after %d tokens", err, len(got.Tokens))
		}
	})
	t.Run("a prompt that is too long", func(t *testing.T) {
		long := append(tok.Encode(strings.Repeat("a fox ", size)), prompt...)
		if _, err := Write(context.Background(), e.NewSession(), tok, Request{Prompt: long}, func(string) error { return nil }); !errors.Is(err, engine.ErrContextFull) {
			t.Errorf("error %v, want %v", err, engine.ErrContextFull)
		}
	})
}
