// Package chat turns conversations into a model's tokens with the chat template of its file.
package chat

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/nikolalohinski/gonja/v2"
	"github.com/nikolalohinski/gonja/v2/exec"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// templateKey is the metadata key of a chat template.
const templateKey = "tokenizer.chat_template"

// The roles of messages.
const (
	System    = "system"
	User      = "user"
	Assistant = "assistant"
)

// Message is one turn of a conversation.
type Message struct {
	Role, Content string
}

// Template renders conversations as a model was trained to read them.
type Template struct {
	tokenizer *tokenizer.Tokenizer
	template  *exec.Template
	controls  []string // texts of control tokens
}

// NewTemplate returns the chat template of a file, which must have one.
func NewTemplate(f *gguf.File, t *tokenizer.Tokenizer) (*Template, error) {
	text, err := f.String(templateKey)
	if err != nil {
		return nil, fmt.Errorf("the model has no chat template: %w", err)
	}
	parsed, err := gonja.FromString(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", templateKey, firstLine(err))
	}
	c := &Template{tokenizer: t, template: parsed}
	for id := range tokenizer.Token(t.Size()) {
		if t.IsControl(id) {
			c.controls = append(c.controls, t.Token(id))
		}
	}
	return c, nil
}

// firstLine shortens gonja's errors, which quote the whole template.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// Tokens returns a conversation up to where the assistant's next turn begins.
// Control tokens that a message spells are text: a user cannot end a turn.
func (c *Template) Tokens(messages []Message) ([]tokenizer.Token, error) {
	guarded := make([]map[string]any, len(messages))
	plain := true
	for i, m := range messages {
		content := c.guard(m.Content)
		plain = plain && content == m.Content
		guarded[i] = map[string]any{"role": m.Role, "content": content}
	}
	text, err := c.template.ExecuteToString(exec.NewContext(map[string]any{
		"messages":              guarded,
		"add_generation_prompt": true,
		"bos_token":             c.special(c.tokenizer.BOS()),
		"eos_token":             c.special(c.tokenizer.EOS()),
	}))
	if err != nil {
		return nil, fmt.Errorf("%s: %s", templateKey, firstLine(err))
	}
	if plain {
		return c.tokenizer.EncodePrompt(text), nil
	}
	return c.encodeGuarded(text), nil
}

func (c *Template) special(id tokenizer.Token, ok bool) string {
	if !ok {
		return ""
	}
	return c.tokenizer.Token(id)
}

// mark stands within the text of a control token in a message, so that it is
// none. It is a noncharacter, which no text holds.
const mark = "\uFDD0"

// guard puts a mark into every control token that text spells.
func (c *Template) guard(text string) string {
	for _, control := range c.controls {
		_, n := utf8.DecodeRuneInString(control)
		if n > 0 {
			text = strings.ReplaceAll(text, control, control[:n]+mark+control[n:])
		}
	}
	return text
}

// encodeGuarded encodes text with marks: what lies between control tokens is
// plain once the marks are gone.
func (c *Template) encodeGuarded(text string) []tokenizer.Token {
	var ids []tokenizer.Token
	if bos, ok := c.tokenizer.BOS(); ok && c.tokenizer.AddsBOS() && !strings.HasPrefix(text, c.tokenizer.Token(bos)) {
		ids = append(ids, bos)
	}
	for text != "" {
		at, control := c.nextControl(text)
		if at > 0 {
			ids = append(ids, c.tokenizer.Encode(strings.ReplaceAll(text[:at], mark, ""))...)
		}
		if control != "" {
			id, _ := c.tokenizer.Lookup(control)
			ids = append(ids, id)
		}
		text = text[at+len(control):]
	}
	return ids
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
