package huggingface

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// config is what matters in tokenizer_config.json.
type config struct {
	AddBOS    *bool        `json:"add_bos_token"`
	BOS       specialText  `json:"bos_token"`
	EOS       specialText  `json:"eos_token"`
	Unknown   specialText  `json:"unk_token"`
	Padding   specialText  `json:"pad_token"`
	Templates templateList `json:"chat_template"`
}

// specialText is a token's text, given as such or within an object.
type specialText struct{ text string }

func (s *specialText) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &s.text); err == nil {
		return nil
	}
	var object struct{ Content string }
	err := json.Unmarshal(data, &object)
	s.text = object.Content
	return err
}

// templateList is one template, or several with names.
type templateList []namedTemplate

type namedTemplate struct{ Name, Template string }

func (l *templateList) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err == nil {
		if text != nil {
			*l = templateList{{"default", *text}}
		}
		return nil
	}
	return json.Unmarshal(data, (*[]namedTemplate)(l))
}

// readConfig reads the configuration, and the template that may lie in a file of its own.
func readConfig(folder fs.FS) (*config, error) {
	c := &config{}
	text, err := fs.ReadFile(folder, configFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		if err := json.Unmarshal(text, c); err != nil {
			return nil, fmt.Errorf("%s: %w", configFile, err)
		}
	}
	template, err := fs.ReadFile(folder, templateFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		c.Templates = templateList{{"default", string(template)}}
	}
	return c, nil
}
