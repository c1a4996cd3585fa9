package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/wgslgen/wgslgen/runtime/chat"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

func runRun(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer run", flag.ContinueOnError)
	var model modelFlags
	var sampling samplingFlags
	model.register(flags)
	model.registerNumerics(flags)
	sampling.register(flags)
	prompt := flags.String("p", "", "`text` of the prompt (default: standard input)")
	most := flags.Int("n", 0, "most `tokens` to generate (default: until the end)")
	asChat := flags.Bool("chat", false, "the prompt is a user's message to the model")
	system := flags.String("system", "", "with -chat, `text` that tells the model how to behave")
	if err := parse(flags, args, s); err != nil {
		return err
	}
	if err := model.check(); err != nil {
		return err
	}
	if *most < 0 {
		return &usageError{"-n must not be negative"}
	}
	if *system != "" && !*asChat {
		return &usageError{"-system needs -chat"}
	}
	drawn, err := sampling.sampling(flags, s.out)
	if err != nil {
		return err
	}
	if !given(flags, "p") {
		if isTerminal(s.in) {
			return &usageError{"no prompt: give one with -p"}
		}
		text, err := io.ReadAll(s.in)
		if err != nil {
			return err
		}
		*prompt = string(text)
	}

	f, err := model.open()
	if err != nil {
		return err
	}
	defer f.Close()
	tok, err := tokenizer.New(f)
	if err != nil {
		return err
	}
	ids, err := promptTokens(f, tok, *system, *prompt, *asChat, s.err)
	if err != nil {
		return err
	}
	e, _, closeAll, err := model.load(ctx, f, model.options(), s.err)
	if err != nil {
		return err
	}
	defer closeAll()
	speaker := &speaker{engine: e, session: e.NewSession(), tokenizer: tok, sampling: drawn, most: *most}
	_, err = speaker.speak(ctx, s.out, ids)
	fmt.Fprintln(s.out)
	var cut *cutError
	if errors.As(err, &cut) {
		fmt.Fprintf(s.err, "dreamer run: stopped: %v\n", cut)
		err = nil
	}
	if err == nil || errors.Is(err, context.Canceled) {
		speaker.report(s.err)
	}
	return err
}

// promptTokens returns the tokens of a prompt, with a system message before it
// in a chat. Control tokens that they spell are text.
func promptTokens(f *gguf.File, tok *tokenizer.Tokenizer, system, text string, asChat bool, notes io.Writer) ([]tokenizer.Token, error) {
	if asChat {
		template, err := chat.NewTemplate(f, tok)
		if err != nil {
			return nil, err
		}
		var c chat.Conversation
		if system != "" {
			if template.IgnoresSystem() {
				fmt.Fprintln(notes, "dreamer run: the model's chat template leaves out the system message")
			}
			c.Messages = append(c.Messages, chat.Message{Role: chat.System, Content: system})
		}
		c.Messages = append(c.Messages, chat.Message{Role: chat.User, Content: text})
		return template.Tokens(c)
	}
	return tok.WithBOS(tok.Encode(text)), nil
}
