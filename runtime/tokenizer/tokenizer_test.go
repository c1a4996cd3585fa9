package tokenizer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/tokenizer"
)

// The tokens of the two small vocabularies that follow the 256 bytes.
const (
	bpeBOS = 256 + iota
	bpeEnd
	bpeTool
	bpeHello
)

// smallBPE is a byte-level vocabulary: the bytes, special tokens, and a few merges.
func smallBPE(t testing.TB, extra ...any) *gguf.Metadata {
	var tokens, merges []string
	for b := range 256 {
		tokens = append(tokens, byteLevel([]byte{byte(b)}))
	}
	kinds := slices.Repeat([]int32{normal}, 256)
	tokens = append(tokens, "<|begin|>", "<|im_end|>", "<tool>")
	kinds = append(kinds, control, control, user)
	tokens = append(tokens, "Hello")
	for _, m := range []string{"l l", "H e", "ll o", "He llo", "Ġ w", "o r", "Ġw or", "Ġ Ġ", "< |", "e l"} {
		merges = append(merges, m)
		if joint := strings.ReplaceAll(m, " ", ""); joint != "Hello" {
			tokens = append(tokens, joint)
		}
	}
	kinds = append(kinds, slices.Repeat([]int32{normal}, len(tokens)-len(kinds))...)
	return metadata(t, append([]any{"model", "gpt2", "pre", "gpt-2", "tokens", tokens, "token_type", kinds, "merges", merges,
		"bos_token_id", uint32(bpeBOS), "eos_token_id", int32(-1), "add_bos_token", true}, extra...)...)
}

// smallSPM is a SentencePiece vocabulary: special tokens, the bytes from token 3, and some pieces from token 260.
func smallSPM(t testing.TB, extra ...any) *gguf.Metadata {
	tokens := []string{"<unk>", "<s>", "</s>"}
	kinds := []int32{unknown, control, control}
	for b := range 256 {
		tokens, kinds = append(tokens, fmt.Sprintf("<0x%02X>", b)), append(kinds, byteTok)
	}
	tokens, kinds = append(tokens, "<tool>"), append(kinds, user)
	tokens = append(tokens, "▁", "a", "b", "c", "ab", "bc", "▁a", "abc", "▁abc", "▁▁", "é", ".", "c▁a")
	kinds = append(kinds, slices.Repeat([]int32{normal}, len(tokens)-len(kinds))...)
	scores := make([]float32, len(tokens))
	for i := range scores {
		scores[i] = -float32(i)
	}
	return metadata(t, append([]any{"model", "llama", "tokens", tokens, "token_type", kinds, "scores", scores,
		"unknown_token_id", uint32(0), "padding_token_id", uint32(math.MaxUint32)}, extra...)...)
}

// pieces returns the vocabulary's texts of tokens, separated by commas.
func pieces(tok *tokenizer.Tokenizer, ids []tokenizer.Token) string {
	var list []string
	for _, id := range ids {
		list = append(list, tok.Token(id))
	}
	return strings.Join(list, ",")
}

