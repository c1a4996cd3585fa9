package tokenizer

import (
	"cmp"
	"slices"
	"sort"
)

// endTexts are the texts with which control tokens of well-known models end a generation.
var endTexts = []string{
	"</s>",
	"<eos>",
	"<|endoftext|>",
	"<|end_of_text|>",
	"<|eot_id|>",
	"<|eom_id|>",
	"<|eot|>",
	"<|im_end|>",
	"<|end|>",
	"<|return|>",
	"<|call|>",
	"<|END_OF_TURN_TOKEN|>",
	"<end_of_turn>",
	"<end_of_utterance>",
	"<turn|>",
	"<|EOT|>",
	"<EOT>",
	"[EOT]",
	"[EOS]",
	"<｜end▁of▁sentence｜>",
}

// endTokens returns the tokens that end a generation: those that the metadata name, and well-known ones. The latter are
// sometimes stored as user-defined, by mistake; they become control tokens, so that a user's text cannot hold them.
func endTokens(v *vocab, named ...Token) []Token {
	ends := map[Token]bool{}
	for _, id := range named {
		if id != none {
			ends[id] = true
		}
	}
	for _, text := range endTexts {
		id, ok := v.ids[text]
		if !ok {
			continue
		}
		if v.kinds[id] == kindUser {
			v.kinds[id] = kindControl
		}
		if v.kinds[id] == kindControl {
			ends[id] = true
		}
	}
	// In the harmony format <|end|> only ends one message of several.
	returns, ok1 := v.ids["<|return|>"]
	calls, ok2 := v.ids["<|call|>"]
	if ok1 && ok2 && ends[returns] && ends[calls] {
		delete(ends, v.ids["<|end|>"])
	}
	list := make([]Token, 0, len(ends))
	for id := range ends {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// spaceEaters returns the control tokens that swallow white space after them. GGUF files do not say so; of the supported
// models the Phi-3 family was trained like that.
func spaceEaters(md Metadata, model string, v *vocab) (map[Token]bool, error) {
	const keyArchitecture = "general.architecture"
	if model != "llama" || !md.Has(keyArchitecture) {
		return nil, nil
	}
	architecture, err := md.String(keyArchitecture)
	if err != nil || architecture != "phi3" {
		return nil, err
	}
	eaters := map[Token]bool{}
	for id, text := range v.texts {
		if v.kinds[id] == kindControl && text != "<s>" && text != "<|endoftext|>" {
			eaters[Token(id)] = true
		}
	}
	return eaters, nil
}

// special is a token that is found in a text as a whole.
type special struct {
	text string
	id   Token
}

// matcher finds special tokens in a text.
type matcher struct {
	sorted []special // by text, each text once
	first  [256]bool // the bytes with which texts begin
}

func newMatcher(list []special) *matcher {
	m := &matcher{}
	slices.SortStableFunc(list, func(a, b special) int { return cmp.Compare(a.text, b.text) })
	for _, s := range list {
		if s.text == "" || len(m.sorted) > 0 && m.sorted[len(m.sorted)-1].text == s.text {
			continue
		}
		m.sorted = append(m.sorted, s)
		m.first[s.text[0]] = true
	}
	return m
}

// find returns where the leftmost special token of text lies, the longest if several begin there. If there is none,
// start and end are the length of the text and id is none.
func (m *matcher) find(text string) (start, end int, id Token) {
	if len(m.sorted) > 0 {
		for i := range len(text) {
			if !m.first[text[i]] {
				continue
			}
			if n, id := m.at(text[i:]); n > 0 {
				return i, i + n, id
			}
		}
	}
	return len(text), len(text), none
}

// at returns the longest special token with which text begins, and its length, 0 if there is none.
func (m *matcher) at(text string) (n int, id Token) {
	// list holds the tokens that begin with text[:i].
	list := m.sorted
	for i := range len(text) {
		c := text[i]
		from := sort.Search(len(list), func(j int) bool { return len(list[j].text) > i && list[j].text[i] >= c })
		list = list[from:]
		to := sort.Search(len(list), func(j int) bool { return list[j].text[i] > c })
		list = list[:to]
		if len(list) == 0 {
			break
		}
		if len(list[0].text) == i+1 {
			n, id = i+1, list[0].id
		}
	}
	return n, id
}
