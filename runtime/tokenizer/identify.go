package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// identified are the names that Identify gives: one for each way to cut, the best known first.
var identified = []string{
	"llama-bpe", "qwen2", "gpt-2", "smollm", "gpt-4o", "tekken", "falcon", "deepseek-llm", "deepseek-coder", "deepseek-v3", "dbrx",
	"default", "qwen35", "seed-coder", "bailingmoe", "bloom", "viking",
}

// GPT2Words is the regular expression of GPT-2, which other formats imply.
const GPT2Words = gpt2Words

// Identify returns the name, for tokenizer.ggml.pre, of the pre-tokeniser that cuts text by the regular expressions given, one
// after the other. It is found by what it does to a text of all kinds of characters, since the same can be written in several
// ways. Whole says that words which are tokens need no merging.
func Identify(patterns []string, whole bool) (string, error) {
	probe := []rune(probeText())
	want := []int{len(probe)}
	for _, pattern := range patterns {
		re, err := regexp2.Compile(pattern)
		if err != nil {
			return "", fmt.Errorf("pre-tokeniser %q: %w", pattern, err)
		}
		re.MatchTimeout = time.Second // some expressions never end
		var next []int
		rest := probe
		for _, n := range want {
			if next, err = cut(re, next, rest[:n]); err != nil {
				return "", fmt.Errorf("pre-tokeniser %q: %w", pattern, err)
			}
			rest = rest[n:]
		}
		want = next
	}
	for _, name := range identified {
		s := schemes[name]
		if s.whole != whole && slices.ContainsFunc(identified, func(other string) bool {
			return schemes[other].whole == whole && slices.Equal(schemes[other].patterns, s.patterns)
		}) {
			continue // a better name follows
		}
		if slices.Equal(wordLengths(s, probe), want) {
			return name, nil
		}
	}
	// Falcon's own file also cuts numbers from the space before them. No merge of its vocabulary joins those.
	falcon := schemes["falcon"]
	falcon.patterns = slices.Insert(slices.Clone(falcon.patterns), 2, `\p{N}+`)
	if slices.Equal(wordLengths(falcon, probe), want) {
		return "falcon", nil
	}
	return "", fmt.Errorf("unknown pre-tokenisers %q", patterns)
}

// wordLengths returns the lengths, in characters, of the words into which a scheme cuts text.
func wordLengths(s scheme, text []rune) (lengths []int) {
	newPretokenizer(s).split(string(text), func(word string) { lengths = append(lengths, utf8.RuneCountInString(word)) })
	return lengths
}

// probeText returns a text in which characters of all kinds follow each other.
func probeText() string {
	rng := rand.New(rand.NewPCG(1, 2))
	parts := strings.Split(" | |\n|\r\n|\t|a|b|Z|word|Word|HTML|'s|'LL|'|é|ß|д|Ж|ω|漢|字|か|カ|한|1|22|12345678|.|,|!|?|-|_|/|//|(|)|[|{|<|>|=|+|$|%|^|~|`|\"|…|。|“|😀|e\u0301|٣", "|")
	var text strings.Builder
	for range 3000 {
		text.WriteString(parts[rng.IntN(len(parts))])
	}
	return text.String()
}