func TestSmallVocabularies(t *testing.T) {
	bpe, spm := newTokenizer(t, smallBPE(t)), newTokenizer(t, smallSPM(t))
	bare := newTokenizer(t, smallSPM(t, "add_space_prefix", false))
	for _, test := range []struct {
		tok           *tokenizer.Tokenizer
		encode        func(string) []tokenizer.Token
		text, want    string
		decoded       string
		decodeSpecial string
	}{
		{bpe, bpe.Encode, "", "", "", ""},
		{bpe, bpe.Encode, "Hello wor", "Hello,Ġwor", "Hello wor", "Hello wor"},
		{bpe, bpe.Encode, "Hell", "He,ll", "Hell", "Hell"},
		{bpe, bpe.Encode, "a<tool>b", "a,<tool>,b", "a<tool>b", "a<tool>b"},
		{bpe, bpe.Encode, "<|im_end|>", "<|,i,m,_,e,n,d,|,>", "<|im_end|>", "<|im_end|>"},
		{bpe, bpe.EncodeSpecial, "<|im_end|>", "<|im_end|>", "", "<|im_end|>"},
		{bpe, bpe.EncodeSpecial, "<|im_end<|im_end|>", "<|,i,m,_,e,n,d,<|im_end|>", "<|im_end", "<|im_end<|im_end|>"},
		{bpe, bpe.EncodePrompt, "a", "<|begin|>,a", "a", "<|begin|>a"},
		{bpe, bpe.EncodePrompt, "<|begin|>a", "<|begin|>,a", "a", "<|begin|>a"},
		{bpe, bpe.EncodePrompt, "", "<|begin|>", "", "<|begin|>"},
		{bpe, bpe.Encode, "\xff\xc3", "ÿ,Ã", "\uFFFD\uFFFD", "\uFFFD\uFFFD"},

		{spm, spm.Encode, "", "", "", ""},
		{spm, spm.Encode, "abc", "▁abc", "abc", "abc"},
		{spm, spm.Encode, " abc", "▁,▁abc", " abc", " abc"},
		{spm, spm.Encode, "bca b", "▁,bc,a,▁,b", "bca b", "bca b"},
		{spm, spm.Encode, "bc a", "▁,bc,▁a", "bc a", "bc a"},
		{spm, spm.Encode, ".▁a", "▁,.,▁a", ". a", ". a"},
		{spm, spm.Encode, "é😀", "▁,é,<0xF0>,<0x9F>,<0x98>,<0x80>", "é😀", "é😀"},
		{spm, spm.Encode, "a<tool>b", "▁a,<tool>,b", "a<tool>b", "a<tool>b"},
		{spm, spm.Encode, "<tool>a", "<tool>,a", "<tool>a", "<tool>a"},
		{spm, spm.Encode, "</s>", "▁,<0x3C>,<0x2F>,<0x73>,<0x3E>", "</s>", "</s>"},
		{spm, spm.EncodeSpecial, "a</s>a", "▁a,</s>,▁a", "a a", "a</s> a"},
		{spm, spm.EncodePrompt, "a", "<s>,▁a", "a", "<s>a"},
		{bare, bare.Encode, "abc a", "abc,▁a", "abc a", "abc a"},
		{bare, bare.Encode, " a", "▁a", " a", " a"},
	} {
		ids := test.encode(test.text)
		if got := pieces(test.tok, ids); got != test.want {
			t.Errorf("%q: got %s, want %s", test.text, got, test.want)
		}
		if got := test.tok.Decode(ids); got != test.decoded {
			t.Errorf("%q: decoded %q, want %q", test.text, got, test.decoded)
		}
		if got := test.tok.DecodeSpecial(ids); got != test.decodeSpecial {
			t.Errorf("%q: decoded with special tokens %q, want %q", test.text, got, test.decodeSpecial)
		}
	}
}

