package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// method returns a method of a text, list or dictionary, or nil.
func (r *run) method(v any, name string) any {
	switch v := v.(type) {
	case string:
		if m, ok := textMethods[name]; ok {
			return &function{name, func(r *run, a args) any {
				r.work(len(v))
				return m(r, v, a)
			}}
		}
	case *List:
		if m, ok := listMethods[name]; ok && v.kind != isIterator {
			return &function{name, func(r *run, a args) any { return m(r, v, a) }}
		}
	case *Dict:
		if m, ok := dictMethods[name]; ok {
			return &function{name, func(r *run, a args) any { return m(r, v, a) }}
		}
	}
	return nil
}

var dictMethods = map[string]func(r *run, d *Dict, a args) any{
	"items": func(r *run, d *Dict, a args) any {
		a.bind(r, "items")
		return pairs(r, d, isList)
	},
	"keys": func(r *run, d *Dict, a args) any {
		a.bind(r, "keys")
		list := r.list(len(d.keys), isList)
		copy(list.items, d.keys)
		return list
	},
	"values": func(r *run, d *Dict, a args) any {
		a.bind(r, "values")
		list := r.list(len(d.values), isList)
		copy(list.items, d.values)
		return list
	},
	"get": func(r *run, d *Dict, a args) any {
		p := a.bind(r, "get", "key", "default")
		if isKey(p[0]) {
			if v, ok := d.Get(p[0]); ok {
				return v
			}
		}
		return given(p[1], nil)
	},
	"copy": func(r *run, d *Dict, a args) any {
		a.bind(r, "copy")
		return globalDict(r, "copy", args{pos: []any{d}})
	},
}

// pairs returns the keys with their values.
func pairs(r *run, d *Dict, kind listKind) *List {
	list := r.list(len(d.keys), kind)
	for i, key := range d.keys {
		pair := r.list(2, isTuple)
		pair.items[0], pair.items[1] = key, d.values[i]
		list.items[i] = pair
	}
	return list
}

var listMethods = map[string]func(r *run, l *List, a args) any{
	"count": func(r *run, l *List, a args) any {
		v := a.bind(r, "count", "value")[0]
		n := int64(0)
		for _, item := range l.items {
			if r.equal(item, v) {
				n++
			}
		}
		return n
	},
	"index": func(r *run, l *List, a args) any {
		v := a.bind(r, "index", "value")[0]
		for i, item := range l.items {
			if r.equal(item, v) {
				return int64(i)
			}
		}
		r.fail("%s is not in list", r.str(v))
		return nil
	},
}

