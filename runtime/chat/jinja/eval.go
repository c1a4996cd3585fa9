package jinja

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

func (r *run) eval(x expr) any {
	r.enter()
	v := x.eval(r)
	r.leave()
	return v
}

func (x literal) eval(*run) any { return x.value }

func (x nameExpr) eval(r *run) any {
	if v, ok := r.scope.get(x.name); ok {
		return v
	}
	return undefined{fmt.Sprintf("'%s' is undefined", x.name)}
}

func (x attrExpr) eval(r *run) any { return r.attribute(r.eval(x.x), x.name) }

func (x indexExpr) eval(r *run) any {
	v := r.eval(x.x)
	return r.index(v, r.eval(x.index))
}

// attribute returns v.name: a method, or else what a dictionary holds.
func (r *run) attribute(v any, name string) any {
	if m := r.method(v, name); m != nil {
		return m
	}
	if item, ok := field(v, name); ok {
		return item
	}
	r.defined(v)
	return lacks(v, fmt.Sprintf("attribute '%s'", name))
}

// index returns v[key]: what a list, text or dictionary holds, or else a method.
func (r *run) index(v, key any) any {
	if name, ok := key.(string); ok {
		if item, ok := field(v, name); ok {
			return item
		}
		if m := r.method(v, name); m != nil {
			return m
		}
		r.defined(v)
		return lacks(v, fmt.Sprintf("attribute '%s'", name))
	}
	r.defined(v)
	switch v := v.(type) {
	case *Dict:
		if isKey(key) {
			if item, ok := v.Get(key); ok {
				return item
			}
		}
	case *List:
		if i, ok := place(key, len(v.items)); ok {
			return v.items[i]
		}
	case string:
		r.alloc(4 * len(v))
		chars := []rune(v)
		if i, ok := place(key, len(chars)); ok {
			return string(chars[i])
		}
	}
	r.defined(key)
	return lacks(v, "element "+r.str(key))
}

func lacks(v any, what string) undefined {
	of := fmt.Sprintf("'%s object'", typeName(v))
	if v == nil {
		of = "'None'"
	}
	return undefined{of + " has no " + what}
}

// field returns what a dictionary, or the like, holds under a name.
func field(v any, name string) (any, bool) {
	switch v := v.(type) {
	case *Dict:
		return v.Get(name)
	case *namespace:
		return v.Get(name)
	case *loop:
		return v.field(name)
	}
	return nil, false
}

// place returns the position that an index, which may count from the end, stands for.
func place(key any, n int) (int, bool) {
	i, _, whole, ok := asNumber(key)
	if !ok || !whole {
		return 0, false
	}
	if i < 0 {
		i += int64(n)
	}
	return int(i), i >= 0 && i < int64(n)
}

func (x sliceExpr) eval(r *run) any {
	v := r.eval(x.x)
	bound := func(x expr) any {
		if x == nil {
			return nil
		}
		return r.eval(x)
	}
	start, stop, step := bound(x.start), bound(x.stop), bound(x.step)
	switch v := v.(type) {
	case *List:
		places := r.slice(len(v.items), start, stop, step)
		list := r.list(len(places), v.kind)
		for i, at := range places {
			list.items[i] = v.items[at]
		}
		return list
	case string:
		r.alloc(5 * len(v))
		chars := []rune(v)
		var b strings.Builder
		for _, at := range r.slice(len(chars), start, stop, step) {
			b.WriteRune(chars[at])
		}
		return b.String()
	}
	r.defined(v)
	r.fail("'%s' object cannot be sliced", typeName(v))
	return nil
}

// slice returns the positions that a slice of n items takes.
func (r *run) slice(n int, start, stop, step any) []int {
	by := 1
	if step != nil {
		by = r.integer(step, "the step of a slice")
	}
	if by == 0 {
		r.fail("slice step cannot be zero")
	}
	low, high := 0, n // of positions, where a slice may begin and end
	if by < 0 {
		low, high = -1, n-1
	}
	limit := func(v any, otherwise int) int {
		if v == nil {
			return otherwise
		}
		i := r.integer(v, "an index of a slice")
		if i < 0 {
			i += n
		}
		return max(low, min(i, high))
	}
	var from, to int
	if by > 0 {
		from, to = limit(start, low), limit(stop, high)
	} else {
		from, to = limit(start, high), limit(stop, low)
	}
	r.alloc(8 * n)
	var places []int
	for i := from; by > 0 && i < to || by < 0 && i > to; i += by {
		places = append(places, i)
	}
	return places
}

