package tokenizer_test

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// english is a text with the words, numbers and punctuation of ordinary prose. It repeats itself less than its words do.
func english() string {
	subjects := []string{"The old fisherman", "A committee of experts", "Her younger brother", "Nobody in the village", "The 1,024th visitor", "Dr. Meyer's assistant"}
	verbs := []string{"hadn't noticed", "carefully described", "could never explain", "was afraid of", "wrote 37 letters about", "remembered"}
	objects := []string{"the lighthouse", "a manuscript from 1789", "the unusually cold winter", "those three questions", "an electrical experiment", "what they'd said"}
	endings := []string{".", "; it rained all day.", ", and then left!", " -- or so it seemed.", "?\n\n", " (see page 12)."}
	var text strings.Builder
	for i := 0; text.Len() < 1<<20; i++ {
		text.WriteString(subjects[i%6] + " " + verbs[i/6%6] + " " + objects[i/36%6] + endings[i/7%6] + " ")
	}
	return text.String()
}

func BenchmarkEncode(b *testing.B) {
	text := english()
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
	text := english()
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
