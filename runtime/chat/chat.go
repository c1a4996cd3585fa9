// Package chat turns conversations into a model's tokens with the chat template of its file.
package chat

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
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
	contents := make([]string, len(messages))
	for i, m := range messages {
		contents[i] = m.Content
	}
	text, err := c.render(messages, contents)
	if err != nil {
		return nil, err
	}
	if spans, ok := c.spans(messages, contents, text); ok {
		return c.encode(spans), nil
	}
	for i := range contents {
		contents[i] = c.guard(contents[i])
	}
	if text, err = c.render(messages, contents); err != nil {
		return nil, err
	}
	return c.encode([]span{{text: text, template: true}}), nil
}

// render returns the text of a conversation whose messages have these contents.
func (c *Template) render(messages []Message, contents []string) (string, error) {
	list := make([]map[string]any, len(messages))
	for i, m := range messages {
		list[i] = map[string]any{"role": m.Role, "content": contents[i]}
	}
	text, err := c.template.ExecuteToString(exec.NewContext(map[string]any{
		"messages":              list,
		"add_generation_prompt": true,
		"bos_token":             c.special(c.tokenizer.BOS()),
		"eos_token":             c.special(c.tokenizer.EOS()),
	}))
	if err != nil {
		return "", fmt.Errorf("%s: %s", templateKey, firstLine(err))
	}
	return text, nil
}

// span is a part of a rendered conversation. Only those of the template hold
// control tokens.
type span struct {
	text     string
	template bool
}

// spans cuts text, which contents rendered as, into what the template wrote and
// what came from contents. For that it renders placeholders instead of contents.
// That fails where a template does more with a content than trim it.
func (c *Template) spans(messages []Message, contents []string, text string) (spans []span, ok bool) {
	key := rand.Text()
	places := make([]string, len(contents))
	for i := range places {
		places[i] = fmt.Sprintf("%s-%d-", key, i)
	}
	rest, err := c.render(messages, places)
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

func (c *Template) special(id tokenizer.Token, ok bool) string {
	if !ok {
		return ""
	}
	return c.tokenizer.Token(id)
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
	if bos, ok := c.tokenizer.BOS(); ok && c.tokenizer.AddsBOS() && (len(ids) == 0 || ids[0] != bos) {
		ids = slices.Insert(ids, 0, bos)
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
