package rdrr

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// vocabulary says where a folder's tokenizer is.
type vocabulary struct {
	Type          string `json:"type"` // bundled or huggingface
	File          string `json:"file"`
	Size          int    `json:"vocabSize"`
	TokenizerType string `json:"tokenizerType"` // bpe or unigram
}

// bundled is the format's own tokenizer.json.
type bundled struct {
	Type           string         `json:"type"`
	Model          string         `json:"model"`
	Vocab          map[string]int `json:"vocab"`
	Size           int            `json:"vocabSize"`
	Merges         []string       `json:"merges,omitempty"`
	Scores         []float32      `json:"scores,omitempty"`
	TokenTypes     []int64        `json:"tokenTypes,omitempty"`
	Special        map[string]any `json:"specialTokens"`
	AddBOS         bool           `json:"addBosToken"`
	AddEOS         bool           `json:"addEosToken"`
	AddSpacePrefix bool           `json:"addSpacePrefix"`
}

// tokenizer writes tokenizer.json for other readers: ours has the metadata. Models without a vocabulary have none.
func (w *writer) tokenizer(md *gguf.Metadata) (*vocabulary, error) {
	const prefix = "tokenizer.ggml."
	tokens, err := md.Strings(prefix + "tokens")
	if err != nil {
		return nil, nil
	}
	b := bundled{Type: "bpe", Vocab: make(map[string]int, len(tokens)), Size: len(tokens), Special: map[string]any{}}
	for id, text := range tokens {
		if _, ok := b.Vocab[text]; !ok {
			b.Vocab[text] = id
		}
	}
	// What a vocabulary lacks stays empty.
	if b.Model, _ = md.String(prefix + "model"); b.Model == "llama" {
		b.Type = "unigram"
	}
	b.Merges, _ = md.Strings(prefix + "merges")
	b.Scores, _ = md.Floats(prefix + "scores")
	b.TokenTypes, _ = md.Ints(prefix + "token_type")
	b.AddBOS, _ = md.Bool(prefix + "add_bos_token")
	b.AddEOS, _ = md.Bool(prefix + "add_eos_token")
	b.AddSpacePrefix, _ = md.Bool(prefix + "add_space_prefix")
	for name, key := range map[string]string{"bos": "bos_token_id", "eos": "eos_token_id", "unk": "unknown_token_id", "pad": "padding_token_id"} {
		if id, err := md.Int(prefix + key); err == nil {
			b.Special[name] = id
		}
	}
	text, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	return &vocabulary{"bundled", vocabFile, b.Size, b.Type}, os.WriteFile(filepath.Join(w.folder, vocabFile), text, 0o666)
}
