// Package huggingface reads the tokenizer of a folder as models are published on Hugging Face, into the metadata that a GGUF file
// of the model would have.
package huggingface

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// The files that are read. All but the first may be missing.
const (
	tokenizerFile = "tokenizer.json"
	configFile    = "tokenizer_config.json"
	templateFile  = "chat_template.jinja"
)

// maxTokens is far more than any vocabulary has.
const maxTokens = 1 << 22

// Token types of GGUF.
const (
	normalToken  = 1
	unknownToken = 2
	controlToken = 3
	userToken    = 4
	unusedToken  = 5
	byteToken    = 6
)

// tokenizerJSON is what matters in tokenizer.json.
type tokenizerJSON struct {
	AddedTokens   []addedToken `json:"added_tokens"`
	Normalizer    step         `json:"normalizer"`
	PreTokenizer  step         `json:"pre_tokenizer"`
	PostProcessor step         `json:"post_processor"`
	Model         struct {
		Vocab        map[string]int    `json:"vocab"`
		Merges       []json.RawMessage `json:"merges"`
		ByteFallback bool              `json:"byte_fallback"`
		IgnoreMerges bool              `json:"ignore_merges"`
		Unknown      *string           `json:"unk_token"`
	} `json:"model"`
}

type addedToken struct {
	ID      int    `json:"id"`
	Content string `json:"content"`
	Special bool   `json:"special"`
}

