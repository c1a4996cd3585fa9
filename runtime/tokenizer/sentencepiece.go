package tokenizer

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode/utf8"
)

// metaSpace is how SentencePiece writes a space in its vocabulary.
const metaSpace = "▁"

// sentencePiece merges neighbours whose joint text is a token, the one with the highest score first. Characters that are
// not in the vocabulary become byte tokens.
type sentencePiece struct {
	v         *vocab
	scores    []float32
	bytes     [256]Token
	prefix    bool
	maxBytes  int           // of a token that merging makes
	spaceGlue map[rune]bool // the characters that some token has right before a space
	cache     cache
	mergers   sync.Pool
}

func newSentencePiece(md Metadata, v *vocab) (*sentencePiece, error) {
	s := &sentencePiece{v: v, prefix: true, spaceGlue: map[rune]bool{}, mergers: sync.Pool{New: func() any { return new(merger) }}}
	var err error
	if s.scores, err = md.Floats(keyScores); err != nil {
		return nil, err
	}
	if len(s.scores) != v.Size() {
		return nil, fmt.Errorf("%s has %d entries; %s has %d", keyScores, len(s.scores), keyTokens, v.Size())
	}
	if md.Has(keySpacePrefix) {
		if s.prefix, err = md.Bool(keySpacePrefix); err != nil {
			return nil, err
		}
	}
	s.defaults(md)
	for i := range s.bytes {
		s.bytes[i] = v.unknown
	}
	for id, text := range v.texts {
		if math.IsNaN(float64(s.scores[id])) {
			return nil, fmt.Errorf("%s[%d] is not a number", keyScores, id)
		}
		if v.kinds[id] == kindByte {
			b, _ := byteValue(text)
			s.bytes[b] = Token(id)
		}
		if v.isPlain(Token(id)) {
			s.maxBytes = max(s.maxBytes, len(text))
			s.noteSpaces(text)
		}
	}
	if v.unknown == none {
		for b, id := range s.bytes {
			if id == none {
				return nil, fmt.Errorf("the vocabulary has neither a token for byte %#02x nor one for unknown text", b)
			}
		}
	}
	return s, nil
}

// defaults fills in what files made before the keys existed leave out.
func (s *sentencePiece) defaults(md Metadata) {
	v := s.v
	v.addsBOS = true
	for _, d := range []struct {
		key  string
		id   *Token
		text string
	}{{keyBOS, &v.bos, "<s>"}, {keyEOS, &v.eos, "</s>"}, {keyUnknown, &v.unknown, "<unk>"}} {
		if id, ok := v.ids[d.text]; ok && !md.Has(d.key) && v.kinds[id] != kindNormal {
			*d.id = id
		}
	}
}

// noteSpaces notes the characters that stand before a space inside of a token. Before any other space no token
// continues, so that text can be cut there.
func (s *sentencePiece) noteSpaces(text string) {
	text = s.normalize(text)
	for i := 1; i < len(text); i++ {
		if text[i] == ' ' {
			before, _ := utf8.DecodeLastRuneInString(text[:i])
			s.spaceGlue[before] = true
		}
	}
}

// normalize takes the vocabulary's sign for a space for a space, as SentencePiece does.
func (s *sentencePiece) normalize(text string) string {
	return strings.ReplaceAll(text, metaSpace, " ")
}

func (s *sentencePiece) decode(text string) string { return s.normalize(text) }

func (s *sentencePiece) addsSpace() bool { return s.prefix }

func (s *sentencePiece) encode(dst []Token, text string, first bool) []Token {
	if first && s.prefix {
		text = " " + text
	}
	for text != "" {
		n := s.wordEnd(text)
		dst = s.word(dst, text[:n])
		text = text[n:]
	}
	return dst
}

// wordEnd returns the length of the shortest part of text after which no token continues.
func (s *sentencePiece) wordEnd(text string) int {
	for i := 1; i < len(text); i++ {
		n := strings.IndexByte(text[i:], ' ')
		if n < 0 {
			break
		}
		i += n
		if before, _ := utf8.DecodeLastRuneInString(text[:i]); !s.spaceGlue[before] {
			return i
		}
	}
	return len(text)
}

func (s *sentencePiece) word(dst []Token, word string) []Token {
	return s.cache.append(dst, word, func(dst []Token) []Token { return s.mergeWord(dst, word) })
}

func (s *sentencePiece) mergeWord(dst []Token, word string) []Token {
	m := s.mergers.Get().(*merger)
	defer s.mergers.Put(m)
	m.reset()
	text := strings.ReplaceAll(word, " ", metaSpace)
	for rest := text; rest != ""; {
		n := characterSize(rest)
		id, ok := s.v.plain(rest[:n])
		if !ok {
			id = none
		}
		m.add(n, id)
		rest = rest[n:]
	}
	m.run(text, s)
	for _, sym := range m.syms {
		switch {
		case sym.size == 0:
		case sym.id != none:
			dst = append(dst, sym.id)
		default:
			for _, b := range []byte(text[sym.start : sym.start+sym.size]) {
				dst = append(dst, s.bytes[b])
			}
		}
	}
	return dst
}

// rank implements ranker.
func (s *sentencePiece) rank(text string, left, right *symbol) (priority uint32, id Token, ok bool) {
	size := left.size + right.size
	if int(size) > s.maxBytes {
		return 0, none, false
	}
	id, ok = s.v.plain(text[left.start : left.start+size])
	if !ok {
		return 0, none, false
	}
	return descending(s.scores[id]), id, true
}

// descending maps floats to integers in the opposite order.
func descending(score float32) uint32 {
	b := math.Float32bits(score + 0) // the sum turns -0 into 0
	if b>>31 == 0 {
		return ^(b | 1<<31)
	}
	return b
}

// byteValue returns the byte that a text like <0x0A> stands for.
func byteValue(text string) (b byte, ok bool) {
	const digits = "0123456789ABCDEF"
	if len(text) != 6 || text[:3] != "<0x" || text[5] != '>' {
		return 0, false
	}
	high, low := strings.IndexByte(digits, text[3]), strings.IndexByte(digits, text[4])
	return byte(high<<4 | low), high >= 0 && low >= 0
}
