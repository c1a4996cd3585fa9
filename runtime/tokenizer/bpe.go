package tokenizer

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// bpe cuts text into words and merges the bytes of each word in the order of a list of merges.
type bpe struct {
	v       *vocab
	pre     *pretokenizer
	whole   bool // a word that is a token needs no merging
	nfc     bool // text is brought into Unicode's composed form first
	bytes   [256]Token
	merges  map[pair]merge
	chunks  cache
	words   cache // that are a part of their chunk
	mergers sync.Pool
}

type pair struct{ left, right Token }

type merge struct {
	rank uint32
	id   Token
}

func newBPE(md Metadata, v *vocab) (*bpe, error) {
	name := "default"
	if md.Has(keyPre) {
		var err error
		if name, err = md.String(keyPre); err != nil {
			return nil, err
		}
	}
	scheme, ok := schemes[name]
	if !ok {
		return nil, fmt.Errorf("%s is %q, an unknown pre-tokeniser", keyPre, name)
	}
	v.addsBOS = scheme.addsBOS
	b := &bpe{v: v, pre: newPretokenizer(scheme), whole: scheme.whole, mergers: sync.Pool{New: func() any { return new(merger) }}}
	if md.Has(keyNFC) { // which tokenizer.json tells, while the usual GGUF files leave it out
		var err error
		if b.nfc, err = md.Bool(keyNFC); err != nil {
			return nil, err
		}
	}
	for i := range b.bytes {
		id, ok := v.plain(string(byteToRune[i]))
		if !ok {
			id = v.unknown
		}
		b.bytes[i] = id
	}
	return b, b.readMerges(md)
}

func (b *bpe) readMerges(md Metadata) error {
	list, err := md.Strings(keyMerges)
	if err != nil {
		return err
	}
	if len(list) > math.MaxUint32 {
		return fmt.Errorf("%s has %d entries", keyMerges, len(list))
	}
	b.merges = make(map[pair]merge, len(list))
	var joint []byte
	for i, text := range list {
		left, right, ok := strings.Cut(text, " ")
		if !ok || left == "" || right == "" || strings.Contains(right, " ") {
			return fmt.Errorf("%s[%d] is %q; want two pieces with a space between them", keyMerges, i, text)
		}
		joint = append(append(joint[:0], left...), right...)
		var p pair
		for _, part := range []struct {
			text string
			id   *Token
		}{{left, &p.left}, {right, &p.right}} {
			if *part.id, ok = b.v.ids[part.text]; !ok {
				return fmt.Errorf("%s[%d] is %q; %q is not in the vocabulary", keyMerges, i, text, part.text)
			}
		}
		id, ok := b.v.ids[string(joint)]
		if !ok {
			return fmt.Errorf("%s[%d] is %q; %q is not in the vocabulary", keyMerges, i, text, joint)
		}
		if _, ok := b.merges[p]; !ok && b.v.isPlain(id) {
			b.merges[p] = merge{uint32(i), id}
		}
	}
	return nil
}

func (b *bpe) normalize(text string) string {
	if b.nfc {
		return norm.NFC.String(text)
	}
	return text
}

func (b *bpe) decode(text string) string { return byteLevelBytes(text) }

func (b *bpe) addsSpace() bool { return false }

func (b *bpe) encode(dst []Token, text string, _ bool) []Token {
	for text != "" {
		n := chunkEnd(text)
		dst = b.chunk(dst, text[:n])
		text = text[n:]
	}
	return dst
}

func (b *bpe) chunk(dst []Token, chunk string) []Token {
	if len(chunk) > cacheWordBytes {
		b.pre.split(chunk, func(word string) { dst = b.word(dst, word) })
		return dst
	}
	return b.chunks.append(dst, chunk, func(dst []Token) []Token {
		b.pre.split(chunk, func(word string) {
			if len(word) == len(chunk) {
				dst = b.mergeWord(dst, word)
				return
			}
			dst = b.word(dst, word)
		})
		return dst
	})
}

func (b *bpe) word(dst []Token, word string) []Token {
	return b.words.append(dst, word, func(dst []Token) []Token { return b.mergeWord(dst, word) })
}

func (b *bpe) mergeWord(dst []Token, word string) []Token {
	if b.whole {
		if id, ok := b.v.plain(string(appendByteLevel(nil, word))); ok {
			return append(dst, id)
		}
	}
	m := b.mergers.Get().(*merger)
	defer b.mergers.Put(m)
	m.reset()
	for _, c := range []byte(word) {
		m.add(1, b.bytes[c])
	}
	m.run(word, b)
	for _, sym := range m.syms {
		// A byte that the vocabulary lacks, with no token for unknown text either, is lost.
		if sym.size > 0 && sym.id != none {
			dst = append(dst, sym.id)
		}
	}
	return dst
}

// rank implements ranker.
func (b *bpe) rank(_ string, left, right *symbol) (priority uint32, id Token, ok bool) {
	m, ok := b.merges[pair{left.id, right.id}]
	return m.rank, m.id, ok
}
