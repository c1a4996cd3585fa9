package jinja

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// filters holds the filters, which get the value before the bar and the arguments. (It is set late, since filters call filters.)
var filters map[string]func(r *run, v any, a args) any

func init() {
	filters = map[string]func(r *run, v any, a args) any{
		"abs":        filterAbs,
		"attr":       filterAttr,
		"batch":      filterBatch,
		"capitalize": onText(capitalize),
		"count":      filterLength,
		"d":          filterDefault,
		"default":    filterDefault,
		"dictsort":   filterDictSort,
		"e":          onText(escape),
		"escape":     onText(escape),
		"first":      filterFirst,
		"float":      filterFloat,
		"indent":     filterIndent,
		"int":        filterInt,
		"items":      filterItems,
		"join":       filterJoin,
		"last":       filterLast,
		"length":     filterLength,
		"list":       filterList,
		"lower":      onText(lower),
		"map":        filterMap,
		"max":        func(r *run, v any, a args) any { return extreme(r, v, a, "max", 1) },
		"min":        func(r *run, v any, a args) any { return extreme(r, v, a, "min", -1) },
		"reject":     func(r *run, v any, a args) any { return filterSelect(r, v, a, false, false) },
		"rejectattr": func(r *run, v any, a args) any { return filterSelect(r, v, a, true, false) },
		"replace":    filterReplace,
		"reverse":    filterReverse,
		"round":      filterRound,
		"safe":       onText(func(_ *run, s string) string { return s }),
		"select":     func(r *run, v any, a args) any { return filterSelect(r, v, a, false, true) },
		"selectattr": func(r *run, v any, a args) any { return filterSelect(r, v, a, true, true) },
		"sort":       filterSort,
		"string":     onText(func(_ *run, s string) string { return s }),
		"sum":        filterSum,
		"title":      onText(func(r *run, s string) string { return titleWords(r, s, startsWord) }),
		"tojson":     filterJSON,
		"trim":       func(r *run, v any, a args) any { return strip(r, r.str(v), a.bind(r, "trim", "chars")[0], true, true) },
		"unique":     filterUnique,
		"upper":      onText(upper),
		"wordcount":  func(r *run, v any, a args) any { return int64(len(strings.Fields(r.str(v)))) },
	}
}

// onText makes a filter of a function of text.
func onText(f func(r *run, s string) string) func(*run, any, args) any {
	return func(r *run, v any, a args) any {
		a.bind(r, "the filter")
		return f(r, r.str(v))
	}
}

func startsWord(c rune) bool { return isSpace(c) || strings.ContainsRune("-({[<", c) }

func escape(r *run, s string) string {
	r.alloc(6 * len(s))
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;").Replace(s)
}

func filterAbs(r *run, v any, a args) any {
	i, f, whole, ok := asNumber(v)
	switch {
	case !ok:
		r.defined(v)
		r.fail("bad operand type for abs(): '%s'", typeName(v))
	case !whole:
		return math.Abs(f)
	case i < 0:
		return r.arithmetic("-", int64(0), i)
	}
	return i
}

// filterAttr is the dot for methods and what is built in, but not for a dictionary's items.
func filterAttr(r *run, v any, a args) any {
	name := r.text(a.bind(r, "attr", "name")[0], "a name")
	if _, ok := v.(*Dict); ok && r.method(v, name) == nil {
		return lacks(v, fmt.Sprintf("attribute '%s'", name))
	}
	return r.attribute(v, name)
}

func filterBatch(r *run, v any, a args) any {
	p := a.bind(r, "batch", "linecount", "fill_with")
	items, n := r.iterate(v), r.integer(p[0], "the size of a batch")
	if n < 1 {
		r.fail("a batch of %d", n)
	}
	batches := &List{kind: isIterator}
	for len(items) > 0 {
		size := min(n, len(items))
		fill := given(p[1], nil)
		batch := r.list(size, isList)
		copy(batch.items, items)
		if size < n && fill != nil {
			batch = r.list(n, isList)
			for i := copy(batch.items, items); i < n; i++ {
				batch.items[i] = fill
			}
		}
		batches.items = append(batches.items, batch)
		items = items[size:]
	}
	return batches
}