// Metadata returns the keys tokenizer.* for the files of a folder.
func Metadata(folder fs.FS) (*gguf.Metadata, error) {
	text, err := fs.ReadFile(folder, tokenizerFile)
	if err != nil {
		return nil, err
	}
	var kind struct {
		Model struct{ Type string } `json:"model"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return nil, fmt.Errorf("%s: %w", tokenizerFile, err)
	}
	if name := kind.Model.Type; name != "" && name != "BPE" {
		return nil, fmt.Errorf("%s: model %s is not supported; BPE is", tokenizerFile, name)
	}
	var t tokenizerJSON
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("%s: %w", tokenizerFile, err)
	}
	if len(t.Model.Vocab) == 0 {
		return nil, fmt.Errorf("%s: no model.vocab", tokenizerFile)
	}
	config, err := readConfig(folder)
	if err != nil {
		return nil, err
	}
	w := &writer{md: &gguf.Metadata{}}
	if err := w.write(&t, config); err != nil {
		return nil, fmt.Errorf("%s: %w", tokenizerFile, err)
	}
	return w.md, nil
}

// writer fills metadata.
type writer struct {
	md     *gguf.Metadata
	tokens []string
	types  []int32
	ids    map[string]int
}

func (w *writer) write(t *tokenizerJSON, c *config) error {
	if err := w.readTokens(t); err != nil {
		return err
	}
	set := func(key string, value any) error { return w.md.Set("tokenizer."+key, value) }
	merges, err := readMerges(t.Model.Merges)
	if err != nil {
		return err
	}
	if err := errors.Join(set("ggml.tokens", w.tokens), set("ggml.token_type", w.types)); err != nil {
		return err
	}
	if t.Model.ByteFallback {
		var prefix bool
		if prefix, err = spacePrefix(t); err != nil {
			return err
		}
		err = errors.Join(set("ggml.model", "llama"), set("ggml.scores", w.scores(merges)), set("ggml.add_space_prefix", prefix), err)
	} else {
		var pre string
		if pre, err = preTokenizer(t); err != nil {
			return err
		}
		texts := make([]string, len(merges))
		for i, m := range merges {
			texts[i] = m.left + " " + m.right
		}
		err = errors.Join(set("ggml.model", "gpt2"), set("ggml.pre", pre), set("ggml.merges", texts), err)
		if len(t.Normalizer.all()) > 0 {
			err = errors.Join(err, set("ggml.normalizer.nfc", true))
		}
	}
	if err != nil {
		return err
	}
	addsBOS := c.AddBOS
	first := t.PostProcessor.firstSpecial()
	if addsBOS == nil {
		adds := first != "" && (c.BOS.text == "" || c.BOS.text == first)
		addsBOS = &adds
	}
	if c.BOS.text == "" {
		c.BOS.text = first
	}
	for key, text := range map[string]string{
		"bos": c.BOS.text, "eos": c.EOS.text, "unknown": c.Unknown.text, "padding": c.Padding.text,
	} {
		if id, ok := w.ids[text]; ok && text != "" {
			err = errors.Join(err, set("ggml."+key+"_token_id", uint32(id)))
		}
	}
	err = errors.Join(err, set("ggml.add_bos_token", *addsBOS))
	for _, template := range c.Templates {
		key := "chat_template"
		if template.Name != "default" {
			key += "." + template.Name
		}
		err = errors.Join(err, set(key, template.Template))
	}
	return err
}

// readTokens lists the tokens by number. Numbers that nothing has are unused.
func (w *writer) readTokens(t *tokenizerJSON) error {
	size := 0
	check := func(text string, id int) error {
		if id < 0 || id >= maxTokens {
			return fmt.Errorf("token %q has number %d; at most %d are accepted", text, id, maxTokens-1)
		}
		size = max(size, id+1)
		return nil
	}
	for text, id := range t.Model.Vocab {
		if err := check(text, id); err != nil {
			return err
		}
	}
	for _, a := range t.AddedTokens {
		if err := check(a.Content, a.ID); err != nil {
			return err
		}
	}
	w.tokens, w.types, w.ids = make([]string, size), make([]int32, size), make(map[string]int, size)
	put := func(text string, id int, kind int32) { w.tokens[id], w.types[id], w.ids[text] = text, kind, id }
	for text, id := range t.Model.Vocab {
		if w.types[id] != 0 {
			return fmt.Errorf("tokens %q and %q have number %d", w.tokens[id], text, id)
		}
		kind := int32(normalToken)
		if t.Model.ByteFallback && isByte(text) {
			kind = byteToken
		}
		put(text, id, kind)
	}
	for _, a := range t.AddedTokens {
		kind := int32(userToken)
		if a.Special {
			kind = controlToken
		}
		put(a.Content, a.ID, kind)
	}
	if t.Model.Unknown != nil {
		if id, ok := w.ids[*t.Model.Unknown]; ok && t.Model.ByteFallback {
			w.types[id] = unknownToken
		}
	}
	for id, kind := range w.types {
		if kind == 0 {
			w.tokens[id], w.types[id] = fmt.Sprintf("[PAD%d]", id), unusedToken
		}
	}
	return nil
}

// isByte reports whether a token is one like <0x0A>.
func isByte(text string) bool {
	if len(text) != len("<0x00>") || text[0] != '<' {
		return false
	}
	var b byte
	n, err := fmt.Sscanf(text, "<0x%02X>", &b)
	return err == nil && n == 1 && text == fmt.Sprintf("<0x%02X>", b)
}

type merge struct{ left, right string }

// readMerges reads merges, which are texts with a space between or pairs of texts.
func readMerges(list []json.RawMessage) ([]merge, error) {
	merges := make([]merge, len(list))
	for i, raw := range list {
		var pair []string
		var text string
		if err := json.Unmarshal(raw, &pair); err != nil {
			if err := json.Unmarshal(raw, &text); err != nil {
				return nil, fmt.Errorf("model.merges[%d]: %w", i, err)
			}
			pair = strings.Split(text, " ")
		}
		if len(pair) != 2 {
			return nil, fmt.Errorf("model.merges[%d] has %d parts; want 2", i, len(pair))
		}
		merges[i] = merge{pair[0], pair[1]}
	}
	return merges, nil
}

// scores gives each token the rank of the first merge that makes it: the score that orders merges as the list does.
func (w *writer) scores(merges []merge) []float32 {
	scores := make([]float32, len(w.tokens))
	for i := range scores {
		scores[i] = -float32(len(merges))
	}
	for rank, m := range slices.Backward(merges) {
		if id, ok := w.ids[m.left+m.right]; ok {
			scores[id] = -float32(rank)
		}
	}
	return scores
}

// preTokenizer returns the name of the pre-tokeniser.
func preTokenizer(t *tokenizerJSON) (string, error) {
	if err := t.Normalizer.onlyComposes(); err != nil {
		return "", err
	}
	patterns, err := t.PreTokenizer.patterns()
	if err != nil {
		return "", err
	}
	return tokenizer.Identify(patterns, t.Model.IgnoreMerges)
}
