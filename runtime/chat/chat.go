// Package chat turns conversations into a model's tokens with the chat template of its file.
package chat

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wgslgen/wgslgen/runtime/chat/jinja"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// The metadata keys of chat templates: every model's, and what some have for conversations with tools.
const (
	templateKey     = "tokenizer.chat_template"
	toolTemplateKey = "tokenizer.chat_template.tool_use"
)

// The roles of messages.
const (
	System    = "system"
	User      = "user"
	Assistant = "assistant"
	Tool      = "tool"
)

// Message is one turn of a conversation.
type Message struct {
	Role, Content string
	// ToolCalls are the calls with which an assistant ends its turn, a JSON array of {"id": "…", "type": "function",
	// "function": {"name": "…", "arguments": {…}}}. Nil is none.
	ToolCalls json.RawMessage
	// Name and CallID say which tool and call a tool's answer belongs to. "" is none.
	Name, CallID string
}

// Conversation is what a template renders.
type Conversation struct {
	Messages []Message
	// Tools are those that the model may call, a JSON array of {"type": "function", "function": {"name": "…",
	// "description": "…", "parameters": {…}}} with a JSON schema. Nil is none.
	Tools json.RawMessage
}

// Template renders conversations as a model was trained to read them.
type Template struct {
	tokenizer *tokenizer.Tokenizer
	plain     *jinja.Template
	tools     *jinja.Template // for conversations with tools
	controls  []string        // texts of control tokens
}

// NewTemplate returns the chat template of a file's metadata, which must have one.
func NewTemplate(md tokenizer.Metadata, t *tokenizer.Tokenizer) (*Template, error) {
	if !md.Has(templateKey) {
		return nil, fmt.Errorf("the model has no chat template: %s is missing", templateKey)
	}
	c := &Template{tokenizer: t}
	var err error
	if c.plain, err = parse(md, templateKey); err != nil {
		return nil, err
	}
	c.tools = c.plain
	if md.Has(toolTemplateKey) {
		if c.tools, err = parse(md, toolTemplateKey); err != nil {
			return nil, err
		}
	}
	for id := range tokenizer.Token(t.Size()) {
		if t.IsControl(id) {
			c.controls = append(c.controls, t.Token(id))
		}
	}
	return c, nil
}

func parse(md tokenizer.Metadata, key string) (*jinja.Template, error) {
	text, err := md.String(key)
	if err != nil {
		return nil, err
	}
	t, err := jinja.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return t, nil
}

// Tokens returns a conversation up to where the assistant's next turn begins.
// Control tokens that a message or a tool spells are text: a user cannot end a
// turn. What a template raises is an error with the template's text.
func (c *Template) Tokens(conversation Conversation) ([]tokenizer.Token, error) {
	v, err := c.newView(conversation)
	if err != nil {
		return nil, err
	}
	contents := make([]string, len(conversation.Messages))
	for i, m := range conversation.Messages {
		contents[i] = m.Content
	}
	text, err := v.render(contents)
	if err != nil {
		return nil, err
	}
	if spans, ok := v.spans(contents, text); ok {
		return c.encode(spans), nil
	}
	for i := range contents {
		contents[i] = c.guard(contents[i])
	}
	if text, err = v.render(contents); err != nil {
		return nil, err
	}
	return c.encode([]span{{text: text, template: true}}), nil
}

// IgnoresSystem reports whether the template silently leaves out a system message.
func (c *Template) IgnoresSystem() bool {
	key := unheard()
	v, err := c.newView(Conversation{Messages: []Message{{Role: System}, {Role: User}}})
	if err != nil {
		return false
	}
	text, err := v.render([]string{key, ""})
	return err == nil && !strings.Contains(text, key)
}

// span is a part of a rendered conversation. Only those of the template hold
// control tokens.
type span struct {
	text     string
	template bool
}

