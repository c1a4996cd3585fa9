package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Decode returns the text of tokens. Control tokens have none, bytes that are not UTF-8 become U+FFFD each, and tokens
// outside the vocabulary are left out.
func (t *Tokenizer) Decode(ids []Token) string { return decodeAll(t.NewDecoder(), ids) }

// DecodeSpecial is Decode with the texts of control tokens.
func (t *Tokenizer) DecodeSpecial(ids []Token) string { return decodeAll(t.NewSpecialDecoder(), ids) }

func decodeAll(d *Decoder, ids []Token) string {
	var text strings.Builder
	for _, id := range ids {
		text.WriteString(d.Next(id))
	}
	text.WriteString(d.Flush())
	return text.String()
}

// Decoder decodes token by token, and returns whole characters only. Next is to be called for the tokens of the prompt
// too, and its results ignored, if the text goes on from there: at the start of a text a SentencePiece model's first
// space is left out.
type Decoder struct {
	t       *Tokenizer
	special bool
	started bool   // a text token has been seen
	pending []byte // the beginning of a character
}

// NewDecoder returns a decoder of a new text that leaves out control tokens.
func (t *Tokenizer) NewDecoder() *Decoder { return &Decoder{t: t} }

// NewSpecialDecoder returns a decoder of a new text that writes the texts of control tokens.
func (t *Tokenizer) NewSpecialDecoder() *Decoder { return &Decoder{t: t, special: true} }

// Next returns the characters that a token completes.
func (d *Decoder) Next(id Token) string {
	if id < 0 || int(id) >= len(d.t.pieces) {
		return ""
	}
	piece := d.t.pieces[id]
	if d.t.IsControl(id) {
		text := d.Flush()
		if d.special {
			text += piece
		}
		return text
	}
	if !d.started && piece != "" {
		d.started = true
		if d.t.model.addsSpace() && d.t.kinds[id] != kindUser {
			piece = strings.TrimPrefix(piece, " ")
		}
	}
	if len(d.pending) == 0 && utf8.ValidString(piece) {
		return piece
	}
	d.pending = append(d.pending, piece...)
	var text []byte
	for len(d.pending) > 0 && utf8.FullRune(d.pending) {
		r, n := utf8.DecodeRune(d.pending)
		text = utf8.AppendRune(text, r)
		d.pending = d.pending[n:]
	}
	return string(text)
}

// Flush ends the text, or a part of it: it returns a U+FFFD for each byte of an incomplete character.
func (d *Decoder) Flush() string {
	n := len(d.pending)
	d.pending = d.pending[:0]
	return strings.Repeat("\uFFFD", n)
}