func filterDefault(r *run, v any, a args) any {
	p := a.bind(r, "default", "default_value", "boolean")
	if isUndefined(v) || truth(given(p[1], false)) && !truth(v) {
		return given(p[0], "")
	}
	return v
}

func filterFirst(r *run, v any, a args) any {
	if items := r.iterate(v); len(items) > 0 {
		return items[0]
	}
	return undefined{"No first item, sequence was empty."}
}

func filterLast(r *run, v any, a args) any {
	if items := r.iterate(v); len(items) > 0 {
		return items[len(items)-1]
	}
	return undefined{"No last item, sequence was empty."}
}

func filterLength(r *run, v any, a args) any { return int64(r.length(v)) }

func filterFloat(r *run, v any, a args) any {
	otherwise := given(a.bind(r, "float", "default")[0], 0.0)
	if _, f, _, ok := asNumber(v); ok {
		return f
	}
	if s, ok := v.(string); ok {
		if f, err := strconv.ParseFloat(strings.TrimFunc(s, isSpace), 64); err == nil {
			return f
		}
	}
	return otherwise
}

func filterInt(r *run, v any, a args) any {
	p := a.bind(r, "int", "default", "base")
	otherwise := given(p[0], int64(0))
	i, f, whole, ok := asNumber(v)
	if s, isText := v.(string); isText {
		s = strings.TrimFunc(s, isSpace)
		base := r.integer(given(p[1], int64(10)), "a base")
		if base < 2 || base > 36 {
			return otherwise
		}
		digits := strings.ToLower(s)
		if prefix := map[int]string{2: "0b", 8: "0o", 16: "0x"}[base]; prefix != "" {
			digits = strings.TrimPrefix(digits, prefix)
		}
		if n, err := strconv.ParseInt(digits, base, 64); err == nil {
			return n
		}
		f, whole, ok = 0, false, false
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			f, ok = n, true
		}
	}
	switch {
	case ok && whole:
		return i
	case ok && math.Abs(f) < 1<<63:
		return int64(f)
	}
	return otherwise
}

func filterIndent(r *run, v any, a args) any {
	p := a.bind(r, "indent", "width", "first", "blank")
	indent, ok := given(p[0], int64(4)).(string)
	if !ok {
		n := r.repeats(int64(r.integer(given(p[0], int64(4)), "a width")), 1)
		r.alloc(n)
		indent = strings.Repeat(" ", n)
	}
	lines := splitLines(r.str(v)+"\n", false)
	for i, line := range lines {
		if i == 0 && !truth(given(p[1], false)) || i > 0 && line == "" && !truth(given(p[2], false)) {
			continue
		}
		r.alloc(len(indent) + len(line))
		lines[i] = indent + line
	}
	return join(r, lines, "\n")
}

func filterItems(r *run, v any, a args) any {
	switch v := v.(type) {
	case *Dict:
		return pairs(r, v, isIterator)
	case undefined:
		return &List{kind: isIterator}
	}
	r.fail("Can only get item pairs from a mapping.")
	return nil
}

func filterJoin(r *run, v any, a args) any {
	p := a.bind(r, "join", "d", "attribute")
	key := getter(r, p[1])
	items := r.iterate(v)
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = r.str(key(item))
	}
	return join(r, parts, r.str(given(p[0], "")))
}

func filterList(r *run, v any, a args) any {
	items := r.iterate(v)
	list := r.list(len(items), isList)
	copy(list.items, items)
	return list
}

