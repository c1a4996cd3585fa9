package jinja

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// FromJSON returns the value of a JSON text, with the keys of its objects in order.
func FromJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := decode(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return v, nil
}

func decode(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if depth > maxNesting {
		return nil, fmt.Errorf("JSON nested more than %d deep", maxNesting)
	}
	switch t := t.(type) {
	case json.Number:
		if n, err := t.Int64(); err == nil {
			return n, nil
		}
		return t.Float64()
	case json.Delim:
		if t == '[' {
			return decodeArray(d, depth)
		}
		return decodeObject(d, depth)
	}
	return t, nil // nil, bool or string
}

func decodeArray(d *json.Decoder, depth int) (any, error) {
	list := NewList()
	for d.More() {
		v, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		list.items = append(list.items, v)
	}
	_, err := d.Token()
	return list, err
}

func decodeObject(d *json.Decoder, depth int) (any, error) {
	dict := &Dict{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		dict.Set(key, v)
	}
	_, err := d.Token()
	return dict, err
}

// jsonWriter writes values as Python's json.dumps does.
type jsonWriter struct {
	r           *run
	b           strings.Builder
	comma       string
	colon       string
	indent      string
	lines       bool // one a value
	ascii, sort bool
}

func (w *jsonWriter) put(s string) {
	w.r.alloc(len(s))
	w.b.WriteString(s)
}

// newline begins the line of a value so deep.
func (w *jsonWriter) newline(depth int) {
	if !w.lines {
		return
	}
	w.put("\n")
	for range depth {
		w.put(w.indent)
	}
}

func (w *jsonWriter) write(v any, depth int) {
	w.r.enter()
	defer w.r.leave()
	switch v := v.(type) {
	case nil:
		w.put("null")
	case bool:
		w.put(map[bool]string{false: "false", true: "true"}[v])
	case float64:
		w.put(jsonFloat(v))
	case string:
		w.string(v)
	case *List:
		w.items("[]", len(v.items), depth, func(i int) { w.write(v.items[i], depth+1) })
	case *namespace:
		w.write(&v.Dict, depth)
	case *Dict:
		order := make([]int, len(v.keys))
		for i := range order {
			order[i] = i
		}
		if w.sort {
			slices.SortStableFunc(order, func(a, b int) int { return w.r.compare("<", v.keys[a], v.keys[b]) })
		}
		w.items("{}", len(order), depth, func(i int) {
			w.key(v.keys[order[i]])
			w.put(w.colon)
			w.write(v.values[order[i]], depth+1)
		})
	case int64:
		w.put(w.r.str(v))
	default:
		w.r.fail("Object of type %s is not JSON serializable", typeName(v))
	}
}

func (w *jsonWriter) items(brackets string, n, depth int, item func(i int)) {
	w.put(brackets[:1])
	for i := range n {
		if i > 0 {
			w.put(w.comma)
		}
		w.newline(depth + 1)
		item(i)
	}
	if n > 0 {
		w.newline(depth)
	}
	w.put(brackets[1:])
}

// key writes a key, which JSON has as text.
func (w *jsonWriter) key(key any) {
	switch k := key.(type) {
	case string:
		w.string(k)
	case nil:
		w.put(`"null"`)
	case bool:
		w.put(map[bool]string{false: `"false"`, true: `"true"`}[k])
	default:
		w.put(`"` + w.r.str(key) + `"`)
	}
}

func (w *jsonWriter) string(s string) {
	w.r.alloc(len(s))
	w.b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.b.WriteByte('\\')
			w.b.WriteRune(r)
		case r == '\n':
			w.b.WriteString(`\n`)
		case r == '\r':
			w.b.WriteString(`\r`)
		case r == '\t':
			w.b.WriteString(`\t`)
		case r == '\b':
			w.b.WriteString(`\b`)
		case r == '\f':
			w.b.WriteString(`\f`)
		case w.ascii && r >= 0x10000:
			w.put(fmt.Sprintf(`\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff))
		case r < ' ' || w.ascii && r >= 0x7f:
			w.put(fmt.Sprintf(`\u%04x`, r))
		default:
			w.b.WriteRune(r)
		}
	}
	w.b.WriteByte('"')
}

func jsonFloat(f float64) string {
	s := formatFloat(f)
	switch s {
	case "nan":
		return "NaN"
	case "inf":
		return "Infinity"
	case "-inf":
		return "-Infinity"
	}
	return s
}

// MapText returns a value as FromJSON makes it with every text in it, keys included, changed by f.
func MapText(v any, f func(text string) string) any {
	switch v := v.(type) {
	case string:
		return f(v)
	case *List:
		list := &List{kind: v.kind}
		for _, item := range v.items {
			list.items = append(list.items, MapText(item, f))
		}
		return list
	case *Dict:
		d := &Dict{}
		for i, key := range v.keys {
			d.Set(MapText(key, f), MapText(v.values[i], f))
		}
		return d
	}
	return v
}
