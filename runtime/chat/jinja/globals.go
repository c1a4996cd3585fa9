package jinja

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// globals are the functions that every template finds.
var globals = &scope{vars: map[string]any{}}

func init() {
	for name, call := range map[string]func(*run, args) any{
		"range":           globalRange,
		"dict":            func(r *run, a args) any { return globalDict(r, "dict", a) },
		"namespace":       func(r *run, a args) any { return &namespace{*globalDict(r, "namespace", a)} },
		"joiner":          globalJoiner,
		"cycler":          globalCycler,
		"raise_exception": raise,
		"strftime_now": func(r *run, a args) any {
			return strftime(r.now, r.text(a.bind(r, "strftime_now", "format")[0], "a format"))
		},
	} {
		globals.vars[name] = &function{name, call}
	}
}

func raise(r *run, a args) any {
	panic(&Error{Line: r.line, Message: r.str(a.bind(r, "raise_exception", "message")[0]), Raised: true})
}

func globalRange(r *run, a args) any {
	p := a.bind(r, "range", "start", "stop", "step")
	start, step := 0, r.integer(given(p[2], int64(1)), "range's step")
	stop := r.integer(p[0], "a bound of range")
	if p[1] != (absent{}) {
		start, stop = stop, r.integer(p[1], "a bound of range")
	}
	if step == 0 {
		r.fail("range() arg 3 must not be zero")
	}
	n := 0
	if step > 0 && stop > start {
		n = (stop-start-1)/step + 1
	} else if step < 0 && stop < start {
		n = (start-stop-1)/-step + 1
	}
	list := r.list(n, isList)
	for i := range list.items {
		list.items[i] = int64(start + i*step)
	}
	return list
}

func globalDict(r *run, name string, a args) *Dict {
	d := &Dict{}
	for _, v := range a.pos {
		from, ok := v.(*Dict)
		if !ok {
			r.fail("%s() needs a dictionary, not %s", name, typeName(v))
		}
		r.alloc(128 * len(from.keys))
		for i, key := range from.keys {
			d.Set(key, from.values[i])
		}
	}
	for _, n := range a.named {
		d.Set(n.name, n.value)
	}
	return d
}

func globalJoiner(r *run, a args) any {
	separator := given(a.bind(r, "joiner", "sep")[0], ", ")
	used := false
	return &function{"joiner", func(r *run, a args) any {
		if !used {
			used = true
			return ""
		}
		return separator
	}}
}

func globalCycler(r *run, a args) any {
	if len(a.pos) == 0 {
		r.fail("cycler() needs at least one item")
	}
	at := 0
	d := &Dict{}
	turn := func(to int) {
		at = to % len(a.pos)
		d.Set("current", a.pos[at])
	}
	d.Set("next", &function{"next", func(*run, args) any {
		v := a.pos[at]
		turn(at + 1)
		return v
	}})
	d.Set("reset", &function{"reset", func(*run, args) any {
		turn(0)
		return nil
	}})
	turn(0)
	return d
}

// field returns what a template reads of its loop.
func (l *loop) field(name string) (any, bool) {
	n := len(l.items)
	switch name {
	case "index":
		return int64(l.index + 1), true
	case "index0":
		return int64(l.index), true
	case "revindex":
		return int64(n - l.index), true
	case "revindex0":
		return int64(n - l.index - 1), true
	case "length":
		return int64(n), true
	case "first":
		return l.index == 0, true
	case "last":
		return l.index == n-1, true
	case "depth":
		return int64(l.depth), true
	case "depth0":
		return int64(l.depth - 1), true
	case "previtem":
		if l.index == 0 {
			return undefined{"there is no previous item"}, true
		}
		return l.items[l.index-1], true
	case "nextitem":
		if l.index == n-1 {
			return undefined{"there is no next item"}, true
		}
		return l.items[l.index+1], true
	case "cycle":
		return &function{name, func(r *run, a args) any {
			if len(a.pos) == 0 {
				r.fail("no items for cycling given")
			}
			return a.pos[l.index%len(a.pos)]
		}}, true
	case "changed":
		return &function{name, func(r *run, a args) any {
			same := l.last != nil && r.equal(&List{items: l.last}, &List{items: a.pos})
			l.last = a.pos
			return !same
		}}, true
	}
	return nil, false
}

// strftime writes a time in the format of the C function of that name.
func strftime(t time.Time, format string) string {
	layouts := map[byte]string{
		'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'j': "002", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM",
		'B': "January", 'b': "Jan", 'h': "Jan", 'A': "Monday", 'a': "Mon", 'Z': "MST", 'z': "-0700",
		'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04", 'c': "Mon Jan _2 15:04:05 2006",
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		bare := format[i] == '-' && i+1 < len(format) // a number without zeros before it
		if bare {
			i++
		}
		text := "%" + string(format[i])
		switch c := format[i]; c {
		case '%':
			text = "%"
		case 'f':
			text = fmt.Sprintf("%06d", t.Nanosecond()/1000)
		case 'w':
			text = strconv.Itoa(int(t.Weekday()))
		case 'n':
			text = "\n"
		default:
			if layout, ok := layouts[c]; ok {
				text = t.Format(layout)
			}
		}
		if bare && len(text) > 1 {
			text = strings.TrimLeft(text[:len(text)-1], "0 ") + text[len(text)-1:]
		}
		b.WriteString(text)
	}
	return b.String()
}
