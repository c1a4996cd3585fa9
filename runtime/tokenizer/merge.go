package tokenizer

import "unicode/utf8"

// ranker says which neighbours merge.
type ranker interface {
	// rank returns the token that two neighbouring symbols of text merge to. Smaller priorities merge first, and the
	// leftmost of equal ones.
	rank(text string, left, right *symbol) (priority uint32, id Token, ok bool)
}

// symbol is a part of the text that is merged: a token, or none for a single character that is no token.
type symbol struct {
	prev, next  int32 // neighbours; -1 at the ends
	start, size int32 // in bytes of the text; size is 0 once the symbol has become a part of its left neighbour
	id          Token
}

// candidate is a merge that was possible when it was found.
type candidate struct {
	key   uint64 // priority, then position
	right int32
	size  int32 // bytes of both symbols
	id    Token
}

func (c *candidate) left() int32 { return int32(c.key & 0xffffffff) }

// merger merges the symbols of one text, the most urgent pair first, until no pair merges: in time n·log n, with a queue
// of candidates. A candidate goes stale when one of its symbols merges with another, and is then ignored.
type merger struct {
	syms  []symbol
	queue []candidate
}

// reset starts a new text.
func (m *merger) reset() { m.syms, m.queue = m.syms[:0], m.queue[:0] }

// add appends a symbol of size bytes.
func (m *merger) add(size int, id Token) {
	s := symbol{prev: int32(len(m.syms)) - 1, next: -1, size: int32(size), id: id}
	if s.prev >= 0 {
		before := &m.syms[s.prev]
		before.next = int32(len(m.syms))
		s.start = before.start + before.size
	}
	m.syms = append(m.syms, s)
}

// run merges. Afterwards the symbols left are those whose size is not 0.
func (m *merger) run(text string, r ranker) {
	for i := 1; i < len(m.syms); i++ {
		m.consider(text, r, int32(i-1), int32(i))
	}
	for len(m.queue) > 0 {
		c := m.pop()
		left, right := &m.syms[c.left()], &m.syms[c.right]
		if left.size == 0 || left.next != c.right || left.size+right.size != c.size {
			continue
		}
		left.size, left.id, left.next = c.size, c.id, right.next
		right.size = 0
		if left.next >= 0 {
			m.syms[left.next].prev = c.left()
			m.consider(text, r, c.left(), left.next)
		}
		if left.prev >= 0 {
			m.consider(text, r, left.prev, c.left())
		}
	}
}

// consider queues the merge of two neighbours, if they merge.
func (m *merger) consider(text string, r ranker, left, right int32) {
	a, b := &m.syms[left], &m.syms[right]
	if priority, id, ok := r.rank(text, a, b); ok {
		m.push(candidate{uint64(priority)<<32 | uint64(left), right, a.size + b.size, id})
	}
}

// push and pop keep the queue a binary heap, the smallest key at the top. (container/heap would box every candidate.)
func (m *merger) push(c candidate) {
	m.queue = append(m.queue, c)
	i := len(m.queue) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if m.queue[parent].key <= c.key {
			break
		}
		m.queue[i] = m.queue[parent]
		i = parent
	}
	m.queue[i] = c
}

func (m *merger) pop() candidate {
	top := m.queue[0]
	last := len(m.queue) - 1
	c := m.queue[last]
	m.queue = m.queue[:last]
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && m.queue[child+1].key < m.queue[child].key {
			child++
		}
		if c.key <= m.queue[child].key {
			break
		}
		m.queue[i] = m.queue[child]
		i = child
	}
	if last > 0 {
		m.queue[i] = c
	}
	return top
}

// characterSize returns the length of the first character of text; a byte that is not UTF-8 is a character.
func characterSize(text string) int {
	_, n := utf8.DecodeRuneInString(text)
	return n
}
