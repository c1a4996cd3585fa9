package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/chat"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

func runChat(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer chat", flag.ContinueOnError)
	var model modelFlags
	var sampling samplingFlags
	model.register(flags)
	sampling.register(flags)
	system := flags.String("system", "", "`text` that tells the model how to behave")
	if err := parse(flags, args, s); err != nil {
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
	ids, err := c.template.Tokens(c.messages)
	if err != nil {
		return err
	}
	answer, err := c.speak(ctx, s.out, ids)
	fmt.Fprintln(s.out)
	if err != nil {
		return err
	}
	c.messages = append(c.messages, chat.Message{Role: chat.Assistant, Content: answer})
	c.report(s.err)
	return nil
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