var textMethods = map[string]func(r *run, s string, a args) any{
	"strip":  func(r *run, s string, a args) any { return strip(r, s, a.bind(r, "strip", "chars")[0], true, true) },
	"lstrip": func(r *run, s string, a args) any { return strip(r, s, a.bind(r, "lstrip", "chars")[0], true, false) },
	"rstrip": func(r *run, s string, a args) any { return strip(r, s, a.bind(r, "rstrip", "chars")[0], false, true) },
	"split":  func(r *run, s string, a args) any { return splitMethod(r, s, a, false) },
	"rsplit": func(r *run, s string, a args) any { return splitMethod(r, s, a, true) },
	"splitlines": func(r *run, s string, a args) any {
		keep := truth(given(a.bind(r, "splitlines", "keepends")[0], false))
		return texts(r, splitLines(s, keep), isList)
	},
	"partition":    func(r *run, s string, a args) any { return partition(r, s, a, strings.Index, false) },
	"rpartition":   func(r *run, s string, a args) any { return partition(r, s, a, strings.LastIndex, true) },
	"startswith":   func(r *run, s string, a args) any { return affix(r, "startswith", s, a, strings.HasPrefix) },
	"endswith":     func(r *run, s string, a args) any { return affix(r, "endswith", s, a, strings.HasSuffix) },
	"removeprefix": func(r *run, s string, a args) any { return strings.TrimPrefix(s, part(r, "removeprefix", a)) },
	"removesuffix": func(r *run, s string, a args) any { return strings.TrimSuffix(s, part(r, "removesuffix", a)) },
	"find":         func(r *run, s string, a args) any { return position(s, strings.Index(s, part(r, "find", a))) },
	"rfind":        func(r *run, s string, a args) any { return position(s, strings.LastIndex(s, part(r, "rfind", a))) },
	"index": func(r *run, s string, a args) any {
		at := strings.Index(s, part(r, "index", a))
		if at < 0 {
			r.fail("substring not found")
		}
		return position(s, at)
	},
	"count": func(r *run, s string, a args) any { return int64(strings.Count(s, part(r, "count", a))) },
	"replace": func(r *run, s string, a args) any {
		p := a.bind(r, "replace", "old", "new", "count")
		return replace(r, s, r.text(p[0], "what is replaced"), r.text(p[1], "what replaces it"), p[2])
	},
	"join": func(r *run, s string, a args) any {
		items := r.iterate(a.bind(r, "join", "items")[0])
		parts := make([]string, len(items))
		for i, item := range items {
			parts[i] = r.text(item, "what is joined")
		}
		return join(r, parts, s)
	},
	"upper": func(r *run, s string, a args) any { return upper(r, s) },
	"lower": func(r *run, s string, a args) any { return lower(r, s) },
	"title": func(r *run, s string, a args) any {
		return titleWords(r, s, func(c rune) bool { return !unicode.IsLetter(c) })
	},
	"capitalize": func(r *run, s string, a args) any { return capitalize(r, s) },
	"isdigit":    func(r *run, s string, a args) any { return all(s, unicode.IsDigit) },
	"isdecimal":  func(r *run, s string, a args) any { return all(s, unicode.IsDigit) },
	"isnumeric":  func(r *run, s string, a args) any { return all(s, unicode.IsNumber) },
	"isalpha":    func(r *run, s string, a args) any { return all(s, unicode.IsLetter) },
	"isalnum": func(r *run, s string, a args) any {
		return all(s, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) })
	},
	"isspace": func(r *run, s string, a args) any { return all(s, isSpace) },
	"isupper": func(r *run, s string, a args) any { return isUpper(s) },
	"islower": func(r *run, s string, a args) any { return isLower(s) },
}

// part returns the one text that a method takes.
func part(r *run, name string, a args) string {
	return r.text(a.bind(r, name, "sub")[0], "the argument of "+name+"()")
}

// position turns an offset in bytes into one in characters.
func position(s string, at int) int64 {
	if at < 0 {
		return -1
	}
	return int64(utf8.RuneCountInString(s[:at]))
}

// texts returns a list of texts.
func texts(r *run, parts []string, kind listKind) *List {
	list := r.list(len(parts), kind)
	for i, s := range parts {
		list.items[i] = s
	}
	return list
}

func strip(r *run, s string, chars any, left, right bool) string {
	cut := isSpace
	if chars = given(chars, nil); chars != nil {
		set := r.text(chars, "the characters to strip")
		r.work(len(s) * len(set) / 8)
		cut = func(c rune) bool { return strings.ContainsRune(set, c) }
	}
	if left {
		s = strings.TrimLeftFunc(s, cut)
	}
	if right {
		s = strings.TrimRightFunc(s, cut)
	}
	return s
}

func splitMethod(r *run, s string, a args, right bool) any {
	p := a.bind(r, "split", "sep", "maxsplit")
	most := r.integer(given(p[1], int64(-1)), "the number of splits")
	if most < 0 {
		most = len(s) + 1
	}
	r.alloc(16 * len(s)) // no more parts than bytes
	var parts []string
	if separator := given(p[0], nil); separator != nil {
		sep := r.text(separator, "a separator")
		if sep == "" {
			r.fail("empty separator")
		}
		parts = strings.SplitN(s, sep, -1)
		if len(parts) > most+1 {
			if right {
				n := len(parts) - most
				parts = append([]string{strings.Join(parts[:n], sep)}, parts[n:]...)
			} else {
				parts = strings.SplitN(s, sep, most+1)
			}
		}
	} else if right {
		parts = rightFields(s, most)
	} else {
		parts = leftFields(s, most)
	}
	return texts(r, parts, isList)
}