func (x unaryExpr) eval(r *run) any {
	v := r.eval(x.x)
	if x.op == "not" {
		return !truth(v)
	}
	i, f, whole, ok := asNumber(v)
	switch {
	case !ok:
		r.defined(v)
		r.fail("bad operand type for unary %s: '%s'", x.op, typeName(v))
		return nil
	case x.op == "+" && whole:
		return i
	case x.op == "+":
		return f
	case whole:
		return r.arithmetic("-", int64(0), i)
	}
	return -f
}

func (x binaryExpr) eval(r *run) any {
	a := r.eval(x.a)
	switch x.op {
	case "and":
		if !truth(a) {
			return a
		}
		return r.eval(x.b)
	case "or":
		if truth(a) {
			return a
		}
		return r.eval(x.b)
	}
	return r.arithmetic(x.op, a, r.eval(x.b))
}

func (r *run) arithmetic(op string, a, b any) any {
	r.defined(a)
	r.defined(b)
	ai, af, aWhole, aOK := asNumber(a)
	bi, bf, bWhole, bOK := asNumber(b)
	switch {
	case aOK && bOK && aWhole && bWhole && op != "/" && (op != "**" || bi >= 0):
		return r.integers(op, ai, bi)
	case aOK && bOK:
		return r.floats(op, af, bf)
	case op == "*" && aWhole && aOK:
		a, b, bi, bWhole, bOK = b, a, ai, true, true
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok && op == "+" {
			r.alloc(len(x) + len(y))
			return x + y
		}
		if op == "*" && bOK && bWhole {
			n := r.repeats(bi, len(x))
			r.alloc(n * len(x))
			return strings.Repeat(x, n)
		}
	case *List:
		if y, ok := b.(*List); ok && op == "+" && x.kind == y.kind {
			list := r.list(len(x.items)+len(y.items), x.kind)
			copy(list.items[copy(list.items, x.items):], y.items)
			return list
		}
		if op == "*" && bOK && bWhole {
			n := r.repeats(bi, len(x.items))
			list := r.list(n*len(x.items), x.kind)
			for i := range n {
				copy(list.items[i*len(x.items):], x.items)
			}
			return list
		}
	}
	r.fail("unsupported operand types for %s: '%s' and '%s'", op, typeName(a), typeName(b))
	return nil
}

// repeats returns how often size items are to be repeated, if that is not out of all bounds.
func (r *run) repeats(n int64, size int) int {
	if n <= 0 || size == 0 {
		return 0
	}
	if n > maxAllocated/int64(size) {
		r.fail("rendering takes more than %d MiB", maxAllocated>>20)
	}
	return int(n)
}

func (r *run) integers(op string, a, b int64) any {
	switch op {
	case "+":
		if c := a + b; (c > a) == (b > 0) {
			return c
		}
	case "-":
		if c := a - b; (c < a) == (b > 0) {
			return c
		}
	case "*":
		if c, ok := multiply(a, b); ok {
			return c
		}
	case "//", "%":
		if b == 0 {
			r.fail("integer division or modulo by zero")
		}
		if b == -1 {
			return r.integers(map[string]string{"//": "-", "%": "*"}[op], 0, a)
		}
		quotient, rest := a/b, a%b
		if rest != 0 && (rest < 0) != (b < 0) {
			quotient, rest = quotient-1, rest+b
		}
		if op == "%" {
			return rest
		}
		return quotient
	case "**":
		c, ok := int64(1), true
		for base := a; ok && b > 0; b >>= 1 {
			if b&1 != 0 {
				c, ok = multiply(c, base)
			}
			if b > 1 && ok {
				base, ok = multiply(base, base)
			}
		}
		if ok {
			return c
		}
	}
	r.fail("%s: the result does not fit into 64 bits", op)
	return nil
}

