package jinja

import (
	"strings"
	"time"
)

// run is the state of one rendering.
type run struct {
	out       *strings.Builder
	scope     *scope
	now       time.Time
	line      int // of the statement
	depth     int
	steps     int
	allocated int
}

// scope holds the variables of a part of a template.
type scope struct {
	vars   map[string]any
	parent *scope
}

func newScope(parent *scope) *scope { return &scope{map[string]any{}, parent} }

func (s *scope) get(name string) (any, bool) {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

func (r *run) fail(format string, args ...any) { fail(r.line, format, args...) }

// enter counts a step of evaluation, until leave one level down.
func (r *run) enter() {
	if r.depth++; r.depth > maxDepth {
		r.fail("evaluation goes more than %d deep", maxDepth)
	}
	r.work(0)
}

func (r *run) leave() { r.depth-- }

// work counts the looking at so many bytes or items.
func (r *run) work(n int) {
	if r.steps += 1 + n/64; r.steps > maxSteps {
		r.fail("rendering takes more than %d steps", maxSteps)
	}
}

// alloc counts memory that is about to be taken.
func (r *run) alloc(bytes int) {
	if bytes < 0 || bytes > maxAllocated-r.allocated {
		r.fail("rendering takes more than %d MiB", maxAllocated>>20)
	}
	r.work(bytes)
	r.allocated += bytes
}

// list returns a list of n values to be set.
func (r *run) list(n int, kind listKind) *List {
	const valueBytes = 16
	if n > maxAllocated/valueBytes {
		n = maxAllocated // which is too much
	}
	r.alloc(n * valueBytes)
	return &List{make([]any, n), kind}
}

// scoped runs f with variables of its own.
func (r *run) scoped(parent *scope, f func()) {
	r.work(1024) // about what a scope costs
	outer := r.scope
	r.scope = newScope(parent)
	f()
	r.scope = outer
}

// capture returns what statements write, in a scope of their own.
func (r *run) capture(parent *scope, prepare func(), body []node) string {
	out := r.out
	r.out = new(strings.Builder)
	r.scoped(parent, func() {
		prepare()
		r.exec(body)
	})
	text := r.out.String()
	r.out = out
	return text
}

func (r *run) write(text string) {
	r.alloc(len(text))
	r.out.WriteString(text)
}

// defined fails for an undefined value.
func (r *run) defined(v any) {
	if u, ok := v.(undefined); ok {
		r.fail("%s", u.message)
	}
}

// args are the arguments of a call.
type args struct {
	pos   []any
	named []namedArg
}

type namedArg struct {
	name  string
	value any
}

// absent stands for an argument that was not given.
type absent struct{}

// bind returns the arguments in the order of parameters, absent where none is given.
func (a args) bind(r *run, name string, params ...string) []any {
	bound := make([]any, len(params))
	for i := range bound {
		bound[i] = absent{}
	}
	if len(a.pos) > len(params) {
		r.fail("%s() takes at most %d arguments; %d are given", name, len(params), len(a.pos))
	}
	copy(bound, a.pos)
	for _, n := range a.named {
		i := 0
		for i < len(params) && params[i] != n.name {
			i++
		}
		if i == len(params) {
			r.fail("%s() has no parameter %q", name, n.name)
		}
		if bound[i] != (absent{}) {
			r.fail("%s() has two values for parameter %q", name, n.name)
		}
		bound[i] = n.value
	}
	return bound
}

// given returns an argument, or what stands for it.
func given(v, otherwise any) any {
	if v == (absent{}) {
		return otherwise
	}
	return v
}

// text returns an argument that has to be text.
func (r *run) text(v any, what string) string {
	s, ok := v.(string)
	if !ok {
		r.defined(v)
		r.fail("%s must be text, not %s", what, typeName(v))
	}
	return s
}

// integer returns an argument that has to be a whole number.
func (r *run) integer(v any, what string) int {
	i, _, whole, ok := asNumber(v)
	if !ok || !whole {
		r.defined(v)
		r.fail("%s must be a whole number, not %s", what, typeName(v))
	}
	return int(max(min(i, 1<<31-1), -1<<31)) // no text or list is that long
}
