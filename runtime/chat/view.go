package chat

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/wgslgen/wgslgen/runtime/chat/jinja"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// view is a conversation as its template sees it.
type view struct {
	template  *jinja.Template
	messages  []*jinja.Dict
	variables *jinja.Dict
	now       time.Time
}

func (c *Template) newView(conversation Conversation) (*view, error) {
	v := &view{template: c.plain, variables: &jinja.Dict{}, now: time.Now()}
	list := make([]any, len(conversation.Messages))
	for i, m := range conversation.Messages {
		message, err := c.message(m)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
		v.messages = append(v.messages, message)
		list[i] = message
	}
	v.variables.Set("messages", jinja.NewList(list...))
	if conversation.Tools != nil {
		tools, err := c.json(conversation.Tools)
		if err != nil {
			return nil, fmt.Errorf("tools: %w", err)
		}
		v.template = c.tools
		v.variables.Set("tools", tools)
	}
	v.variables.Set("add_generation_prompt", true)
	v.variables.Set("bos_token", c.special(c.tokenizer.BOS()))
	v.variables.Set("eos_token", c.special(c.tokenizer.EOS()))
	return v, nil
}

// message returns a message, but for its content.
func (c *Template) message(m Message) (*jinja.Dict, error) {
	d := &jinja.Dict{}
	d.Set("role", m.Role)
	d.Set("content", "")
	if m.ToolCalls != nil {
		calls, err := c.json(m.ToolCalls)
		if err != nil {
			return nil, fmt.Errorf("tool calls: %w", err)
		}
		d.Set("tool_calls", calls)
	}
	if m.CallID != "" {
		d.Set("tool_call_id", c.guard(m.CallID))
	}
	if m.Name != "" {
		d.Set("name", c.guard(m.Name))
	}
	return d, nil
}

// json returns the value of a JSON text, in which no text spells a control token.
func (c *Template) json(text json.RawMessage) (any, error) {
	v, err := jinja.FromJSON(text)
	if err != nil {
		return nil, err
	}
	return jinja.MapText(v, c.guard), nil
}

func (c *Template) special(id tokenizer.Token, ok bool) string {
	if !ok {
		return ""
	}
	return c.tokenizer.Token(id)
}

// render returns the text of the conversation, its messages having these contents.
func (v *view) render(contents []string) (string, error) {
	for i, m := range v.messages {
		m.Set("content", contents[i])
	}
	text, err := v.template.Render(v.variables, v.now)
	if err != nil {
		return "", fmt.Errorf("chat template: %w", err)
	}
	return text, nil
}
