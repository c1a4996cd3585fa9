package chat

import (
	"encoding/json"
	"fmt"
	"strings"
)

// UnmarshalJSON reads a message as OpenAI's interface has it: its content is a
// text, parts of a text, or null, and the arguments of its calls may be texts
// that hold JSON.
func (m *Message) UnmarshalJSON(data []byte) error {
	var fields struct {
		Role, Name string
		CallID     string `json:"tool_call_id"`
		Content    json.RawMessage
		ToolCalls  json.RawMessage `json:"tool_calls"`
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	if fields.Role == "" {
		return fmt.Errorf("a message has no role")
	}
	content, err := readContent(fields.Content)
	if err != nil {
		return err
	}
	calls, err := readCalls(fields.ToolCalls)
	if err != nil {
		return err
	}
	*m = Message{Role: fields.Role, Content: content, ToolCalls: calls, Name: fields.Name, CallID: fields.CallID}
	return nil
}

func isNull(data json.RawMessage) bool { return len(data) == 0 || string(data) == "null" }

func readContent(data json.RawMessage) (string, error) {
	if isNull(data) {
		return "", nil
	}
	var text string
	if json.Unmarshal(data, &text) == nil {
		return text, nil
	}
	var parts []struct{ Type, Text string }
	if err := json.Unmarshal(data, &parts); err != nil {
		return "", fmt.Errorf("the content of a message is neither a text nor a list of parts")
	}
	var all strings.Builder
	for _, part := range parts {
		if part.Type != "text" {
			return "", fmt.Errorf("a message has content of type %q; only text is supported", part.Type)
		}
		all.WriteString(part.Text)
	}
	return all.String(), nil
}

// readCalls returns the calls with their arguments as JSON, as templates want
// them.
func readCalls(data json.RawMessage) (json.RawMessage, error) {
	if isNull(data) {
		return nil, nil
	}
	var calls []map[string]json.RawMessage
	if err := json.Unmarshal(data, &calls); err != nil {
		return nil, fmt.Errorf("tool_calls of a message: %w", err)
	}
	for _, call := range calls {
		var function map[string]json.RawMessage
		var arguments string
		if json.Unmarshal(call["function"], &function) != nil || json.Unmarshal(function["arguments"], &arguments) != nil {
			continue // arguments that are JSON already
		}
		if !json.Valid([]byte(arguments)) {
			continue // what a model wrote
		}
		function["arguments"] = json.RawMessage(arguments)
		var err error
		if call["function"], err = json.Marshal(function); err != nil {
			return nil, err
		}
	}
	return json.Marshal(calls)
}
