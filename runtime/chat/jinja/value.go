package jinja

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A template's values are nil, bool, int64, float64, string, *List, *Dict, undefined, *namespace, *loop and *function.

type listKind uint8

const (
	isList listKind = iota
	isTuple
	isIterator // what filters return; it is true even if empty
)

// List is a sequence of values.
type List struct {
	items []any
	kind  listKind
}

// NewList returns a list of values.
func NewList(items ...any) *List { return &List{items: items} }

// Dict maps keys to values, in the order of their first setting.
type Dict struct {
	keys, values []any
	places       map[any]int
}

// Set sets the value of a key, which is nil, bool, int64, float64 or string.
func (d *Dict) Set(key, value any) {
	place := identity(key)
	if i, ok := d.places[place]; ok {
		d.values[i] = value
		return
	}
	if d.places == nil {
		d.places = map[any]int{}
	}
	d.places[place] = len(d.keys)
	d.keys = append(d.keys, key)
	d.values = append(d.values, value)
}

// Get returns the value of a key.
func (d *Dict) Get(key any) (value any, ok bool) {
	i, ok := d.places[identity(key)]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// identity returns what equal keys have in common: true, 1 and 1.0 are one key.
func identity(key any) any {
	if i, f, whole, ok := asNumber(key); ok && whole {
		return i
	} else if ok && f == float64(int64(f)) {
		return int64(f)
	}
	return key
}

// namespace is a dictionary whose values a template may set.
type namespace struct{ Dict }

// undefined is the value of what does not exist. Most uses of it fail, with its message.
type undefined struct{ message string }

// function is what can be called.
type function struct {
	name string
	call func(r *run, a args) any
}

// isKey reports whether a value can be a dictionary's key.
func isKey(v any) bool {
	switch v.(type) {
	case nil, bool, int64, float64, string:
		return true
	}
	return false
}

// typeName returns Python's name for a value's type.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case *List:
		return [...]string{"list", "tuple", "generator"}[v.kind]
	case *Dict:
		return "dict"
	case undefined:
		return "Undefined"
	case *namespace:
		return "Namespace"
	case *loop:
		return "LoopContext"
	}
	return "function"
}

func truth(v any) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case *List:
		return len(v.items) > 0 || v.kind == isIterator
	case *Dict:
		return len(v.keys) > 0
	}
	return true
}

// asNumber returns a number as both kinds, and whether it is an integer. A bool is one.
func asNumber(v any) (i int64, f float64, whole, ok bool) {
	switch v := v.(type) {
	case bool:
		if v {
			i = 1
		}
		return i, float64(i), true, true
	case int64:
		return v, float64(v), true, true
	case float64:
		return 0, v, false, true
	}
	return 0, 0, false, false
}

// equal compares as == does.
func (r *run) equal(a, b any) bool {
	r.enter()
	defer r.leave()
	if ai, af, whole, ok := asNumber(a); ok {
		bi, bf, bothWhole, ok := asNumber(b)
		if whole && bothWhole {
			return ok && ai == bi
		}
		return ok && af == bf
	}
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		r.work(len(a))
		return ok && a == b
	case *List:
		b, ok := b.(*List)
		if !ok || a.kind != b.kind || len(a.items) != len(b.items) {
			return false
		}
		for i := range a.items {
			if !r.equal(a.items[i], b.items[i]) {
				return false
			}
		}
		return true
	case *Dict:
		b, ok := b.(*Dict)
		if !ok || len(a.keys) != len(b.keys) {
			return false
		}
		for i, key := range a.keys {
			other, ok := b.Get(key)
			if !ok || !r.equal(a.values[i], other) {
				return false
			}
		}
		return true
	case undefined:
		_, ok := b.(undefined)
		return ok
	}
	return a == b
}