// getter returns the function that gets what an attribute names: "a", 0, or "a.b.0".
func getter(r *run, attribute any) func(v any) any {
	attribute = given(attribute, nil)
	var path []any
	switch at := attribute.(type) {
	case nil:
		return func(v any) any { return v }
	case string:
		for _, part := range strings.Split(at, ".") {
			if n, err := strconv.ParseInt(part, 10, 64); err == nil {
				path = append(path, n)
				continue
			}
			path = append(path, part)
		}
	default:
		path = []any{at}
	}
	return func(v any) any {
		for _, key := range path {
			v = r.index(v, key)
		}
		return v
	}
}

func filterMap(r *run, v any, a args) any {
	var apply func(v any) any
	if len(a.pos) == 0 {
		p := a.bind(r, "map", "", "attribute", "default")
		get := getter(r, p[1])
		apply = func(v any) any {
			got := get(v)
			if isUndefined(got) {
				return given(p[2], got)
			}
			return got
		}
	} else {
		name := r.text(a.pos[0], "a filter's name")
		filter, ok := filters[name]
		if !ok {
			r.fail("no filter named %q", name)
		}
		apply = func(v any) any { return filter(r, v, args{a.pos[1:], a.named}) }
	}
	items := r.iterate(v)
	list := r.list(len(items), isIterator)
	for i, item := range items {
		list.items[i] = apply(item)
	}
	return list
}

// filterSelect keeps the items, or those with an attribute, that pass a test, or else that are true; or those that do not.
func filterSelect(r *run, v any, a args, byAttribute, want bool) any {
	get := getter(r, nil)
	if byAttribute {
		if len(a.pos) == 0 {
			r.fail("missing parameter for attribute name")
		}
		get = getter(r, a.pos[0])
		a.pos = a.pos[1:]
	}
	passes := truth
	if len(a.pos) > 0 {
		name := r.text(a.pos[0], "a test's name")
		test, ok := tests[name]
		if !ok {
			r.fail("no test named %q", name)
		}
		passes = func(v any) bool { return test(r, v, args{a.pos[1:], a.named}) }
	}
	list := &List{kind: isIterator}
	for _, item := range r.iterate(v) {
		if passes(get(item)) == want {
			r.alloc(16)
			list.items = append(list.items, item)
		}
	}
	return list
}

func filterReplace(r *run, v any, a args) any {
	p := a.bind(r, "replace", "old", "new", "count")
	return replace(r, r.str(v), r.str(given(p[0], "")), r.str(given(p[1], "")), p[2])
}

func filterReverse(r *run, v any, a args) any {
	if s, ok := v.(string); ok {
		r.alloc(5 * len(s))
		chars := []rune(s)
		slices.Reverse(chars)
		return string(chars)
	}
	list := filterList(r, v, a).(*List)
	list.kind = isIterator
	slices.Reverse(list.items)
	return list
}

func filterRound(r *run, v any, a args) any {
	p := a.bind(r, "round", "precision", "method")
	i, f, whole, ok := asNumber(v)
	if !ok {
		r.defined(v)
		r.fail("cannot round a %s", typeName(v))
	}
	precision := r.integer(given(p[0], int64(0)), "a precision")
	scale := math.Pow(10, float64(precision))
	switch method := given(p[1], "common"); method {
	case "ceil":
		return math.Ceil(f*scale) / scale
	case "floor":
		return math.Floor(f*scale) / scale
	case "common":
		if whole && precision >= 0 {
			return i
		}
		if precision < 0 {
			f = math.RoundToEven(f*scale) / scale
			if whole {
				return int64(f)
			}
			return f
		}
		// The decimal that is nearest, as Python takes it.
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', min(precision, 400), 64), 64)
		return rounded
	}
	r.fail("method must be common, ceil or floor")
	return nil
}

// sortKey returns the function that gets what an item is sorted by.
func sortKey(r *run, caseSensitive, attribute any) func(v any) any {
	get := getter(r, attribute)
	if truth(given(caseSensitive, false)) {
		return get
	}
	return func(v any) any {
		v = get(v)
		if s, ok := v.(string); ok {
			return lower(r, s)
		}
		return v
	}
}

