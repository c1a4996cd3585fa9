package tokenizer

import (
	"maps"
	"slices"
)

// SchemeNames returns the names of the known pre-tokenisers.
func SchemeNames() []string { return slices.Sorted(maps.Keys(schemes)) }

// Chunks returns the chunks of text.
func Chunks(text string) []string {
	var chunks []string
	for text != "" {
		n := chunkEnd(text)
		chunks = append(chunks, text[:n])
		text = text[n:]
	}
	return chunks
}

var pretokenizers = map[string]*pretokenizer{}

// Words returns the words into which the pre-tokeniser of a name cuts text.
func Words(name, text string) []string {
	var words []string
	p, ok := pretokenizers[name]
	if !ok {
		p = newPretokenizer(schemes[name])
		pretokenizers[name] = p
	}
	p.split(text, func(word string) { words = append(words, word) })
	return words
}