// compare orders two numbers, texts or lists; other values have no order.
func (r *run) compare(op string, a, b any) int {
	r.enter()
	defer r.leave()
	if ai, af, whole, ok := asNumber(a); ok {
		if bi, bf, bothWhole, ok := asNumber(b); ok {
			if whole && bothWhole {
				return cmp.Compare(ai, bi)
			}
			return cmp.Compare(af, bf)
		}
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			r.work(min(len(x), len(y)))
			return strings.Compare(x, y)
		}
	case *List:
		if y, ok := b.(*List); ok {
			for i := range min(len(x.items), len(y.items)) {
				if c := r.compare(op, x.items[i], y.items[i]); c != 0 {
					return c
				}
			}
			return cmp.Compare(len(x.items), len(y.items))
		}
	}
	r.defined(a)
	r.defined(b)
	r.fail("'%s' not supported between instances of '%s' and '%s'", op, typeName(a), typeName(b))
	return 0
}

// iterate returns the items of a list, the keys of a dictionary or the characters of a text.
func (r *run) iterate(v any) []any {
	switch v := v.(type) {
	case *List:
		r.work(len(v.items))
		return v.items
	case *Dict:
		r.work(len(v.keys))
		return v.keys
	case *namespace:
		return r.iterate(&v.Dict)
	case string:
		r.alloc(32 * utf8.RuneCountInString(v))
		items := make([]any, 0, len(v))
		for _, c := range v {
			items = append(items, string(c))
		}
		return items
	case undefined:
		return nil
	}
	r.fail("'%s' object is not iterable", typeName(v))
	return nil
}

// length returns the number of a value's items.
func (r *run) length(v any) int {
	switch v := v.(type) {
	case string:
		r.work(len(v))
		return utf8.RuneCountInString(v)
	case *List:
		return len(v.items)
	case *Dict:
		return len(v.keys)
	case *loop:
		return len(v.items)
	case undefined:
		return 0
	}
	r.fail("object of type '%s' has no len()", typeName(v))
	return 0
}

// str returns what a template prints for a value.
func (r *run) str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case undefined:
		return ""
	}
	var b strings.Builder
	r.repr(&b, v)
	return b.String()
}

// repr writes a value as Python shows it within others.
func (r *run) repr(b *strings.Builder, v any) {
	r.enter()
	defer r.leave()
	put := func(s string) {
		r.alloc(len(s))
		b.WriteString(s)
	}
	switch v := v.(type) {
	case nil:
		put("None")
	case bool:
		put(map[bool]string{false: "False", true: "True"}[v])
	case int64:
		put(strconv.FormatInt(v, 10))
	case float64:
		put(formatFloat(v))
	case string:
		put(quote(v))
	case *List:
		brackets := "[]"
		if v.kind == isTuple {
			brackets = "()"
		}
		put(brackets[:1])
		for i, item := range v.items {
			if i > 0 {
				put(", ")
			}
			r.repr(b, item)
		}
		if v.kind == isTuple && len(v.items) == 1 {
			put(",")
		}
		put(brackets[1:])
	case *Dict:
		put("{")
		for i, key := range v.keys {
			if i > 0 {
				put(", ")
			}
			r.repr(b, key)
			put(": ")
			r.repr(b, v.values[i])
		}
		put("}")
	case *namespace:
		put("<Namespace ")
		r.repr(b, &v.Dict)
		put(">")
	case undefined:
		put("Undefined")
	default:
		put("<" + typeName(v) + ">")
	}
}

// formatFloat writes a float as Python does.
func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case f != 0 && (math.Abs(f) < 1e-4 || math.Abs(f) >= 1e16):
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// quote writes a string as a Python literal.
func quote(s string) string {
	mark := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		mark = '"'
	}
	b := []byte{mark}
	for _, r := range s {
		switch {
		case r == rune(mark) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r < 0x100:
			b = append(b, `\x`+padHex(r, 2)...)
		case r < 0x10000:
			b = append(b, `\u`+padHex(r, 4)...)
		default:
			b = append(b, `\U`+padHex(r, 8)...)
		}
	}
	return string(append(b, mark))
}

func padHex(r rune, width int) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", max(width-len(s), 0)) + s
}
