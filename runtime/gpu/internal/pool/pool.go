// Package pool keeps released things of one kind for reuse, up to a number of bytes.
package pool

import "container/list"

// Pool holds values under keys: a value can stand in for another of its key.
// The zero Pool holds nothing; it is not safe for concurrent use.
type Pool[K comparable, V any] struct {
	limit int64
	held  int64
	byAge *list.List // of entry[K, V], oldest first
	byKey map[K][]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
	bytes int64
}

// New returns a pool that holds at most limit bytes.
func New[K comparable, V any](limit int64) *Pool[K, V] {
	return &Pool[K, V]{limit: limit, byAge: list.New(), byKey: map[K][]*list.Element{}}
}

// Held returns the bytes in the pool.
func (p *Pool[K, V]) Held() int64 { return p.held }

// Get takes out the value that was put last under key.
func (p *Pool[K, V]) Get(key K) (value V, ok bool) {
	stack := p.byKey[key]
	if len(stack) == 0 {
		return value, false
	}
	return p.remove(stack[len(stack)-1]), true
}

// Put adds a value of so many bytes, and returns what must go to stay within
// the limit: the oldest first, or the value itself if it is too large.
func (p *Pool[K, V]) Put(key K, value V, bytes int64) (evicted []V) {
	if bytes > p.limit {
		return []V{value}
	}
	p.byKey[key] = append(p.byKey[key], p.byAge.PushBack(entry[K, V]{key, value, bytes}))
	p.held += bytes
	for p.held > p.limit {
		evicted = append(evicted, p.remove(p.byAge.Front()))
	}
	return evicted
}

// Drain takes everything out, oldest first.
func (p *Pool[K, V]) Drain() (all []V) {
	for p.byAge.Len() > 0 {
		all = append(all, p.remove(p.byAge.Front()))
	}
	return all
}

func (p *Pool[K, V]) remove(e *list.Element) V {
	it := p.byAge.Remove(e).(entry[K, V])
	stack := p.byKey[it.key]
	for i, other := range stack {
		if other == e {
			stack = append(stack[:i], stack[i+1:]...)
			break
		}
	}
	if len(stack) == 0 {
		delete(p.byKey, it.key)
	} else {
		p.byKey[it.key] = stack
	}
	p.held -= it.bytes
	return it.value
}
