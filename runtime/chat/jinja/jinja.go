// Package jinja renders the Jinja templates that come with chat models, as Python's jinja2 does with trim_blocks, lstrip_blocks
// and loop controls, and within limits: a template comes with a model's file, and is not to be trusted.
//
// Libraries were tried first, on the templates of twelve models. gonja v2.9.1 sorts the keys of tojson, and fails on some
// templates; ardanlabs/jinja v1.8.0 renders all, but for the order of keys where tojson indents. Neither sets any limit: a macro
// that calls itself ends the process, and so does 'a' * 10000000000. That cannot be mended from outside, because it is the
// evaluation that must count.
//
// What differs from jinja2 on purpose: numbers are 64 bits wide, iterators can be walked more than once, nothing is escaped by
// itself, and nothing changes a list or a dictionary (as in its immutable sandbox). There is no inheritance and no including.
package jinja

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The limits of a template. Real ones have at most some 30 KB, and take thousands of steps.
const (
	maxSource    = 1 << 20    // bytes of a template
	maxNesting   = 200        // of a template's expressions and blocks, and of values read from JSON
	maxDepth     = 2000       // of evaluation
	maxSteps     = 10_000_000 // of evaluation; some seconds
	maxAllocated = 128 << 20  // bytes of text and lists made while rendering, over all
)

// Template is a parsed template. It is safe for concurrent use.
type Template struct {
	body []node
}

// Error is what is wrong with a template, or what it raised.
type Error struct {
	Line    int // from 1
	Message string
	Raised  bool // by the template itself, with raise_exception
}

func (e *Error) Error() string {
	if e.Raised {
		return e.Message
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Message)
}

// fail ends parsing or rendering with an error. Parse and Render recover it, so that the code between needs no error results.
func fail(line int, format string, args ...any) {
	panic(&Error{Line: line, Message: fmt.Sprintf(format, args...)})
}

// catch turns the panic of fail into an error.
func catch(err *error) {
	switch e := recover().(type) {
	case nil:
	case *Error:
		*err = e
	default:
		panic(e)
	}
}

// Parse parses a template.
func Parse(source string) (t *Template, err error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("the template has %d bytes; at most %d are accepted", len(source), maxSource)
	}
	defer catch(&err)
	p := &parser{tokens: lex(source)}
	body, _ := p.body()
	return &Template{body: body}, nil
}

// Render returns the text of a template for the variables given: nil, bool, int64, float64, string, *List and *Dict. The time is
// what strftime_now tells. Errors are *Error.
func (t *Template) Render(variables *Dict, now time.Time) (text string, err error) {
	defer catch(&err)
	r := &run{out: new(strings.Builder), now: now, scope: newScope(globals)}
	r.scope = newScope(r.scope)
	for i, key := range variables.keys {
		name, ok := key.(string)
		if !ok {
			return "", errors.New("a variable's name is not text")
		}
		r.scope.vars[name] = variables.values[i]
	}
	r.exec(t.body)
	return r.out.String(), nil
}
