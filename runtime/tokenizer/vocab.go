package tokenizer

import (
	"fmt"
	"math"
	"slices"
)

// The metadata keys.
const (
	keyModel       = "tokenizer.ggml.model"
	keyPre         = "tokenizer.ggml.pre"
	keyTokens      = "tokenizer.ggml.tokens"
	keyTypes       = "tokenizer.ggml.token_type"
	keyScores      = "tokenizer.ggml.scores"
	keyMerges      = "tokenizer.ggml.merges"
	keyBOS         = "tokenizer.ggml.bos_token_id"
	keyEOS         = "tokenizer.ggml.eos_token_id"
	keyEOT         = "tokenizer.ggml.eot_token_id"
	keyEOM         = "tokenizer.ggml.eom_token_id"
	keyUnknown     = "tokenizer.ggml.unknown_token_id"
	keyAddBOS      = "tokenizer.ggml.add_bos_token"
	keySpacePrefix = "tokenizer.ggml.add_space_prefix"
	keyNFC         = "tokenizer.ggml.normalizer.nfc"
)

// kind is what a token is for, numbered as in the metadata.
type kind uint8

const (
	kindUndefined kind = iota
	kindNormal
	kindUnknown
	kindControl
	kindUser // a text that is one token wherever it occurs
	kindUnused
	kindByte
)

// vocab is the list of tokens, and what is known of some.
type vocab struct {
	texts    []string // as in the metadata
	kinds    []kind
	ids      map[string]Token // the first token of each text
	bos, eos Token
	unknown  Token
	addsBOS  bool
	eog      []Token // ascending
}

func (v *vocab) read(md Metadata) error {
	var err error
	if v.texts, err = md.Strings(keyTokens); err != nil {
		return err
	}
	if len(v.texts) == 0 || len(v.texts) > math.MaxInt32 {
		return fmt.Errorf("%s has %d entries", keyTokens, len(v.texts))
	}
	v.ids = make(map[string]Token, len(v.texts))
	for id, text := range v.texts {
		if _, ok := v.ids[text]; !ok {
			v.ids[text] = Token(id)
		}
	}
	if v.bos, err = v.readID(md, keyBOS); err != nil {
		return err
	}
	if v.eos, err = v.readID(md, keyEOS); err != nil {
		return err
	}
	eot, err := v.readID(md, keyEOT)
	if err != nil {
		return err
	}
	eom, err := v.readID(md, keyEOM)
	if err != nil {
		return err
	}
	if v.unknown, err = v.readID(md, keyUnknown); err != nil {
		return err
	}
	// Some vocabularies name their end token here. Text must not become that.
	if v.unknown == v.bos || v.unknown == v.eos {
		v.unknown = none
	}
	if err := v.readKinds(md); err != nil {
		return err
	}
	v.eog = endTokens(v, v.eos, eot, eom)
	return nil
}

// readID returns the token that a key names. A missing key and the number -1, in any size, mean that there is none.
func (v *vocab) readID(md Metadata, key string) (Token, error) {
	if !md.Has(key) {
		return none, nil
	}
	id, err := md.Int(key)
	switch {
	case err != nil:
		return none, err
	case id == -1 || id == math.MaxUint32:
		return none, nil
	case id < 0 || id >= int64(len(v.texts)):
		return none, fmt.Errorf("%s is %d; the vocabulary has %d tokens", key, id, len(v.texts))
	}
	return Token(id), nil
}

// readKinds reads what each token is for. Files without that list have normal tokens, but for those that other keys name
// and for byte tokens.
func (v *vocab) readKinds(md Metadata) error {
	v.kinds = make([]kind, len(v.texts))
	if !md.Has(keyTypes) {
		for id, text := range v.texts {
			v.kinds[id] = kindNormal
			if _, ok := byteValue(text); ok {
				v.kinds[id] = kindByte
			}
		}
		for _, id := range []Token{v.bos, v.eos} {
			if id != none {
				v.kinds[id] = kindControl
			}
		}
		if v.unknown != none {
			v.kinds[v.unknown] = kindUnknown
		}
		return nil
	}
	types, err := md.Ints(keyTypes)
	if err != nil {
		return err
	}
	if len(types) != len(v.texts) {
		return fmt.Errorf("%s has %d entries; %s has %d", keyTypes, len(types), keyTokens, len(v.texts))
	}
	for id, n := range types {
		if n < 0 || n > int64(kindByte) {
			return fmt.Errorf("%s[%d] is %d; 0 to %d are known", keyTypes, id, n, kindByte)
		}
		v.kinds[id] = kind(n)
		if _, ok := byteValue(v.texts[id]); kind(n) == kindByte && !ok {
			return fmt.Errorf("%s[%d], a byte token, is %q; want <0x00> to <0xFF>", keyTokens, id, v.texts[id])
		}
	}
	return nil
}

// readBOS reads whether the model wants a beginning-of-sequence token. Before it v.addsBOS is the model's default.
func (v *vocab) readBOS(md Metadata) error {
	if md.Has(keyAddBOS) {
		adds, err := md.Bool(keyAddBOS)
		if err != nil {
			return err
		}
		v.addsBOS = adds
	}
	v.addsBOS = v.addsBOS && v.bos != none
	return nil
}

// plain returns the token that a text may merge to, and whether there is one. Control tokens never come of merging, so that
// no text can spell them.
func (v *vocab) plain(text string) (Token, bool) {
	id, ok := v.ids[text]
	return id, ok && v.isPlain(id)
}

func (v *vocab) isPlain(id Token) bool {
	k := v.kinds[id]
	return k != kindControl && k != kindUnknown && k != kindByte
}

// Size returns the number of tokens.
func (v *vocab) Size() int { return len(v.texts) }

// Token returns the text of a token as it stands in the vocabulary, where spaces and bytes may be written in the
// model's own way; "" if there is no such token.
func (v *vocab) Token(id Token) string {
	if id < 0 || int(id) >= len(v.texts) {
		return ""
	}
	return v.texts[id]
}

// Lookup returns the token of a text as it stands in the vocabulary, special tokens included.
func (v *vocab) Lookup(text string) (Token, bool) {
	id, ok := v.ids[text]
	return id, ok
}

// BOS returns the beginning-of-sequence token, if there is one.
func (v *vocab) BOS() (id Token, ok bool) { return v.bos, v.bos != none }

// AddsBOS reports whether the model wants its beginning-of-sequence token before every text.
func (v *vocab) AddsBOS() bool { return v.addsBOS }

// EOS returns the end-of-sequence token, if there is one. Generation may end with others too: see EOG.
func (v *vocab) EOS() (id Token, ok bool) { return v.eos, v.eos != none }

// EOG returns all tokens that end a generation, in ascending order. The list must not be changed.
func (v *vocab) EOG() []Token { return v.eog }

// IsEOG reports whether a token ends a generation.
func (v *vocab) IsEOG(id Token) bool {
	_, found := slices.BinarySearch(v.eog, id)
	return found
}

// IsControl reports whether a token is a control token: one that stands for no text.
func (v *vocab) IsControl(id Token) bool {
	return id >= 0 && int(id) < len(v.kinds) && (v.kinds[id] == kindControl || v.kinds[id] == kindUnknown)
}
