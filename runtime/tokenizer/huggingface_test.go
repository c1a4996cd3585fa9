package tokenizer_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
	"github.com/wgslgen/wgslgen/runtime/tokenizer/huggingface"
)

type object = map[string]any

// The regular expressions that tokenizer.json files of model families have.
const (
	llama3Regex  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Regex   = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	o200kRegex   = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	tekkenRegex  = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	deepseekV3   = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
	deepseekHan  = "[一-龥ࠀ-一가-퟿]+"
	deepseekHan3 = "[一-龥\u3040-\u309fか\u30a0-\u30ff]+"
)

func split(regex string) object {
	return object{"type": "Split", "pattern": object{"Regex": regex}, "behavior": "Isolated", "invert": false}
}

func sequence(steps ...object) object { return object{"type": "Sequence", "pretokenizers": steps} }

var byteLevelStep = object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}

// byteLevelRegex is without use_regex, which then is on.
var byteLevelRegex = object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true}

var digits = object{"type": "Digits", "individual_digits": true}

// preTokenizers are those of tokenizer.json files, by the names that GGUF has for them.
var preTokenizers = map[string]object{
	"llama-bpe": sequence(split(llama3Regex), byteLevelStep),
	"qwen2":     sequence(split(qwen2Regex), byteLevelStep),
	"gpt-2":     byteLevelRegex,
	"smollm":    sequence(digits, byteLevelRegex),
	"gpt-4o":    sequence(split(o200kRegex), byteLevelStep),
	"tekken":    sequence(split(tekkenRegex), byteLevelStep),
	"falcon": sequence(object{"type": "Punctuation", "behavior": "Contiguous"}, byteLevelRegex,
		object{"type": "Digits", "individual_digits": false}, split("[0-9][0-9][0-9]")),
	"deepseek-coder": sequence(split("[\r\n]"), split(`\s?\p{L}+`), split(`\s?\p{P}+`), split(deepseekHan), digits, byteLevelStep),
	"deepseek-v3":    sequence(split(`\p{N}{1,3}`), split(deepseekHan3), split(deepseekV3), byteLevelStep),
}

// folder returns a folder with a model's tokenizer as Hugging Face has it.
func folder(t *testing.T, tokenizerJSON object, config object) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for name, value := range map[string]object{"tokenizer.json": tokenizerJSON, "tokenizer_config.json": config} {
		if value == nil {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	return files
}

// publish writes a vocabulary in the form of tokenizer.json.
func publish(t *testing.T, md *gguf.Metadata) object {
	t.Helper()
	tokens, err := md.Strings("tokenizer.ggml.tokens")
	if err != nil {
		t.Fatal(err)
	}
	types, err := md.Ints("tokenizer.ggml.token_type")
	if err != nil {
		t.Fatal(err)
	}
	vocab := map[string]int{}
	var added []object
	for id, text := range tokens {
		if types[id] == control || types[id] == unknown || types[id] == user {
			added = append(added, object{"id": id, "content": text, "special": types[id] != user})
		}
		if _, ok := vocab[text]; !ok && types[id] != control {
			vocab[text] = id
		}
	}
	model := object{"type": "BPE", "vocab": vocab}
	if md.Has("tokenizer.ggml.merges") {
		merges, err := md.Strings("tokenizer.ggml.merges")
		if err != nil {
			t.Fatal(err)
		}
		model["merges"] = merges
	} else {
		scores, err := md.Floats("tokenizer.ggml.scores")
		if err != nil {
			t.Fatal(err)
		}
		model["merges"], model["byte_fallback"], model["unk_token"] = mergesOfScores(vocab, scores), true, "<unk>"
	}
	return object{"model": model, "added_tokens": added}
}

// mergesOfScores lists every way to make a token of two others, the tokens with the highest scores first.
func mergesOfScores(vocab map[string]int, scores []float32) (merges [][2]string) {
	var texts []string
	for text := range vocab {
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(scores[vocab[b]], scores[vocab[a]]), strings.Compare(a, b))
	})
	for _, text := range texts {
		for i := 1; i < len(text); i++ {
			_, left := vocab[text[:i]]
			_, right := vocab[text[i:]]
			if left && right {
				merges = append(merges, [2]string{text[:i], text[i:]})
			}
		}
	}
	return merges
}

func readHuggingFace(t *testing.T, files fstest.MapFS) *gguf.Metadata {
	t.Helper()
	md, err := huggingface.Metadata(files)
	if err != nil {
		t.Fatal(err)
	}
	return md
}

