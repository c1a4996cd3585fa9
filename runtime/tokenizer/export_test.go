package tokenizer

import (
	"maps"
	"slices"
)

// SchemeNames returns the names of the known pre-tokenisers.
func SchemeNames() []string { return slices.Sorted(maps.Keys(schemes)) }

// Words returns the words into which the pre-tokeniser of a name cuts text.
func Words(name, text string) []string {
	var words []string
	newPretokenizer(schemes[name]).split(text, func(word string) { words = append(words, word) })
	return words
}
