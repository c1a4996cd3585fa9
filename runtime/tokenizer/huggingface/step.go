package huggingface

import (
	"fmt"

	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// step is a normaliser, pre-tokeniser or post-processor, or a sequence of such.
type step struct {
	Type string `json:"type"`

	// Sequences
	Normalizers   []step `json:"normalizers"`
	PreTokenizers []step `json:"pretokenizers"`
	Processors    []step `json:"processors"`

	// Normalisers
	Prepend string `json:"prepend"`
	Content string `json:"content"`

	// Pre-tokenisers
	Pattern        pattern `json:"pattern"`
	Behavior       string  `json:"behavior"`
	Invert         bool    `json:"invert"`
	UseRegex       *bool   `json:"use_regex"`
	AddPrefixSpace bool    `json:"add_prefix_space"`
	Individual     bool    `json:"individual_digits"`
	PrependScheme  string  `json:"prepend_scheme"`

	// Post-processors
	Single []struct {
		SpecialToken *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
	} `json:"single"`
}

type pattern struct {
	Regex  string
	String string
}

// all returns the steps of a sequence, or the step itself.
func (s step) all() []step {
	switch {
	case s.Type == "":
		return nil
	case s.Type != "Sequence":
		return []step{s}
	}
	var list []step
	for _, part := range append(append(s.Normalizers, s.PreTokenizers...), s.Processors...) {
		list = append(list, part.all()...)
	}
	return list
}

// onlyComposes fails for normalisers other than Unicode's composition, which is all that the byte-level vocabularies of these
// families have.
func (s step) onlyComposes() error {
	for _, part := range s.all() {
		if part.Type != "NFC" {
			return fmt.Errorf("normalizer %s is not supported", part.Type)
		}
	}
	return nil
}

// patterns returns the regular expressions by which a byte-level pre-tokeniser cuts text.
func (s step) patterns() ([]string, error) {
	var list []string
	for _, part := range s.all() {
		switch part.Type {
		case "Split":
			if part.Pattern.Regex == "" || part.Behavior != "Isolated" && (part.Behavior != "Removed" || !part.Invert) {
				return nil, fmt.Errorf("pre_tokenizer Split with behavior %s is not supported", part.Behavior)
			}
			list = append(list, part.Pattern.Regex)
		case "Digits":
			if part.Individual {
				list = append(list, `\p{N}`)
			} else {
				list = append(list, `\p{N}+`)
			}
		case "Punctuation":
			if part.Behavior != "Contiguous" {
				return nil, fmt.Errorf("pre_tokenizer Punctuation with behavior %s is not supported", part.Behavior)
			}
			list = append(list, "[\\p{P}$+<=>^~|`]+")
		case "ByteLevel":
			if part.AddPrefixSpace {
				return nil, fmt.Errorf("pre_tokenizer ByteLevel with add_prefix_space is not supported")
			}
			if part.UseRegex == nil || *part.UseRegex {
				list = append(list, tokenizer.GPT2Words)
			}
		default:
			return nil, fmt.Errorf("pre_tokenizer %s is not supported", part.Type)
		}
	}
	return list, nil
}

// spacePrefix reports whether a tokenizer with byte tokens puts a space before text. It checks that spaces are written as such
// tokenizers do, and that nothing else happens to text.
func spacePrefix(t *tokenizerJSON) (bool, error) {
	const space = "▁"
	prefix := false
	for _, part := range t.Normalizer.all() {
		switch {
		case part.Type == "Prepend" && part.Prepend == space:
			prefix = true
		case part.Type == "Replace" && part.Pattern.String == " " && part.Content == space:
		default:
			return false, fmt.Errorf("normalizer %s is not supported", part.Type)
		}
	}
	for _, part := range t.PreTokenizer.all() {
		switch {
		case part.Type == "Metaspace":
			prefix = part.PrependScheme != "never" && (part.PrependScheme != "" || part.AddPrefixSpace)
		case part.Type == "Split" && part.Pattern.String == " ": // of what has no spaces any more
		default:
			return false, fmt.Errorf("pre_tokenizer %s is not supported", part.Type)
		}
	}
	return prefix, nil
}

// firstSpecial returns the special token that a post-processor puts before a text, "" for none.
func (s step) firstSpecial() string {
	for _, part := range s.all() {
		if part.Type == "TemplateProcessing" && len(part.Single) > 0 && part.Single[0].SpecialToken != nil {
			return part.Single[0].SpecialToken.ID
		}
	}
	return ""
}
