package tokenizer

import (
	"strings"
	"sync"
)

const (
	cacheWords     = 1 << 16 // at most
	cacheWordBytes = 48      // longer words are too rare to keep
)

// cache remembers the tokens of words. Language repeats its words, so that most are found here.
type cache struct {
	mu    sync.Mutex
	words map[string][]Token
}

// append appends the tokens of a word to dst: those that are known, or else those that encode appends.
func (c *cache) append(dst []Token, word string, encode func(dst []Token) []Token) []Token {
	if ids, ok := c.get(word); ok {
		return append(dst, ids...)
	}
	start := len(dst)
	dst = encode(dst)
	c.put(word, dst[start:])
	return dst
}

func (c *cache) get(word string) ([]Token, bool) {
	if len(word) > cacheWordBytes {
		return nil, false
	}
	c.mu.Lock()
	ids, ok := c.words[word]
	c.mu.Unlock()
	return ids, ok
}

// put keeps copies. A full cache starts anew: cheaper than to find out what is old, and the common words are soon back.
func (c *cache) put(word string, ids []Token) {
	if len(word) > cacheWordBytes {
		return
	}
	word = strings.Clone(word)
	ids = append([]Token(nil), ids...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.words == nil || len(c.words) >= cacheWords {
		c.words = map[string][]Token{}
	}
	c.words[word] = ids
}
