package completion

import (
	"strings"
	"testing"
)

func TestWatch(t *testing.T) {
	for _, c := range []struct {
		stops, parts []string
		want         string
		stopped      bool
	}{
		{nil, []string{"a", "b"}, "a|b|", false},
		{[]string{""}, []string{"a"}, "a|", false},
		{[]string{"END"}, []string{"so E", "N", "D more"}, "so ||", true},
		{[]string{"END"}, []string{"so E", "N", "Ough E"}, "so ||ENOugh |E", false},
		{[]string{"bcd", "c"}, []string{"abcd"}, "a", true},
		{[]string{"c", "bcd"}, []string{"abcd"}, "a", true},
		{[]string{"aab"}, []string{"aa", "ab"}, "|a", true},
		{[]string{"\n\n"}, []string{"x\n", "y\n", "\nz"}, "x|\ny|", true},
	} {
		w := newWatch(c.stops)
		var got []string
		stopped := false
		for _, part := range c.parts {
			var passed string
			passed, stopped = w.next(part)
			got = append(got, passed)
			if stopped {
				break
			}
		}
		if !stopped {
			got = append(got, w.flush())
		}
		if text := strings.Join(got, "|"); text != c.want || stopped != c.stopped {
			t.Errorf("%q in %q: %q, stopped %v; want %q, %v", c.stops, c.parts, text, stopped, c.want, c.stopped)
		}
	}
}