func multiply(a, b int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	if high != 0 || low > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(low), true
	}
	return int64(low), true
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func (r *run) floats(op string, a, b float64) any {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "**":
		return math.Pow(a, b)
	}
	if b == 0 {
		r.fail("division by zero")
	}
	switch op {
	case "/":
		return a / b
	case "//":
		return math.Floor(a / b)
	}
	rest := math.Mod(a, b)
	if rest != 0 && (rest < 0) != (b < 0) {
		rest += b
	}
	return rest
}

func (x concatExpr) eval(r *run) any {
	parts := make([]string, len(x.parts))
	size := 0
	for i, part := range x.parts {
		parts[i] = r.str(r.eval(part))
		size += len(parts[i])
	}
	r.alloc(size)
	return strings.Join(parts, "")
}

func (x compareExpr) eval(r *run) any {
	a := r.eval(x.first)
	for i, op := range x.ops {
		b := r.eval(x.rest[i])
		if !r.holds(op, a, b) {
			return false
		}
		a = b
	}
	return true
}

func (r *run) holds(op string, a, b any) bool {
	switch op {
	case "==":
		return r.equal(a, b)
	case "!=":
		return !r.equal(a, b)
	case "in":
		return r.contains(b, a)
	case "not in":
		return !r.contains(b, a)
	case "<":
		return r.compare(op, a, b) < 0
	case "<=":
		return r.compare(op, a, b) <= 0
	case ">":
		return r.compare(op, a, b) > 0
	}
	return r.compare(op, a, b) >= 0
}

// contains reports whether a part of text, an item or a key is in v.
func (r *run) contains(v, item any) bool {
	switch v := v.(type) {
	case string:
		r.work(len(v))
		return strings.Contains(v, r.text(item, "what is looked for in text"))
	case *Dict:
		if !isKey(item) {
			return false
		}
		_, ok := v.Get(item)
		return ok
	}
	for _, other := range r.iterate(v) {
		if r.equal(other, item) {
			return true
		}
	}
	return false
}

func (x condExpr) eval(r *run) any {
	if truth(r.eval(x.test)) {
		return r.eval(x.then)
	}
	if x.orElse == nil {
		return undefined{"the inline if-expression evaluated to false and no else section was defined."}
	}
	return r.eval(x.orElse)
}

func (x listExpr) eval(r *run) any {
	list := r.list(len(x.items), x.kind)
	for i, item := range x.items {
		list.items[i] = r.eval(item)
	}
	return list
}

func (x dictExpr) eval(r *run) any {
	d := &Dict{}
	r.alloc(128 * len(x.keys))
	for i := range x.keys {
		key := r.eval(x.keys[i])
		if !isKey(key) {
			r.fail("a %s cannot be a key", typeName(key))
		}
		d.Set(key, r.eval(x.values[i]))
	}
	return d
}

func (x *callExpr) eval(r *run) any {
	f := r.eval(x.x)
	return r.call(f, x.args(r))
}

func (x *callExpr) args(r *run) args {
	a := args{pos: make([]any, len(x.pos))}
	for i, arg := range x.pos {
		a.pos[i] = r.eval(arg)
	}
	for _, arg := range x.named {
		v := r.eval(arg.x)
		if arg.name != "" {
			a.named = append(a.named, namedArg{arg.name, v})
			continue
		}
		d, ok := v.(*Dict)
		if !ok {
			r.fail("** needs a dictionary, not %s", typeName(v))
		}
		for i, key := range d.keys {
			a.named = append(a.named, namedArg{r.text(key, "an argument's name"), d.values[i]})
		}
	}
	return a
}

// call calls a function, or a recursive loop.
func (r *run) call(f any, a args) any {
	r.enter()
	defer r.leave()
	switch f := f.(type) {
	case *function:
		return f.call(r, a)
	case *loop:
		if f.recurs != nil {
			return f.recurs(r, a)
		}
	}
	r.defined(f)
	r.fail("'%s' object is not callable", typeName(f))
	return nil
}

func (x *filterExpr) eval(r *run) any { return x.apply(r, r.eval(x.x)) }

func (x *filterExpr) apply(r *run, v any) any { return filters[x.name](r, v, x.call.args(r)) }

func (r *run) applyAll(chain []*filterExpr, v any) any {
	for _, f := range chain {
		v = f.apply(r, v)
	}
	return v
}

func (x testExpr) eval(r *run) any {
	v := r.eval(x.x)
	return tests[x.name](r, v, x.call.args(r)) != x.not
}
