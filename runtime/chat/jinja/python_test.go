package jinja_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/runtime/chat/jinja"
)

// TestPython compares small templates with what Python's jinja2 renders (testdata/python.py). The texts of errors are our own,
// but for those that a template raises.
func TestPython(t *testing.T) {
	data, err := os.ReadFile("testdata/python.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Variables json.RawMessage
		Cases     []struct{ Template, Text, Error string }
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	variables, err := jinja.FromJSON(file.Variables)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, time.November, 23, 9, 5, 7, 0, time.UTC)
	for _, c := range file.Cases {
		var got string
		template, err := jinja.Parse(c.Template)
		if err == nil {
			got, err = template.Render(variables.(*jinja.Dict), now)
		}
		raised, isRaised := strings.CutPrefix(c.Error, "TemplateError: ")
		switch {
		case (err != nil) != (c.Error != ""):
			t.Errorf("%q: %q, error %v; want error %q", c.Template, got, err, c.Error)
		case isRaised && err.Error() != raised:
			t.Errorf("%q: error %v; want %s", c.Template, err, raised)
		case got != c.Text:
			t.Errorf("%q: got  %q\nwant %q", c.Template, got, c.Text)
		}
	}
}
