package tokenizer

import (
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// pretokenizer cuts text into the words across which BPE does not merge. Each of its stages cuts the pieces of the one
// before: what matches, and what lies between matches, become pieces.
type pretokenizer struct {
	stages  []stage
	buffers sync.Pool // of *pieceBuffer
}

// stage appends to lengths the lengths, in characters, of the parts into which it cuts piece.
type stage func(lengths []int, piece []rune) []int

// pieceBuffer holds what split needs for a text.
type pieceBuffer struct {
	runes     []rune
	now, next []int
}

func newPretokenizer(s scheme) *pretokenizer {
	p := &pretokenizer{buffers: sync.Pool{New: func() any { return new(pieceBuffer) }}}
	for _, pattern := range s.patterns {
		if pattern == trailingSpace {
			p.stages = append(p.stages, cutTrailingSpace)
			continue
		}
		p.stages = append(p.stages, matches(pattern))
	}
	return p
}

// split calls emit for each word of text.
func (p *pretokenizer) split(text string, emit func(word string)) {
	buf := p.buffers.Get().(*pieceBuffer)
	defer p.buffers.Put(buf)
	buf.runes = buf.runes[:0]
	for _, r := range text {
		buf.runes = append(buf.runes, r)
	}
	buf.now = append(buf.now[:0], len(buf.runes))
	for _, stage := range p.stages {
		buf.next = buf.next[:0]
		rest := buf.runes
		for _, n := range buf.now {
			buf.next = stage(buf.next, rest[:n])
			rest = rest[n:]
		}
		buf.now, buf.next = buf.next, buf.now
	}
	for _, n := range buf.now {
		// Lengths in characters become lengths in bytes of the text itself, which need not be valid UTF-8.
		end := 0
		for range n {
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		emit(text[:end])
		text = text[end:]
	}
}

// chunkEnd returns the length of the first chunk of text: up to a space between a printing character and a letter, all of ASCII.
// There every pre-tokeniser cuts, whatever lies before and behind, so that chunks can be cut one by one, and remembered. In
// prose most chunks are a word with its punctuation.
func chunkEnd(text string) int {
	for i := 1; i < len(text)-1; i++ {
		n := strings.IndexByte(text[i:len(text)-1], ' ')
		if n < 0 {
			break
		}
		i += n
		before, after := text[i-1], text[i+1]|0x20
		if before > ' ' && before < 0x7f && after >= 'a' && after <= 'z' {
			return i
		}
	}
	return len(text)
}

// matches returns the stage that cuts out the matches of a pattern.
func matches(pattern string) stage {
	// The patterns repeat single characters only, so that their backtracking needs no large stack.
	re := regexp2.MustCompile(pattern, regexp2.OptionMaxBacktrackingStackSize(-1))
	return func(lengths []int, piece []rune) []int {
		lengths, err := cut(re, lengths, piece)
		if err != nil {
			panic(fmt.Sprintf("tokenizer: pattern %s: %v", pattern, err)) // there is no limit that it could pass
		}
		return lengths
	}
}

// cut appends the lengths of the matches, and of what lies between them.
func cut(re *regexp2.Regexp, lengths []int, piece []rune) ([]int, error) {
	done := 0
	err := re.FindRunesMatches(piece, 0, func(m regexp2.MatchView) bool {
		start, n, _ := m.GroupRange(0)
		if start > done {
			lengths = append(lengths, start-done)
		}
		if n > 0 {
			lengths = append(lengths, n)
		}
		done = start + n
		return true
	})
	if done < len(piece) {
		lengths = append(lengths, len(piece)-done)
	}
	return lengths, err
}

// trailingSpace is the pattern for white space at the end of a piece. It is not left to the regular expressions, which
// would take quadratic time for long runs of white space inside of a piece.
const trailingSpace = `\s+$`

func cutTrailingSpace(lengths []int, piece []rune) []int {
	n := len(piece)
	for n > 0 && unicode.IsSpace(piece[n-1]) {
		n--
	}
	if n > 0 {
		lengths = append(lengths, n)
	}
	if n < len(piece) {
		lengths = append(lengths, len(piece)-n)
	}
	return lengths
}