func TestPhi3EatsSpace(t *testing.T) {
	md := smallSPM(t)
	if err := md.Set("general.architecture", "phi3"); err != nil {
		t.Fatal(err)
	}
	tok := newTokenizer(t, md)
	if got, want := pieces(tok, tok.EncodeSpecial("<s> a</s>\n a")), "<s>,▁,▁a,</s>,▁a"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLookup(t *testing.T) {
	tok := newTokenizer(t, smallBPE(t))
	if id, ok := tok.Lookup("Ġw"); !ok || tok.Token(id) != "Ġw" {
		t.Errorf("Ġw is %d, %v", id, ok)
	}
	if id, ok := tok.Lookup("<|im_end|>"); !ok || id != bpeEnd || !tok.IsControl(id) {
		t.Errorf("<|im_end|> is %d, %v", id, ok)
	}
	if _, ok := tok.Lookup("none"); ok {
		t.Error("found a token that is not there")
	}
	if tok.IsControl(bpeTool) || tok.IsControl(-1) || tok.IsControl(1<<30) {
		t.Error("IsControl")
	}
	if tok.Token(-1) != "" || tok.Token(tokenizer.Token(tok.Size())) != "" {
		t.Error("tokens outside the vocabulary have texts")
	}
	if _, ok := tok.EOS(); ok {
		t.Error("an EOS of -1")
	}
	if id, ok := tok.BOS(); !ok || id != bpeBOS {
		t.Error("BOS")
	}
}

func TestEndOfGeneration(t *testing.T) {
	spm := newTokenizer(t, smallSPM(t))
	if got := spm.EOG(); !slices.Equal(got, []tokenizer.Token{2}) {
		t.Errorf("EOG %v", got)
	}
	if id, ok := spm.EOS(); !ok || id != 2 {
		t.Errorf("EOS %d, %v", id, ok)
	}
	texts := []string{"x", "<|end|>", "<|return|>", "<|call|>", "<|im_end|>", "<end_of_turn>", "<|eot_id|>", "x2", "x3"}
	md := func(kinds []int32, extra ...any) *gguf.Metadata {
		return metadata(t, append([]any{"model", "gpt2", "tokens", texts, "token_type", kinds, "merges", []string{}}, extra...)...)
	}
	for _, test := range []struct {
		md   *gguf.Metadata
		want []tokenizer.Token
	}{
		{md([]int32{1, 3, 1, 1, 3, 3, 3, 1, 1}), []tokenizer.Token{1, 4, 5, 6}},
		{md([]int32{1, 3, 3, 3, 1, 1, 1, 1, 1}), []tokenizer.Token{2, 3}},
		{md([]int32{1, 1, 1, 1, 4, 1, 1, 3, 3}), []tokenizer.Token{4}},
		{md([]int32{1, 1, 1, 1, 1, 1, 1, 3, 3}, "eos_token_id", uint32(0), "eot_token_id", uint32(7), "eom_token_id", uint32(8)), []tokenizer.Token{0, 7, 8}},
	} {
		tok := newTokenizer(t, test.md)
		if diff := cmp.Diff(test.want, tok.EOG()); diff != "" {
			t.Errorf("EOG (-want +got):\n%s", diff)
		}
		for id := range tok.Size() {
			if id := tokenizer.Token(id); tok.IsEOG(id) != slices.Contains(test.want, id) {
				t.Errorf("IsEOG(%d) is %v", id, tok.IsEOG(id))
			}
		}
	}
	// A user-defined end token is a control token in truth.
	tok := newTokenizer(t, md([]int32{1, 1, 1, 1, user, 1, 1, 1, 1}))
	if got := tok.Encode("<|im_end|>"); slices.Contains(got, 4) {
		t.Errorf("text became an end token: %v", got)
	}
}

func TestDefaults(t *testing.T) {
	for name, want := range map[string]bool{"gpt-2": false, "llama-bpe": true, "qwen2": false, "tekken": true} {
		md := smallBPE(t, "pre", name)
		withFlag := newTokenizer(t, md)
		if !withFlag.AddsBOS() {
			t.Errorf("%s: the flag is ignored", name)
		}
		bare := &gguf.Metadata{}
		for key, v := range md.All() {
			if !strings.HasSuffix(key, "add_bos_token") {
				if err := bare.Set(key, v); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := newTokenizer(t, bare).AddsBOS(); got != want {
			t.Errorf("%s: adds BOS: %v, want %v", name, got, want)
		}
	}
	// Without kinds, what other keys name is special, and so are bytes.
	md := metadata(t, "model", "llama", "tokens", []string{"<unk>", "<s>", "</s>", "<0x41>", "▁"}, "scores", make([]float32, 5),
		"bos_token_id", uint32(1), "eos_token_id", uint32(2), "unknown_token_id", uint32(0))
	tok := newTokenizer(t, md)
	if got, want := pieces(tok, tok.EncodePrompt("AB")), "<s>,▁,<0x41>,<unk>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := tok.Decode([]tokenizer.Token{1, 4, 3, 2}); got != "A" {
		t.Errorf("decoded %q", got)
	}
}

func TestBadMetadata(t *testing.T) {
	for _, test := range []struct {
		name string
		md   *gguf.Metadata
		want string
	}{
		{"no model", metadata(t), `gguf: metadata key "tokenizer.ggml.model" is missing; want a string`},
		{"model type", metadata(t, "model", true), `gguf: metadata key "tokenizer.ggml.model" is a bool; want a string`},
		{"unknown model", smallBPE(t, "model", "bert"), `tokenizer.ggml.model is "bert"; llama and gpt2 are supported`},
		{"no tokens", metadata(t, "model", "gpt2"), `gguf: metadata key "tokenizer.ggml.tokens" is missing; want an array of strings`},
		{"no token", smallBPE(t, "tokens", []string{}), `tokenizer.ggml.tokens has 0 entries`},
		{"kinds", smallBPE(t, "token_type", []int32{1}), `tokenizer.ggml.token_type has 1 entries; tokenizer.ggml.tokens has 269`},
		{"kind", smallBPE(t, "token_type", slices.Repeat([]int32{7}, 269)), `tokenizer.ggml.token_type[0] is 7; 0 to 6 are known`},
		{"byte token", smallBPE(t, "token_type", slices.Repeat([]int32{byteTok}, 269)), `tokenizer.ggml.tokens[0], a byte token, is "Ā"; want <0x00> to <0xFF>`},
		{"BOS", smallBPE(t, "bos_token_id", uint32(269)), `tokenizer.ggml.bos_token_id is 269; the vocabulary has 269 tokens`},
		{"EOS", smallBPE(t, "eos_token_id", int32(-2)), `tokenizer.ggml.eos_token_id is -2; the vocabulary has 269 tokens`},
		{"EOT", smallBPE(t, "eot_token_id", "x"), `gguf: metadata key "tokenizer.ggml.eot_token_id" is a string; want an integer`},
		{"EOM", smallBPE(t, "eom_token_id", uint32(1000)), `tokenizer.ggml.eom_token_id is 1000; the vocabulary has 269 tokens`},
		{"unknown token", smallBPE(t, "unknown_token_id", uint32(1000)), `tokenizer.ggml.unknown_token_id is 1000; the vocabulary has 269 tokens`},
		{"BOS flag", smallBPE(t, "add_bos_token", uint8(1)), `gguf: metadata key "tokenizer.ggml.add_bos_token" is a uint8; want a bool`},
		{"pre-tokeniser", smallBPE(t, "pre", "gpt-9"), `tokenizer.ggml.pre is "gpt-9", an unknown pre-tokeniser`},
		{"merge", smallBPE(t, "merges", []string{"a"}), `tokenizer.ggml.merges[0] is "a"; want two pieces with a space between them`},
		{"merge of three", smallBPE(t, "merges", []string{"l l", "a b c"}), `tokenizer.ggml.merges[1] is "a b c"; want two pieces with a space between them`},
		{"merge of unknown", smallBPE(t, "merges", []string{"l xyz"}), `tokenizer.ggml.merges[0] is "l xyz"; "xyz" is not in the vocabulary`},
		{"merge to unknown", smallBPE(t, "merges", []string{"x y"}), `tokenizer.ggml.merges[0] is "x y"; "xy" is not in the vocabulary`},
		{"no scores", metadata(t, "model", "llama", "tokens", []string{"a"}), `gguf: metadata key "tokenizer.ggml.scores" is missing; want an array of floats`},
		{"scores", smallSPM(t, "scores", []float32{1}), `tokenizer.ggml.scores has 1 entries; tokenizer.ggml.tokens has 273`},
		{"score", smallSPM(t, "scores", slices.Repeat([]float32{float32(math.NaN())}, 273)), `tokenizer.ggml.scores[0] is not a number`},
		{"space prefix", smallSPM(t, "add_space_prefix", "yes"), `gguf: metadata key "tokenizer.ggml.add_space_prefix" is a string; want a bool`},
		{"no bytes", metadata(t, "model", "llama", "tokens", []string{"a"}, "scores", []float32{0}), `the vocabulary has neither a token for byte 0x00 nor one for unknown text`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := tokenizer.New(test.md)
			if want := "tokenizer: " + test.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// TestPretokenizers cuts text with vocabularies that merge everything into words, to see the words.
func TestPretokenizers(t *testing.T) {
	const text = "It's 1234567 o'CLOCK, HelloWorld!!\r\n\n  x=3;\t\tй한漢 end  "
	for name, want := range map[string]string{
		"gpt-2":          "It|'s| 1234567| o|'|CLOCK|,| HelloWorld|!!|\r\n\n | x|=|3|;|\t|\t|й한漢| end|  ",
		"llama-bpe":      "It|'s| |123|456|7| o|'CLOCK|,| HelloWorld|!!\r\n\n| | x|=|3|;|\t|\tй한漢| end|  ",
		"qwen2":          "It|'s| |1|2|3|4|5|6|7| o|'CLOCK|,| HelloWorld|!!\r\n\n| | x|=|3|;|\t|\tй한漢| end|  ",
		"gpt-4o":         "It's| |123|456|7| o|'CLOCK|,| Hello|World|!!\r\n\n| | x|=|3|;|\t|\tй한漢| end|  ",
		"tekken":         "It|'s| |1|2|3|4|5|6|7| o|'CLOCK|,| Hello|World|!!\r\n\n| | x|=|3|;|\t|\tй한漢| end|  ",
		"starcoder":      "It|'s| |1|2|3|4|5|6|7| o|'|CLOCK|,| HelloWorld|!!|\r\n\n | x|=|3|;|\t|\t|й한漢| end|  ",
		"falcon":         "It|'|s| |123|456|7| o|'|CLOCK|,| HelloWorld|!!|\r\n\n | x|=|3|;|\t|\t|й한漢| end|  ",
		"default":        "It|'|s| |123|456|7| o|'|CLOCK|,| HelloWorld|!!|\r\n\n | x|=|3|;|\t|\t|й한漢| end|  ",
		"deepseek-llm":   "It|'|s| |1234567| o|'|CLOCK|,| HelloWorld|!!|\r|\n|\n| | x|=|3|;|\t|\tй|한漢| end|  ",
		"deepseek-coder": "It|'|s| |1|2|3|4|5|6|7| o|'|CLOCK|,| HelloWorld|!!|\r|\n|\n| | x|=|3|;|\t|\tй|한漢| end|  ",
		"deepseek-v3":    "It|'s| |123|456|7| o|'CLOCK|,| HelloWorld|!!\r\n\n| | x|=|3|;|\t|\tй한|漢| end|  ",
		"seed-coder":     "It|'s| |1|2|3|4|5|6|7| o|'CLOCK|,| HelloWorld|!!|\r\n\n| | x|=|3|;|\t|\tй한漢| end|  ",
		"bailingmoe":     "It|'s| |1|2|3|4|5|6|7| o|'CLOCK|,| HelloWorld|!!\r\n\n| | x|=|3|;|\t|\tй한漢| end|  ",
		"qwen35":         "It|'s| |1|2|3|4|5|6|7| o|'CLOCK|,| HelloWorld|!!\r\n\n| | x|=|3|;|\t|\tй한漢| end|  ",
		"bloom":          "It's| 1234567| o'CLOCK|,| HelloWorld|!!\r\n\n | x=3;|\t\t|й한漢| end|  ",
		"viking":         "It's| |1|2|3|4|5|6|7| o'CLOCK|,| HelloWorld|!!\r\n\n | x=|3|;|\t\t|й한漢| end|  ",
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(tokenizer.Words(name, text), "|"); got != want {
				t.Errorf("\ngot  %q\nwant %q", got, want)
			}
		})
	}
}

// TestSchemes checks that every pre-tokeniser compiles and loses nothing.
func TestSchemes(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, name := range tokenizer.SchemeNames() {
		for range 20 {
			text := randomText(rng) + "\xff"
			words := tokenizer.Words(name, text)
			if got := strings.Join(words, ""); got != text || slices.Contains(words, "") {
				t.Fatalf("%s: %q became %q", name, text, words)
			}
		}
	}
}

// TestChunks checks that it makes no difference to words whether text is cut into chunks first.
func TestChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	parts := strings.Split(" |  |a|Hello|I'm|'s|é|漢|1|1234|.|!!|(|/|_|\n|\r\n|\t|\u00a0|\u3000|+|£|$|~|`|\x7f|x=3|HTMLElement|dž|̈|😀|-", "|")
	for _, name := range tokenizer.SchemeNames() {
		cuts := 0
		for range 200 {
			var text string
			for range 1 + rng.IntN(8) {
				text += parts[rng.IntN(len(parts))] + [...]string{"", " ", " a", " Be"}[rng.IntN(4)]
			}
			chunks := tokenizer.Chunks(text)
			cuts += len(chunks) - 1
			var got []string
			for _, chunk := range chunks {
				got = append(got, tokenizer.Words(name, chunk)...)
			}
			if want := tokenizer.Words(name, text); !slices.Equal(got, want) {
				t.Errorf("%s: %q: chunks give %q, the whole %q", name, text, got, want)
				break
			}
		}
		if cuts < 100 {
			t.Errorf("%s: only %d cuts", name, cuts)
		}
	}
}

// TestMissingByte checks that text outside the vocabulary cannot become an end token, even where that also is the token for
// unknown text.
func TestMissingByte(t *testing.T) {
	md := func(extra ...any) *gguf.Metadata {
		return metadata(t, append([]any{"model", "gpt2", "tokens", []string{"<|endoftext|>", "<unk>", "a"}, "token_type", []int32{control, unknown, normal},
			"merges", []string{}, "eos_token_id", uint32(0)}, extra...)...)
	}
	for _, test := range []struct {
		md   *gguf.Metadata
		want string
	}{
		{md(), "a,a"},
		{md("unknown_token_id", uint32(0)), "a,a"},
		{md("unknown_token_id", uint32(1)), "a,<unk>,a"},
	} {
		tok := newTokenizer(t, test.md)
		if got := pieces(tok, tok.Encode("aba")); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// TestMergeToControl checks that merging cannot make a control token of its text.
func TestMergeToControl(t *testing.T) {
	texts := []string{"x", "y", "z", "xy", "xyz", "<unk>", "▁"}
	kinds := []int32{normal, normal, normal, normal, control, unknown, normal}
	for _, md := range []*gguf.Metadata{
		metadata(t, "model", "gpt2", "tokens", texts, "token_type", kinds, "merges", []string{"x y", "xy z"}),
		metadata(t, "model", "llama", "tokens", texts, "token_type", kinds, "scores", make([]float32, len(texts)), "add_space_prefix", false),
	} {
		tok := newTokenizer(t, md)
		if got := pieces(tok, tok.Encode("xyz")); got != "xy,z" {
			t.Errorf("got %s, want xy,z", got)
		}
		if got := pieces(tok, tok.EncodeSpecial("xyz")); got != "xyz" {
			t.Errorf("got %s, want xyz", got)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	for _, md := range []*gguf.Metadata{smallBPE(t), smallSPM(t)} {
		tok := newTokenizer(t, md)
		const text = "Hello wor abc a<tool>b 😀"
		want := tok.Encode(text)
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				for j := range 100 {
					tok.Encode(strings.Repeat("ab", i+j))
					if got := tok.Encode(text); !slices.Equal(got, want) {
						t.Errorf("got %v, want %v", got, want)
						return
					}
				}
			})
		}
		group.Wait()
	}
}

// TestStreaming checks that a decoder returns whole characters, as soon as they are whole.
func TestStreaming(t *testing.T) {
	tok := newTokenizer(t, smallSPM(t))
	d := tok.NewDecoder()
	for _, step := range []struct {
		token string
		want  string
	}{
		{"<s>", ""}, {"▁", ""}, {"▁a", " a"}, {"<0xF0>", ""}, {"<0x9F>", ""}, {"<0x98>", ""}, {"<0x80>", "😀"}, {"é", "é"},
		{"<0xE2>", ""}, {"<0x82>", ""}, {"b", "\uFFFD\uFFFDb"}, {"<0xFF>", "\uFFFD"}, {"<0xC3>", ""}, {"</s>", "\uFFFD"}, {"<0xC3>", ""},
	} {
		id, _ := tok.Lookup(step.token)
		if got := d.Next(id); got != step.want {
			t.Errorf("%s: got %q, want %q", step.token, got, step.want)
		}
	}
	if got := d.Next(-1) + d.Next(1<<30); got != "" {
		t.Errorf("tokens outside the vocabulary: %q", got)
	}
	if got := d.Flush(); got != "\uFFFD" {
		t.Errorf("Flush: %q", got)
	}
	if got := d.Flush(); got != "" {
		t.Errorf("second Flush: %q", got)
	}
}

func TestRoundTrip(t *testing.T) {
	toks := []*tokenizer.Tokenizer{newTokenizer(t, smallBPE(t)), newTokenizer(t, smallSPM(t))}
	for _, name := range []string{"gpt-2", "deepseek-llm", "llama-spm"} {
		toks = append(toks, vocabulary(t, name))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		text := randomText(rng)
		for i, tok := range toks {
			checkRoundTrip(t, tok, i == 1 || i == len(toks)-1, text)
		}
	}
}

// randomText mixes characters of all kinds.
func randomText(rng *rand.Rand) string {
	odd := []rune("\n\r\t'\"!<|>▁\u00a0\u3000")
	var text []rune
	for range rng.IntN(40) {
		switch rng.IntN(6) {
		case 0:
			text = append(text, ' ')
		case 1:
			text = append(text, odd[rng.IntN(len(odd))])
		case 2:
			text = append(text, rune(rng.IntN(0x10ffff)))
		case 3:
			text = append(text, rune(rng.IntN(0x3000)))
		default:
			text = append(text, 'a'+rune(rng.IntN(26)))
		}
	}
	return string(text)
}

// checkRoundTrip checks what must hold for every text.
func checkRoundTrip(t *testing.T, tok *tokenizer.Tokenizer, sentencePiece bool, text string) {
	t.Helper()
	ids := tok.Encode(text)
	for _, id := range ids {
		if id < 0 || int(id) >= tok.Size() || tok.IsControl(id) {
			t.Fatalf("%q became token %d", text, id)
		}
	}
	want := string([]rune(text))
	if sentencePiece {
		want = strings.ReplaceAll(want, "▁", " ")
	}
	got := tok.Decode(ids)
	if got != want {
		t.Fatalf("%q came back as %q", text, got)
	}
	special := tok.DecodeSpecial(tok.EncodeSpecial(text))
	if !utf8.ValidString(special) || !sentencePiece && special != want {
		t.Fatalf("with special tokens, %q came back as %q", text, special)
	}
}

// TestHardTexts encodes long texts that defeat word caches and bad algorithms.
func TestHardTexts(t *testing.T) {
	const size = 1 << 17
	rng := rand.New(rand.NewPCG(3, 4))
	random := make([]byte, size)
	letters := make([]byte, size)
	for i := range random {
		random[i] = byte(rng.Uint32())
		letters[i] = 'a' + byte(rng.UintN(4))
	}
	texts := map[string]string{
		"one letter":     strings.Repeat("a", size),
		"spaces":         strings.Repeat(" ", size),
		"spaces, letter": strings.Repeat(" ", size) + "a",
		"lines":          strings.Repeat("\n", size),
		"mixed space":    strings.Repeat(" \n", size/2),
		"digits":         strings.Repeat("1", size),
		"punctuation":    strings.Repeat("'", size),
		"capitals":       strings.Repeat("A", size),
		"marks":          strings.Repeat("\u0301", size/2),
		"random bytes":   string(random),
		"random letters": string(letters),
		"almost special": strings.Repeat("<|im_end|", size/9),
	}
	toks := map[string]*tokenizer.Tokenizer{"spm": newTokenizer(t, smallSPM(t))}
	for _, pre := range []string{"default", "gpt-2", "llama-bpe", "gpt-4o", "deepseek-llm", "deepseek-coder", "deepseek-v3", "falcon", "bailingmoe", "viking"} {
		toks[pre] = newTokenizer(t, smallBPE(t, "pre", pre))
	}
	for name, tok := range toks {
		for kind, text := range texts {
			start := time.Now()
			n := len(tok.EncodeSpecial(text))
			// Some 30 ms are usual; quadratic time would be a minute.
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s: %s: %d tokens took %v", name, kind, n, took)
			}
		}
	}
}

func FuzzEncode(f *testing.F) {
	bpe, spm := newTokenizer(f, smallBPE(f)), newTokenizer(f, smallSPM(f))
	deepseek := newTokenizer(f, smallBPE(f, "pre", "deepseek-llm"))
	for _, text := range []string{"", "Hello wor", " abc a", "a<tool><|im_end|></s>", "\xff\u00e9😀▁\n", "1234's  \t!"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkRoundTrip(t, bpe, false, text)
		checkRoundTrip(t, deepseek, false, text)
		checkRoundTrip(t, spm, true, text)
	})
}

func FuzzDecode(f *testing.F) {
	toks := []*tokenizer.Tokenizer{newTokenizer(f, smallBPE(f)), newTokenizer(f, smallSPM(f))}
	f.Add([]byte{0, 1, 2, 3, 0xff, 0xff, 1, 4, 0, 0xe0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var ids []tokenizer.Token
		for i := 0; i+1 < len(data); i += 2 {
			ids = append(ids, tokenizer.Token(int16(uint16(data[i])<<8|uint16(data[i+1]))))
		}
		for _, tok := range toks {
			d := tok.NewDecoder()
			var text string
			for _, id := range ids {
				part := d.Next(id)
				if !utf8.ValidString(part) {
					t.Fatalf("token %d gave %q", id, part)
				}
				text += part
			}
			if text += d.Flush(); text != tok.Decode(ids) {
				t.Fatalf("streamed %q, at once %q", text, tok.Decode(ids))
			}
			tok.DecodeSpecial(ids)
		}
	})
}
