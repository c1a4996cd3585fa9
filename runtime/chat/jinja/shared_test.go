package jinja_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/chat/jinja"
)

// rendered is when the published cases were rendered.
var rendered = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// TestPublished compares with what Python's jinja2 renders of published templates.
func TestPublished(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "chat", "expected"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of cases: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) { checkPublished(t, file, shared.Path(t, "chat", "templates", name+".jinja")) })
	}
}

func checkPublished(t *testing.T, casesFile, templateFile string) {
	data, err := os.ReadFile(casesFile)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(templateFile)
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Case            string
		Input           json.RawMessage
		Expected, Error *string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	template, err := jinja.Parse(string(source))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		input, err := jinja.FromJSON(c.Input)
		if err != nil {
			t.Fatal(err)
		}
		got, err := template.Render(input.(*jinja.Dict), rendered)
		switch {
		case c.Expected == nil && c.Error == nil:
			t.Errorf("%s: the case expects neither a text nor an error", c.Case)
		case c.Error != nil && (err == nil || err.Error() != *c.Error):
			t.Errorf("%s: error %v, want %s", c.Case, err, *c.Error)
		case c.Error == nil && err != nil:
			t.Errorf("%s: %v", c.Case, err)
		case c.Error == nil && got != *c.Expected:
			t.Errorf("%s: got  %q\nwant %q", c.Case, got, *c.Expected)
		}
	}
}
