package tokenizer_test

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// english returns a few megabytes of text: the file that WGSLGEN_TEXT names, or else made-up words, as frequent and as long as
// those of English are, between its most common ones, with numbers and punctuation.
func english(b *testing.B) string {
	if path := os.Getenv("WGSLGEN_TEXT"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		return string(text)
	}
	rng := rand.New(rand.NewPCG(7, 8))
	common := strings.Fields("the of and to in a is that for it was as with be by on not he his but at are this have from or had an they which")
	syllables := strings.Fields("con ter tion ing er re de pro com ment al ble ness ly un dis ex per form ver sta in tri or mo na li ca su pe")
	words := make([]string, 40000)
	for i := range words {
		for range 1 + rng.IntN(3) {
			words[i] += syllables[rng.IntN(len(syllables))]
		}
	}
	zipf := rand.NewZipf(rng, 1.1, 20, uint64(len(words)-1))
	var text strings.Builder
	for text.Len() < 4<<20 {
		switch rng.IntN(24) {
		case 0:
			text.WriteString("said 1,024. ")
		case 1:
			text.WriteString("didn't; ")
		case 2:
			text.WriteString("\n\nThe ")
		default:
			text.WriteString(common[rng.IntN(len(common))] + " " + words[zipf.Uint64()] + [...]string{" ", ", ", ". "}[rng.IntN(10)/8])
		}
	}
	return text.String()
}

// BenchmarkBytes is a loop over the bytes of the text, to compare machines with.
func BenchmarkBytes(b *testing.B) {
	text := english(b)
	b.SetBytes(int64(len(text)))
	var spaces int
	for b.Loop() {
		for i := range len(text) {
			if text[i] == ' ' {
				spaces++
			}
		}
	}
	if spaces == 0 {
		b.Error("no spaces")
	}
}

func BenchmarkEncode(b *testing.B) {
	text := english(b)
	for _, name := range []string{"gpt-2", "llama-bpe", "qwen2", "deepseek-llm", "deepseek-coder", "falcon", "starcoder", "llama-spm", "gemma"} {
		tok := vocabulary(b, name)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.Encode(text)
			}
		})
	}
}

// BenchmarkRareWords encodes words of random letters, which no cache holds: the least speed.
func BenchmarkRareWords(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	var words strings.Builder
	for words.Len() < 1<<20 {
		for range 3 + rng.IntN(8) {
			words.WriteByte("etaoinshrdlucmfw"[rng.IntN(16)])
		}
		words.WriteByte(' ')
	}
	text := words.String()
	for _, name := range []string{"gpt-2", "llama-bpe", "llama-spm"} {
		tok := vocabulary(b, name)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.Encode(text)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	tok := vocabulary(b, "gpt-2")
	text := english(b)
	ids := tok.Encode(text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Decode(ids)
	}
}

func BenchmarkNew(b *testing.B) {
	md := llama3Metadata(b)
	for b.Loop() {
		newTokenizer(b, md)
	}
}