// unheard returns a text that no conversation holds. Its generator is a strong
// one, seeded by the system; package crypto/rand would be a tenth of a megabyte
// in a browser.
func unheard() string {
	return strconv.FormatUint(rand.Uint64(), 36) + strconv.FormatUint(rand.Uint64(), 36)
}

// spans cuts text, which contents rendered as, into what the template wrote and
// what came from contents. For that it renders placeholders instead of contents.
// That fails where a template does more with a content than trim it.
func (v *view) spans(contents []string, text string) (spans []span, ok bool) {
	key := unheard()
	places := make([]string, len(contents))
	for i := range places {
		places[i] = fmt.Sprintf("%s-%d-", key, i)
	}
	rest, err := v.render(places)
	if err != nil {
		return nil, false
	}
	for {
		before, after, found := strings.Cut(rest, key+"-")
		if text, ok = strings.CutPrefix(text, before); !ok {
			return nil, false
		}
		spans = append(spans, span{before, true})
		if !found {
			return spans, text == ""
		}
		number, after, _ := strings.Cut(after, "-")
		i, err := strconv.Atoi(number)
		if err != nil || i < 0 || i >= len(contents) {
			return nil, false
		}
		next, _, _ := strings.Cut(after, key+"-")
		content, ok := written(text, contents[i], next)
		if !ok {
			return nil, false
		}
		spans = append(spans, span{content, false})
		text, rest = text[len(content):], after
	}
}

// written returns the content with which text begins, before next: as it is, or
// trimmed.
func written(text, content, next string) (string, bool) {
	for _, s := range []string{content, strings.TrimSpace(content), strings.TrimLeftFunc(content, unicode.IsSpace), strings.TrimRightFunc(content, unicode.IsSpace)} {
		if strings.HasPrefix(text, s) && strings.HasPrefix(text[len(s):], next) {
			return s, true
		}
	}
	return "", false
}

// mark stands within the text of a control token in a message, so that it is
// none. It is a noncharacter, which no text holds.
const mark = "\uFDD0"

// guard puts a mark into every control token that text spells. Those of a
// single character have no room for one: they are replaced.
func (c *Template) guard(text string) string {
	for _, control := range c.controls {
		_, n := utf8.DecodeRuneInString(control)
		switch n {
		case 0:
		case len(control):
			text = strings.ReplaceAll(text, control, string(utf8.RuneError))
		default:
			text = strings.ReplaceAll(text, control, control[:n]+mark+control[n:])
		}
	}
	return text
}

// encode returns the tokens of spans, after a BOS token if the model wants one.
// What lies between control tokens is encoded as a whole, across spans.
func (c *Template) encode(spans []span) []tokenizer.Token {
	var ids []tokenizer.Token
	var plain strings.Builder
	eats := false // the control token before swallows white space
	flush := func() {
		text := plain.String()
		if eats {
			text = strings.TrimLeftFunc(text, unicode.IsSpace)
		}
		ids = append(ids, c.tokenizer.Encode(text)...)
		plain.Reset()
	}
	for _, s := range spans {
		for text := s.text; text != ""; {
			at, control := len(text), ""
			if s.template {
				at, control = c.nextControl(text)
			}
			plain.WriteString(strings.ReplaceAll(text[:at], mark, ""))
			text = text[at+len(control):]
			if control == "" {
				break
			}
			flush()
			id, _ := c.tokenizer.Lookup(control)
			ids = append(ids, id)
			eats = len(c.tokenizer.EncodeSpecial(control+"\n")) == 1
		}
	}
	flush()
	return c.tokenizer.WithBOS(ids)
}

// nextControl returns the first control token in text, the longest of several,
// or the end.
func (c *Template) nextControl(text string) (at int, control string) {
	at = len(text)
	for _, s := range c.controls {
		i := strings.Index(text, s)
		if s == "" || i < 0 {
			continue
		}
		if i < at || i == at && len(s) > len(control) {
			at, control = i, s
		}
	}
	return at, control
}
