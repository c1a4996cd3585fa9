package conformance

import (
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	for _, test := range []struct {
		name  string
		tally Tally
		want  string // in the error; "" for none
	}{
		{"passed", Tally{Operator: "GET_ROWS", Passed: 9, LeftOut: map[string]int{"type i32": 1}}, ""},
		{"failed", Tally{Operator: "GET_ROWS", Passed: 9, Failures: []string{"GET_ROWS n=1: NMSE 1"}}, "NMSE 1"},
		{"unlisted", Tally{Operator: "GET_ROWS", Passed: 99, LeftOut: map[string]int{"type f32": 1}}, "no listed reason: type f32"},
		{"too few", Tally{Operator: "GET_ROWS", Passed: 8, LeftOut: map[string]int{"type i32": 2}}, "8 of 10 cases apply"},
		{"too few, some failed", Tally{Operator: "GET_ROWS", Failures: []string{"x"}, LeftOut: map[string]int{"type i32": 1}}, "1 of 2 cases apply"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.tally.Err()
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}