// leftFields cuts text at white space, at most so often.
func leftFields(s string, most int) (parts []string) {
	for s = strings.TrimLeftFunc(s, isSpace); s != ""; s = strings.TrimLeftFunc(s, isSpace) {
		n := strings.IndexFunc(s, isSpace)
		if n < 0 || len(parts) == most {
			return append(parts, s)
		}
		parts = append(parts, s[:n])
		s = s[n:]
	}
	return parts
}

// rightFields does so from the right.
func rightFields(s string, most int) (parts []string) {
	for s = strings.TrimRightFunc(s, isSpace); s != ""; s = strings.TrimRightFunc(s, isSpace) {
		n := strings.LastIndexFunc(s, isSpace)
		if n < 0 || len(parts) == most {
			parts = append(parts, s)
			break
		}
		_, size := utf8.DecodeRuneInString(s[n:])
		parts = append(parts, s[n+size:])
		s = s[:n]
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return parts
}

// splitLines cuts text where Python does.
func splitLines(s string, keep bool) (lines []string) {
	for s != "" {
		end := strings.IndexAny(s, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
		if end < 0 {
			return append(lines, s)
		}
		_, size := utf8.DecodeRuneInString(s[end:])
		if strings.HasPrefix(s[end:], "\r\n") {
			size = 2
		}
		if keep {
			lines = append(lines, s[:end+size])
		} else {
			lines = append(lines, s[:end])
		}
		s = s[end+size:]
	}
	return lines
}

func partition(r *run, s string, a args, find func(s, sep string) int, right bool) any {
	sep := part(r, "partition", a)
	if sep == "" {
		r.fail("empty separator")
	}
	parts := []string{s, "", ""}
	if right {
		parts = []string{"", "", s}
	}
	if i := find(s, sep); i >= 0 {
		parts = []string{s[:i], sep, s[i+len(sep):]}
	}
	return texts(r, parts, isTuple)
}

// affix checks for one of several beginnings or ends.
func affix(r *run, name, s string, a args, has func(s, part string) bool) bool {
	v := a.bind(r, name, "affix")[0]
	list, ok := v.(*List)
	if !ok {
		return has(s, r.text(v, "the argument of "+name+"()"))
	}
	for _, item := range list.items {
		if has(s, r.text(item, "the argument of "+name+"()")) {
			return true
		}
	}
	return false
}

func replace(r *run, s, from, to string, count any) string {
	n := -1
	if count = given(count, nil); count != nil {
		n = r.integer(count, "the number of replacements")
	}
	found := strings.Count(s, from)
	if n >= 0 {
		found = min(found, n)
	}
	if len(to) > 0 && found > maxAllocated/len(to) {
		found = maxAllocated // which is too much
	}
	r.alloc(len(s) + found*len(to))
	return strings.Replace(s, from, to, n)
}

func join(r *run, parts []string, separator string) string {
	for _, s := range parts {
		r.alloc(len(s) + len(separator))
	}
	return strings.Join(parts, separator)
}

func upper(r *run, s string) string {
	r.alloc(2 * len(s))
	return strings.ToUpper(s)
}

func lower(r *run, s string) string {
	r.alloc(2 * len(s))
	return strings.ToLower(s)
}

func capitalize(r *run, s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return upper(r, s[:n]) + lower(r, s[n:])
}

// titleWords capitalises every word; what is between words says the function.
func titleWords(r *run, s string, between func(rune) bool) string {
	r.alloc(2 * len(s))
	first := true
	return strings.Map(func(c rune) rune {
		starts := first
		first = between(c)
		if starts {
			return unicode.ToUpper(c)
		}
		return unicode.ToLower(c)
	}, s)
}

func all(s string, is func(rune) bool) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool { return !is(c) }) < 0
}

func isUpper(s string) bool { return strings.ToUpper(s) == s && strings.ToLower(s) != s }

func isLower(s string) bool { return strings.ToLower(s) == s && strings.ToUpper(s) != s }
