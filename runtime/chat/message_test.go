package chat

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMessageJSON(t *testing.T) {
	for _, c := range []struct {
		text string
		want Message
	}{
		{`{"role": "user", "content": "Hi."}`, Message{Role: User, Content: "Hi."}},
		{`{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}`, Message{Role: User, Content: "ab"}},
		{`{"role": "tool", "content": "4", "tool_call_id": "x", "name": "add"}`, Message{Role: Tool, Content: "4", CallID: "x", Name: "add"}},
		{
			`{"role": "assistant", "content": null, "tool_calls": [{"id": "x", "function": {"name": "add", "arguments": "{\"a\": 1}"}}]}`,
			Message{Role: Assistant, ToolCalls: json.RawMessage(`[{"function":{"arguments":{"a":1},"name":"add"},"id":"x"}]`)},
		},
		{
			`{"role": "assistant", "tool_calls": [{"function": {"arguments": "{\"a\": "}}]}`,
			Message{Role: Assistant, ToolCalls: json.RawMessage(`[{"function":{"arguments":"{\"a\": "}}]`)},
		},
	} {
		var got Message
		if err := json.Unmarshal([]byte(c.text), &got); err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.text, diff)
		}
	}
}

func TestMessageJSONErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"content": "Hi."}`:                                     "no role",
		`{"role": "user", "content": 3}`:                         "neither a text",
		`{"role": "user", "content": [{"type": "image_url"}]}`:   `"image_url"`,
		`{"role": "assistant", "content": "", "tool_calls": {}}`: "tool_calls",
	} {
		var m Message
		if err := json.Unmarshal([]byte(text), &m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}