// TestHuggingFace checks that a published vocabulary, written and read in the form of Hugging Face, encodes as it should.
func TestHuggingFace(t *testing.T) {
	for name, pre := range map[string]string{
		"qwen2": "qwen2", "llama-bpe": "llama-bpe", "gpt-2": "gpt-2", "starcoder": "smollm", "falcon": "falcon", "deepseek-coder": "deepseek-coder",
	} {
		t.Run(name, func(t *testing.T) {
			published := publish(t, vocabularyMetadata(t, name))
			published["pre_tokenizer"] = preTokenizers[pre]
			published["model"].(object)["ignore_merges"] = pre == "llama-bpe"
			md := readHuggingFace(t, folder(t, published, nil))
			if got, err := md.String("tokenizer.ggml.pre"); got != pre {
				t.Errorf("pre-tokeniser %q, %v", got, err)
			}
			checkPublished(t, newTokenizer(t, md), name)
		})
	}
	for _, name := range []string{"llama-spm", "phi-3"} {
		t.Run(name, func(t *testing.T) {
			published := publish(t, vocabularyMetadata(t, name))
			published["normalizer"] = object{"type": "Sequence", "normalizers": []object{
				{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": object{"String": " "}, "content": "▁"}}}
			md := readHuggingFace(t, folder(t, published, nil))
			checkPublished(t, newTokenizer(t, md), name)
		})
	}
}

// TestQwen2AsPublished reads the files of a folder of Qwen2.5 with all that they hold.
func TestQwen2AsPublished(t *testing.T) {
	var vocab map[string]int
	if err := json.Unmarshal(readFile(t, "tokenizers", "qwen2", "vocab.json"), &vocab); err != nil {
		t.Fatal(err)
	}
	merges := strings.Split(strings.TrimSpace(string(readFile(t, "tokenizers", "qwen2", "merges.txt"))), "\n")
	added, decoder := []object{}, object{}
	for i, text := range []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"} {
		flags := object{"single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": i < 3}
		id := len(vocab) + i
		decoder[fmt.Sprint(id)] = maps.Clone(flags)
		decoder[fmt.Sprint(id)].(object)["content"] = text
		flags["id"], flags["content"] = id, text
		added = append(added, flags)
	}
	md := readHuggingFace(t, folder(t, object{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added, "normalizer": object{"type": "NFC"},
		"pre_tokenizer":  sequence(split(qwen2Regex), byteLevelStep),
		"post_processor": byteLevelStep, "decoder": byteLevelStep,
		"model": object{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "", "end_of_word_suffix": "",
			"fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": vocab, "merges": slices.DeleteFunc(merges, func(m string) bool { return strings.HasPrefix(m, "#version") }),
		},
	}, object{
		"add_bos_token": false, "add_prefix_space": false, "added_tokens_decoder": decoder, "additional_special_tokens": []string{"<|im_start|>", "<|im_end|>"},
		"bos_token": nil, "chat_template": string(readFile(t, "chat", "templates", "Qwen-Qwen2.5-7B-Instruct.jinja")), "clean_up_tokenization_spaces": false,
		"eos_token": "<|im_end|>", "errors": "replace", "model_max_length": 131072, "pad_token": "<|endoftext|>", "split_special_tokens": false,
		"tokenizer_class": "Qwen2Tokenizer", "unk_token": nil,
	}))
	tok := newTokenizer(t, md)
	checkPublished(t, tok, "qwen2")
	if got, want := pieces(tok, tok.EncodePrompt("<|im_start|>user\nhi<|im_end|>")), "<|im_start|>,user,Ċ,hi,<|im_end|>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if eos, err := md.Int("tokenizer.ggml.eos_token_id"); eos != int64(len(vocab)+2) || !md.Has("tokenizer.chat_template") {
		t.Errorf("end of text is %d, %v", eos, err)
	}
	composed, apart := "Müller à Genève", "Mu\u0308ller a\u0300 Gene\u0300ve"
	if got := tok.Encode(apart); !slices.Equal(got, tok.Encode(composed)) || tok.Decode(got) != composed {
		t.Errorf("letters and marks apart are %s, composed %s", pieces(tok, got), pieces(tok, tok.Encode(composed)))
	}
}

func TestIdentify(t *testing.T) {
	for want, pre := range preTokenizers {
		small := object{"pre_tokenizer": pre, "model": object{
			"vocab": map[string]int{"a": 0}, "ignore_merges": want == "llama-bpe" || want == "tekken"}}
		md := readHuggingFace(t, folder(t, small, nil))
		if got, err := md.String("tokenizer.ggml.pre"); got != want {
			t.Errorf("pre-tokeniser %q, %v; want %s", got, err, want)
		}
	}
	for _, patterns := range [][]string{{"a+"}, {"("}, {`((\s|a|b)*)*[^\x00-\x{10ffff}]`}, {}} {
		if name, err := tokenizer.Identify(patterns, false); err == nil {
			t.Errorf("%q is %s", patterns, name)
		}
	}
}

// TestHuggingFaceConfig checks what is read beside tokens and merges.
func TestHuggingFaceConfig(t *testing.T) {
	published := object{
		"pre_tokenizer": byteLevelRegex,
		"post_processor": object{"type": "Sequence", "processors": []object{{"type": "ByteLevel"}, {
			"type": "TemplateProcessing", "single": []object{{"SpecialToken": object{"id": "<s>"}}, {"Sequence": object{"id": "A"}}}}}},
		"added_tokens": []object{{"id": 3, "content": "<s>", "special": true}, {"id": 5, "content": "<tool>", "special": false}},
		"model":        object{"type": "BPE", "vocab": map[string]int{"a": 0, "b": 1, "ab": 2}, "merges": []any{[]string{"a", "b"}}},
	}
	md := readHuggingFace(t, folder(t, published, object{
		"eos_token":     object{"content": "<s>"},
		"chat_template": []object{{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"}},
	}))
	for key, want := range map[string]string{
		"tokenizer.chat_template": "plain", "tokenizer.chat_template.tool_use": "tools", "tokenizer.ggml.pre": "gpt-2",
	} {
		if got, err := md.String(key); got != want {
			t.Errorf("%s is %q, %v; want %q", key, got, err, want)
		}
	}
	tok := newTokenizer(t, md)
	if got, want := pieces(tok, tok.EncodePrompt("ab<tool>")), "<s>,ab,<tool>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := fmt.Sprint(tok.EOG()); got != "[3]" || tok.Size() != 6 || tok.Token(4) != "[PAD4]" {
		t.Errorf("EOG %s, %d tokens, token 4 %q", got, tok.Size(), tok.Token(4))
	}
	files := folder(t, published, object{"add_bos_token": false, "chat_template": "old"})
	files["chat_template.jinja"] = &fstest.MapFile{Data: []byte("new")}
	md = readHuggingFace(t, files)
	if newTokenizer(t, md).AddsBOS() {
		t.Error("adds BOS, though the configuration says no")
	}
	if got, _ := md.String("tokenizer.chat_template"); got != "new" {
		t.Errorf("template %q", got)
	}
}

func TestBadHuggingFace(t *testing.T) {
	for text, want := range map[string]string{
		``:   "unexpected end",
		`{}`: "no model.vocab",
		`{"model": {"type": "Unigram", "vocab": [["a", -1.5]]}}`:                                           "model Unigram is not supported; BPE is",
		`{"model": {"vocab": {"a": 99999999}}}`:                                                            `token "a" has number 99999999`,
		`{"model": {"vocab": {"a": -1}}}`:                                                                  `token "a" has number -1`,
		`{"model": {"vocab": {"a": 0, "b": 0}}}`:                                                           "have number 0",
		`{"model": {"vocab": {"a": 0}, "merges": ["a"]}}`:                                                  "model.merges[0] has 1 parts",
		`{"model": {"vocab": {"a": 0}, "merges": [1]}}`:                                                    "model.merges[0]",
		`{"normalizer": {"type": "Lowercase"}, "model": {"vocab": {"a": 0}}}`:                              "normalizer Lowercase is not supported",
		`{"normalizer": {"type": "NFC"}, "model": {"vocab": {"a": 0}, "byte_fallback": true}}`:             "normalizer NFC is not supported",
		`{"pre_tokenizer": {"type": "Whitespace"}, "model": {"vocab": {"a": 0}}}`:                          "pre_tokenizer Whitespace is not supported",
		`{"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true}, "model": {"vocab": {"a": 0}}}`: "add_prefix_space is not supported",
	} {
		_, err := huggingface.Metadata(fstest.MapFS{"tokenizer.json": &fstest.MapFile{Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", text, err, want)
		}
	}
	if _, err := huggingface.Metadata(fstest.MapFS{}); err == nil {
		t.Error("no file: no error")
	}
}
