// Package tokenizer turns text into the tokens of a model's vocabulary and back, as the metadata of a GGUF file
// describe it: byte-level BPE ("gpt2") or SentencePiece BPE ("llama").
package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Token is the number of a vocabulary entry.
type Token = int32

// none stands for a token that the vocabulary lacks.
const none Token = -1

// Metadata is what New reads; *gguf.File is such. The getters return an error if the key is missing or has another
// type. Int and Ints accept integers of every size.
type Metadata interface {
	Has(key string) bool
	Bool(key string) (bool, error)
	Int(key string) (int64, error)
	Ints(key string) ([]int64, error)
	Floats(key string) ([]float32, error)
	String(key string) (string, error)
	Strings(key string) ([]string, error)
}

// model is an algorithm that cuts text in which no special token is left.
type model interface {
	// normalize is applied to the whole of a text first.
	normalize(text string) string
	// encode appends the tokens of text to dst. first says that the text is the start of the whole, or follows a
	// control token.
	encode(dst []Token, text string, first bool) []Token
	// decode returns the bytes that a normal token stands for, given its text in the vocabulary.
	decode(text string) string
	// addsSpace reports whether encode puts a space before a first text.
	addsSpace() bool
}

// Tokenizer encodes and decodes with one vocabulary. It is safe for concurrent use.
type Tokenizer struct {
	vocab
	model    model
	pieces   []string // the bytes that each token decodes to; its text, for control tokens
	inText   *matcher // user-defined tokens, which are part of any text
	inPrompt *matcher // these and control tokens
	eatSpace map[Token]bool
}

// New makes the tokenizer that the metadata keys tokenizer.ggml.* describe. Its errors name the key at fault.
func New(md Metadata) (*Tokenizer, error) {
	t := &Tokenizer{}
	if err := t.read(md); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	return t, nil
}

func (t *Tokenizer) read(md Metadata) error {
	name, err := md.String(keyModel)
	if err != nil {
		return err
	}
	if err := t.vocab.read(md); err != nil {
		return err
	}
	switch name {
	case "llama":
		t.model, err = newSentencePiece(md, &t.vocab)
	case "gpt2":
		t.model, err = newBPE(md, &t.vocab)
	default:
		err = fmt.Errorf("%s is %q; llama and gpt2 are supported", keyModel, name)
	}
	if err != nil {
		return err
	}
	if err := t.readBOS(md); err != nil {
		return err
	}
	if t.eatSpace, err = spaceEaters(md, name, &t.vocab); err != nil {
		return err
	}
	t.pieces = make([]string, t.Size())
	var user, control []special
	for i, text := range t.texts {
		id := Token(i)
		t.pieces[id] = text
		switch t.kinds[id] {
		case kindControl, kindUnknown:
			control = append(control, special{text, id})
		case kindUser:
			t.pieces[id] = t.model.normalize(text)
			user = append(user, special{t.pieces[id], id})
		case kindByte:
			b, _ := byteValue(text)
			t.pieces[id] = string([]byte{b})
		default:
			t.pieces[id] = t.model.decode(text)
		}
	}
	t.inText = newMatcher(user)
	t.inPrompt = newMatcher(slices.Concat(user, control))
	return nil
}

// Encode returns the tokens of a text. Control tokens that the text spells stay plain text, so that a user cannot write
// them. No beginning-of-sequence token is added.
func (t *Tokenizer) Encode(text string) []Token { return t.encode(text, t.inText) }

// EncodeSpecial returns the tokens of a text in which the texts of control tokens, such as "<|im_end|>", stand for those
// tokens: what a chat template renders. No beginning-of-sequence token is added.
func (t *Tokenizer) EncodeSpecial(text string) []Token { return t.encode(text, t.inPrompt) }

// EncodePrompt is EncodeSpecial with the beginning-of-sequence token before it, as WithBOS adds it.
func (t *Tokenizer) EncodePrompt(text string) []Token { return t.WithBOS(t.EncodeSpecial(text)) }

// WithBOS returns ids with the beginning-of-sequence token before them, if the model wants that and they do not begin
// with it already.
func (t *Tokenizer) WithBOS(ids []Token) []Token {
	if bos, ok := t.BOS(); ok && t.AddsBOS() && (len(ids) == 0 || ids[0] != bos) {
		ids = slices.Insert(ids, 0, bos)
	}
	return ids
}

func (t *Tokenizer) encode(text string, specials *matcher) []Token {
	text = t.model.normalize(text)
	ids := make([]Token, 0, len(text)/4+1)
	first := true
	for text != "" {
		start, end, id := specials.find(text)
		if start > 0 {
			ids = t.model.encode(ids, text[:start], first)
			first = false
		}
		text = text[end:]
		if id == none {
			break
		}
		ids = append(ids, id)
		first = t.kinds[id] != kindUser
		if t.eatSpace[id] {
			text = strings.TrimLeftFunc(text, unicode.IsSpace)
		}
	}
	return ids
}
