package tokenizer_test

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// The kinds of tokens in tokenizer.ggml.token_type.
const (
	normal  = 1
	unknown = 2
	control = 3
	user    = 4
	byteTok = 6
)

// metadata makes metadata of keys, without "tokenizer.ggml.", and values.
func metadata(t testing.TB, pairs ...any) *gguf.Metadata {
	t.Helper()
	m := &gguf.Metadata{}
	for i := 0; i < len(pairs); i += 2 {
		if err := m.Set("tokenizer.ggml."+pairs[i].(string), pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func newTokenizer(t testing.TB, md tokenizer.Metadata) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.New(md)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func fromFile(t testing.TB, elem ...string) *tokenizer.Tokenizer {
	t.Helper()
	return newTokenizer(t, fileMetadata(t, elem...))
}

func fileMetadata(t testing.TB, elem ...string) *gguf.Metadata {
	t.Helper()
	f, err := gguf.Open(shared.Path(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	md := f.Metadata.Clone()
	return &md
}

func readFile(t testing.TB, elem ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(shared.Path(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// vocabulary makes the tokenizer of the published cases of a name.
func vocabulary(t testing.TB, name string) *tokenizer.Tokenizer {
	t.Helper()
	return newTokenizer(t, vocabularyMetadata(t, name))
}

func vocabularyMetadata(t testing.TB, name string) *gguf.Metadata {
	t.Helper()
	switch name {
	case "qwen2", "deepseek-r1-qwen":
		return qwen2Metadata(t, name)
	case "llama-bpe":
		return llama3Metadata(t)
	case "gemma":
		return gemmaMetadata(t)
	}
	return fileMetadata(t, "tokenizers", "llama.cpp", "ggml-vocab-"+name+".gguf")
}

// qwen2Metadata reads a vocabulary as Hugging Face stores it.
func qwen2Metadata(t testing.TB, pre string) *gguf.Metadata {
	var ids map[string]int
	if err := json.Unmarshal(readFile(t, "tokenizers", "qwen2", "vocab.json"), &ids); err != nil {
		t.Fatal(err)
	}
	tokens := make([]string, len(ids))
	for text, id := range ids {
		tokens[id] = text
	}
	kinds := slices.Repeat([]int32{normal}, len(tokens))
	for _, text := range []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"} {
		tokens, kinds = append(tokens, text), append(kinds, control)
	}
	merges := strings.Split(strings.TrimSpace(string(readFile(t, "tokenizers", "qwen2", "merges.txt"))), "\n")
	if strings.HasPrefix(merges[0], "#version") {
		merges = merges[1:]
	}
	return metadata(t, "model", "gpt2", "pre", pre, "tokens", tokens, "token_type", kinds, "merges", merges,
		"eos_token_id", uint32(len(ids)+2), "add_bos_token", false)
}

// byteLevel writes bytes as the characters of byte-level vocabularies.
func byteLevel(bytes []byte) string {
	var out []rune
	for _, c := range bytes {
		r := rune(c)
		switch {
		case c <= 32:
			r = 256 + rune(c)
		case c >= 127 && c <= 160:
			r = 256 + 33 + rune(c-127)
		case c == 173:
			r = 256 + 33 + 34
		}
		out = append(out, r)
	}
	return string(out)
}

// llama3Metadata reads a list of tokens by rank. The merge that makes a token is the last one that is done when its
// bytes are merged with lower ranks only.
var llama3Metadata = func() func(t testing.TB) *gguf.Metadata {
	var once sync.Once
	var md *gguf.Metadata
	return func(t testing.TB) *gguf.Metadata {
		data := readFile(t, "tokenizers", "llama3", "tokenizer.model")
		once.Do(func() { md = readLlama3(t, data) })
		return md
	}
}()

func readLlama3(t testing.TB, data []byte) *gguf.Metadata {
	ranks := map[string]int{}
	var list [][]byte
	lines := bufio.NewScanner(strings.NewReader(string(data)))
	for lines.Scan() {
		text, rank, _ := strings.Cut(lines.Text(), " ")
		raw, err := base64.StdEncoding.DecodeString(text)
		if n, atoiErr := strconv.Atoi(rank); err != nil || atoiErr != nil || n != len(list) {
			t.Fatalf("line %q", lines.Text())
		}
		ranks[string(raw)] = len(list)
		list = append(list, raw)
	}
	var tokens, merges []string
	for rank, raw := range list {
		tokens = append(tokens, byteLevel(raw))
		if len(raw) == 1 {
			continue
		}
		cuts := make([]int, len(raw)+1)
		for i := range cuts {
			cuts[i] = i
		}
		for len(cuts) > 3 {
			best, at := rank, -1
			for i := range len(cuts) - 2 {
				if r, ok := ranks[string(raw[cuts[i]:cuts[i+2]])]; ok && r < best {
					best, at = r, i
				}
			}
			if at < 0 {
				break
			}
			cuts = slices.Delete(cuts, at+1, at+2)
		}
		// Some tokens cannot be reached by merging; they are used for whole words only.
		if len(cuts) == 3 {
			merges = append(merges, byteLevel(raw[:cuts[1]])+" "+byteLevel(raw[cuts[1]:]))
		}
	}
	kinds := slices.Repeat([]int32{normal}, len(tokens))
	for i := range 256 {
		text := "<|reserved_special_token_" + strconv.Itoa(i) + "|>"
		switch i {
		case 0:
			text = "<|begin_of_text|>"
		case 1:
			text = "<|end_of_text|>"
		case 9:
			text = "<|eot_id|>"
		}
		tokens, kinds = append(tokens, text), append(kinds, control)
	}
	return metadata(t, "model", "gpt2", "pre", "llama-bpe", "tokens", tokens, "token_type", kinds, "merges", merges,
		"bos_token_id", uint32(len(list)), "eos_token_id", uint32(len(list)+1))
}

// gemmaMetadata reads pieces with scores. The kinds are those of the model's own file.
func gemmaMetadata(t testing.TB) *gguf.Metadata {
	data := readFile(t, "tokenizers", "gemma", "tokenizer.bin")
	n := binary.LittleEndian.Uint32(data[4:])
	data = data[8:]
	var tokens []string
	var scores []float32
	kinds := slices.Repeat([]int32{normal}, int(n))
	for id := range n {
		score := math.Float32frombits(binary.LittleEndian.Uint32(data))
		size := binary.LittleEndian.Uint32(data[4:])
		text := strings.ReplaceAll(string(data[8:8+size]), " ", "▁")
		data = data[8+size:]
		switch {
		case id == 3:
			kinds[id] = unknown
		case id < 3:
			kinds[id] = control
			text = strings.TrimSpace(text)
		case id >= 106 && id <= 107:
			kinds[id] = control
		case len(text) == 6 && strings.HasPrefix(text, "<0x"):
			kinds[id] = byteTok
		case score == 0 && text != "in": // the first merge has score 0 too
			kinds[id] = user
		}
		tokens, scores = append(tokens, text), append(scores, score)
	}
	return metadata(t, "model", "llama", "tokens", tokens, "scores", scores, "token_type", kinds,
		"bos_token_id", uint32(2), "eos_token_id", uint32(1), "unknown_token_id", uint32(3), "add_space_prefix", false)
}

// TestPublished compares with the published tokens of all texts, for every vocabulary in the folder.
func TestPublished(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "tokenizers", "llama.cpp"), "*.gguf.inp"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of texts: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "ggml-vocab-"), ".gguf.inp")
		t.Run(name, func(t *testing.T) {
			if vocabularyFile := strings.TrimSuffix(file, ".inp"); isWordPiece(vocabularyFile) {
				t.Skip("WordPiece: the vocabulary of encoders such as BERT, which generate no text")
			}
			checkPublished(t, vocabulary(t, name), name)
		})
	}
}

// checkPublished checks a tokenizer with the published texts of a vocabulary.
func checkPublished(t *testing.T, tok *tokenizer.Tokenizer, name string) {
	t.Helper()
	texts := strings.Split(string(readFile(t, "tokenizers", "llama.cpp", "ggml-vocab-"+name+".gguf.inp")), "\n__ggml_vocab_test__\n")
	lines := strings.Split(string(readFile(t, "tokenizers", "llama.cpp", "ggml-vocab-"+name+".gguf.out")), "\n")
	if len(texts) < 40 || len(lines) < len(texts) {
		t.Fatalf("%d texts, %d lines", len(texts), len(lines))
	}
	for i, text := range texts {
		var want []tokenizer.Token
		for _, field := range strings.Fields(lines[i]) {
			id, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, tokenizer.Token(id))
		}
		checkTokens(t, tok, text, want)
		if got := tok.Decode(want); got != text {
			t.Errorf("decoded %q, want %q", got, text)
		}
	}
}

// isWordPiece reports whether a file holds a vocabulary of that kind, the one that is not supported.
func isWordPiece(path string) bool {
	f, err := gguf.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	model, err := f.String("tokenizer.ggml.model")
	return err == nil && model == "bert"
}

func checkTokens(t *testing.T, tok *tokenizer.Tokenizer, text string, want []tokenizer.Token) {
	t.Helper()
	got := tok.Encode(text)
	if slices.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	show := func(ids []tokenizer.Token) (texts []string) {
		for _, id := range ids[i:min(i+8, len(ids))] {
			texts = append(texts, tok.Token(id))
		}
		return
	}
	t.Errorf("%.60q: from token %d on got %q, want %q", text, i, show(got), show(want))
}

func TestGemma(t *testing.T) {
	var families map[string]map[string]struct {
		Text    string
		IDs     []tokenizer.Token
		Decoded string
	}
	if err := json.Unmarshal(readFile(t, "tokenizers", "gemma", "cases.json"), &families); err != nil {
		t.Fatal(err)
	}
	tok := vocabulary(t, "gemma")
	if !tok.AddsBOS() {
		t.Error("no BOS")
	}
	count := 0
	for _, cases := range families {
		for _, c := range cases {
			count++
			checkTokens(t, tok, c.Text, c.IDs[1:])
			if got := tok.EncodePrompt(c.Text); !slices.Equal(got, c.IDs) {
				t.Errorf("prompt %q: %v, want %v", c.Text, got, c.IDs)
			}
			if got := tok.DecodeSpecial(c.IDs); got != c.Decoded {
				t.Errorf("decoded %q, want %q", got, c.Decoded)
			}
		}
	}
	if count == 0 {
		t.Error("no cases")
	}
}

func TestTale(t *testing.T) {
	type prompt struct {
		Name, Prompt string
		IDs          []tokenizer.Token
		Exact        struct {
			IDs  []tokenizer.Token
			Text string
		}
	}
	var reference struct {
		LogitsPrompt struct {
			Text string
			IDs  []tokenizer.Token
		} `json:"logits_prompt"`
		Models map[string]struct{ Prompts []prompt }
	}
	if err := json.Unmarshal(readFile(t, "models", "tale", "reference.json"), &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Models) == 0 {
		t.Fatal("no models")
	}
	for name, model := range reference.Models {
		tok := fromFile(t, "models", "tale", name)
		if got := tok.EncodePrompt(reference.LogitsPrompt.Text); !slices.Equal(got, reference.LogitsPrompt.IDs) {
			t.Errorf("%s: %v, want %v", name, got, reference.LogitsPrompt.IDs)
		}
		for _, p := range model.Prompts {
			if got := tok.EncodePrompt(p.Prompt); !slices.Equal(got, p.IDs) {
				t.Errorf("%s: %s: %v, want %v", name, p.Name, got, p.IDs)
			}
			if got := tok.DecodeSpecial(p.Exact.IDs); got != p.Exact.Text {
				t.Errorf("%s: %s: decoded %q, want %q", name, p.Name, got, p.Exact.Text)
			}
		}
		if got, want := tok.EOG(), []tokenizer.Token{1020, 1023}; !slices.Equal(got, want) {
			t.Errorf("%s: EOG %v, want %v", name, got, want)
		}
	}
}

func TestStories(t *testing.T) {
	tok := fromFile(t, "models", "stories260K", "stories260K.gguf")
	if bos, ok := tok.BOS(); !ok || bos != 1 || !tok.AddsBOS() {
		t.Errorf("BOS %d %v, added %v", bos, ok, tok.AddsBOS())
	}
	text := string(readFile(t, "models", "stories260K", "expected_t0_n200.txt"))
	ids := tok.EncodePrompt(text)
	if got := tok.Decode(ids); got != text {
		t.Errorf("decoded %q", got)
	}
	if got, want := tok.DecodeSpecial(ids[:1]), "<s>"; got != want {
		t.Errorf("decoded %q, want %q", got, want)
	}
}
