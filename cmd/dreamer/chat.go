package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/chat"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

func runChat(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer chat", flag.ContinueOnError)
	var model modelFlags
	var sampling samplingFlags
	model.register(flags)
	model.registerNumerics(flags)
	sampling.register(flags)
	system := flags.String("system", "", "`text` that tells the model how to behave")
	if err := parse(flags, args, s); err != nil {
		return err
	}
	if err := model.check(); err != nil {
		return err
	}
	drawn, err := sampling.sampling(flags, s.out)
	if err != nil {
		return err
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
	template, err := chat.NewTemplate(f, tok)
	if err != nil {
		return err
	}
	if *system != "" && template.IgnoresSystem() {
		fmt.Fprintln(s.err, "dreamer chat: the model's chat template leaves out the system message")
	}
	e, _, closeAll, err := model.load(ctx, f, model.options(), s.err)
	if err != nil {
		return err
	}
	defer closeAll()
	c := &conversation{
		speaker:  &speaker{engine: e, session: e.NewSession(), tokenizer: tok, sampling: drawn},
		template: template,
	}
	if *system != "" {
		c.messages = append(c.messages, chat.Message{Role: chat.System, Content: *system})
	}
	return c.loop(ctx, s)
}

// conversation is a chat with its messages so far.
type conversation struct {
	*speaker
	template *chat.Template
	messages []chat.Message
}

// loop answers line after line.
func (c *conversation) loop(ctx context.Context, s streams) error {
	lines := readLines(s.in)
	for {
		if isTerminal(s.in) {
			fmt.Fprint(s.err, "> ")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if line.err != nil {
				return line.err
			}
			if strings.TrimSpace(line.text) == "" {
				continue
			}
			if err := c.answer(ctx, line.text, s); err != nil {
				return err
			}
		}
	}
}

// answer adds a user's message and the model's answer.
func (c *conversation) answer(ctx context.Context, text string, s streams) error {
	c.messages = append(c.messages, chat.Message{Role: chat.User, Content: text})
	ids, err := c.prompt(s.err)
	if err != nil {
		return err
	}
	if len(ids) > c.engine.Context() {
		fmt.Fprintf(s.err, "dreamer chat: the message is too long: %d tokens, but the context has %d\n", len(ids), c.engine.Context())
		c.messages = c.messages[:len(c.messages)-1]
		return nil
	}
	answer, err := c.speak(ctx, s.out, ids)
	fmt.Fprintln(s.out)
	var cut *cutError
	if errors.As(err, &cut) {
		fmt.Fprintf(s.err, "dreamer chat: the answer is cut short: %v\n", cut)
		err = nil
	}
	if err == nil || errors.Is(err, context.Canceled) {
		c.report(s.err)
	}
	c.messages = append(c.messages, chat.Message{Role: chat.Assistant, Content: answer})
	return err
}

// prompt returns the conversation's tokens. If those leave less than an eighth
// of the context to an answer, the oldest turns are forgotten until they leave
// half.
func (c *conversation) prompt(notes io.Writer) ([]tokenizer.Token, error) {
	ids, err := c.template.Tokens(chat.Conversation{Messages: c.messages})
	if err != nil || len(ids) <= c.engine.Context()-c.engine.Context()/8 {
		return ids, err
	}
	forgotten := 0
	for len(ids) > c.engine.Context()/2 && c.forget() {
		forgotten++
		if ids, err = c.template.Tokens(chat.Conversation{Messages: c.messages}); err != nil {
			return nil, err
		}
	}
	if forgotten > 0 {
		fmt.Fprintf(notes, "dreamer chat: the context is full: the oldest turns are forgotten (%d)\n", forgotten)
	}
	return ids, nil
}

// forget drops the oldest question with its answer. It reports whether there
// was one beside the newest question.
func (c *conversation) forget() bool {
	first := 0
	if c.messages[0].Role == chat.System {
		first = 1
	}
	if len(c.messages)-first < 3 {
		return false
	}
	c.messages = slices.Delete(c.messages, first, first+2)
	return true
}

type line struct {
	text string
	err  error
}

// readLines reads lines in the background, so that an interrupt ends the wait
// for one.
func readLines(r io.Reader) <-chan line {
	lines := make(chan line)
	go func() {
		defer close(lines)
		reader := bufio.NewReader(r)
		for {
			text, err := reader.ReadString('\n')
			if text = strings.TrimRight(text, "\r\n"); text != "" || err == nil {
				lines <- line{text: text}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				lines <- line{err: err}
				return
			}
		}
	}()
	return lines
}
