package emit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

// ParsePoint reads axis=value,axis=value and completes it to a point that the
// kernel's where clauses admit: axes left out take their values from the first
// shipped point that agrees, else from the first point of all that does.
func ParsePoint(lib *ir.Library, k *ir.Kernel, text string) (ir.Point, error) {
	given, err := parseSettings(lib, k, text)
	if err != nil {
		return nil, err
	}
	shipped, err := pass.ShippedPoints(lib, k)
	if err != nil {
		return nil, err
	}
	for _, s := range shipped {
		if agrees(s.Point, given) {
			return s.Point, nil
		}
	}
	var first ir.Point
	err = pass.Points(lib, k, func(p ir.Point, _ []pass.Need) bool {
		if agrees(p, given) {
			first = p
		}
		return first == nil
	})
	if err == nil && first == nil {
		err = fmt.Errorf("kernel %s: its where clauses exclude %s", k.Name, text)
	}
	return first, err
}

func agrees(p, given ir.Point) bool {
	for axis, v := range given {
		if p[axis] != v {
			return false
		}
	}
	return true
}

func parseSettings(lib *ir.Library, k *ir.Kernel, text string) (ir.Point, error) {
	given := ir.Point{}
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		name, value, ok := strings.Cut(strings.TrimSpace(s), "=")
		if !ok {
			return nil, fmt.Errorf("a point is axis=value,axis=value: %q is not", s)
		}
		axis := k.Axis(name)
		if axis == nil {
			return nil, fmt.Errorf("kernel %s has no axis %s; it has %s", k.Name, name, axisNames(k))
		}
		if _, ok := given[name]; ok {
			return nil, fmt.Errorf("axis %s is given twice", name)
		}
		values := pass.Values(lib, axis)
		i := slices.IndexFunc(values, func(v ir.Value) bool { return v.String() == value })
		if i < 0 {
			return nil, fmt.Errorf("axis %s of kernel %s has no value %s; it has %s", name, k.Name, value, list(values))
		}
		given[name] = values[i]
	}
	return given, nil
}

func axisNames(k *ir.Kernel) string {
	names := make([]string, len(k.Axes))
	for i, a := range k.Axes {
		names[i] = a.Name
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func list(values []ir.Value) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = v.String()
	}
	return strings.Join(words, ", ")
}
