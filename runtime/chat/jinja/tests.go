package jinja

// tests holds the tests of "is".
var tests map[string]func(r *run, v any, a args) bool

func init() {
	is := func(of func(v any) bool) func(*run, any, args) bool {
		return func(r *run, v any, a args) bool {
			a.bind(r, "a test")
			return of(v)
		}
	}
	compares := func(op string) func(*run, any, args) bool {
		return func(r *run, v any, a args) bool { return r.holds(op, v, one(r, a)) }
	}
	tests = map[string]func(*run, any, args) bool{
		"defined":   is(func(v any) bool { return !isUndefined(v) }),
		"undefined": is(isUndefined),
		"none":      is(func(v any) bool { return v == nil }),
		"boolean":   is(func(v any) bool { return typeName(v) == "bool" }),
		"true":      is(func(v any) bool { return v == true }),
		"false":     is(func(v any) bool { return v == false }),
		"integer":   is(func(v any) bool { return typeName(v) == "int" }),
		"float":     is(func(v any) bool { return typeName(v) == "float" }),
		"number": is(func(v any) bool {
			_, _, _, ok := asNumber(v)
			return ok
		}),
		"string":  is(func(v any) bool { return typeName(v) == "str" }),
		"mapping": is(func(v any) bool { return typeName(v) == "dict" }),
		"iterable": is(func(v any) bool {
			switch v.(type) {
			case string, *List, *Dict, undefined, *loop:
				return true
			}
			return false
		}),
		"sequence": is(func(v any) bool {
			list, ok := v.(*List)
			return ok && list.kind != isIterator || typeName(v) == "str" || typeName(v) == "dict" || isUndefined(v)
		}),
		"callable": is(func(v any) bool {
			_, ok := v.(*function)
			return ok
		}),
		"odd":         func(r *run, v any, a args) bool { return r.integer(v, "what is odd")%2 != 0 },
		"even":        func(r *run, v any, a args) bool { return r.integer(v, "what is even")%2 == 0 },
		"divisibleby": func(r *run, v any, a args) bool { return r.arithmetic("%", v, one(r, a)) == int64(0) },
		"upper":       func(r *run, v any, a args) bool { return isUpper(r.str(v)) },
		"lower":       func(r *run, v any, a args) bool { return isLower(r.str(v)) },
		"sameas":      func(r *run, v any, a args) bool { return v == one(r, a) },
		"in":          compares("in"),
	}
	for op, names := range map[string][]string{
		"==": {"eq", "equalto"}, "!=": {"ne"}, "<": {"lt", "lessthan"}, "<=": {"le"}, ">": {"gt", "greaterthan"}, ">=": {"ge"},
	} {
		for _, name := range append(names, op) {
			tests[name] = compares(op)
		}
	}
}

func isUndefined(v any) bool {
	_, ok := v.(undefined)
	return ok
}

// one returns the one argument of a test.
func one(r *run, a args) any {
	v := a.bind(r, "a test", "other")[0]
	if v == (absent{}) {
		r.fail("a test lacks its argument")
	}
	return v
}
