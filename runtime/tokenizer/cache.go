package tokenizer

import (
	"strings"
	"sync"
)

const (
	cacheWords     = 1 << 15 // at most
	cacheWordBytes = 48      // longer words are too rare to keep
)

// cache remembers the tokens of words. Language repeats its words, so that most are found here.
type cache struct {
	mu    sync.Mutex
	words map[string][]Token
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