// sorted returns the items in the order of their keys.
func sorted(r *run, items []any, key func(v any) any, reverse bool) *List {
	type entry struct{ key, item any }
	list := r.list(len(items), isList)
	entries := make([]entry, len(items))
	for i, item := range items {
		entries[i] = entry{key(item), item}
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if reverse {
			return r.compare("<", b.key, a.key)
		}
		return r.compare("<", a.key, b.key)
	})
	for i, e := range entries {
		list.items[i] = e.item
	}
	return list
}

func filterSort(r *run, v any, a args) any {
	p := a.bind(r, "sort", "reverse", "case_sensitive", "attribute")
	return sorted(r, r.iterate(v), sortKey(r, p[1], p[2]), truth(given(p[0], false)))
}

func filterDictSort(r *run, v any, a args) any {
	p := a.bind(r, "dictsort", "case_sensitive", "by", "reverse")
	d, ok := v.(*Dict)
	if !ok {
		r.defined(v)
		r.fail("dictsort needs a dictionary, not %s", typeName(v))
	}
	at, ok := map[any]int64{"key": 0, "value": 1}[given(p[1], "key")]
	if !ok {
		r.fail(`You can only sort by either "key" or "value"`)
	}
	return sorted(r, pairs(r, d, isList).items, sortKey(r, p[0], at), truth(given(p[2], false)))
}

func extreme(r *run, v any, a args, name string, sign int) any {
	p := a.bind(r, name, "case_sensitive", "attribute")
	items := r.iterate(v)
	if len(items) == 0 {
		return undefined{"No aggregated item, sequence was empty."}
	}
	key := sortKey(r, p[0], p[1])
	best, bestKey := items[0], key(items[0])
	for _, item := range items[1:] {
		if k := key(item); r.compare("<", k, bestKey)*sign > 0 {
			best, bestKey = item, k
		}
	}
	return best
}

func filterSum(r *run, v any, a args) any {
	p := a.bind(r, "sum", "attribute", "start")
	get := getter(r, p[0])
	total := given(p[1], int64(0))
	for _, item := range r.iterate(v) {
		total = r.arithmetic("+", total, get(item))
	}
	return total
}

func filterUnique(r *run, v any, a args) any {
	p := a.bind(r, "unique", "case_sensitive", "attribute")
	key := sortKey(r, p[0], p[1])
	seen := map[any]bool{}
	list := &List{kind: isIterator}
	for _, item := range r.iterate(v) {
		k := key(item)
		if !isKey(k) {
			r.fail("unhashable type: '%s'", typeName(k))
		}
		if !seen[k] {
			r.alloc(128)
			seen[k] = true
			list.items = append(list.items, item)
		}
	}
	return list
}

func filterJSON(r *run, v any, a args) any {
	p := a.bind(r, "tojson", "ensure_ascii", "indent", "separators", "sort_keys")
	w := &jsonWriter{r: r, comma: ", ", colon: ": ", ascii: truth(given(p[0], false)), sort: truth(given(p[3], false))}
	switch indent := given(p[1], nil).(type) {
	case nil:
	case string:
		w.lines, w.indent, w.comma = true, indent, ","
	default:
		n := r.repeats(int64(r.integer(indent, "an indentation")), 1)
		r.alloc(n)
		w.lines, w.indent, w.comma = true, strings.Repeat(" ", n), ","
	}
	if separators := given(p[2], nil); separators != nil {
		pair := r.iterate(separators)
		if len(pair) != 2 {
			r.fail("%d separators; want two", len(pair))
		}
		w.comma, w.colon = r.text(pair[0], "a separator"), r.text(pair[1], "a separator")
	}
	w.write(v, 0)
	return strings.ToValidUTF8(w.b.String(), string(utf8.RuneError))
}
