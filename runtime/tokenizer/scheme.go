package tokenizer

// scheme is what the name of a pre-tokeniser, in tokenizer.ggml.pre, stands for.
type scheme struct {
	patterns []string // of the stages
	whole    bool     // a word that is a token needs no merging
	addsBOS  bool     // unless the metadata say otherwise
}

// The parts of the patterns. The expressions are those with which the models were trained, as their publishers give
// them; what is left unmatched is a word of its own.
const (
	suffixes        = `'s|'t|'re|'ve|'m|'ll|'d`
	suffixesAnyCase = `'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]`

	gpt2Words = suffixes + `| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

	// The GPT-4 family cuts long numbers, keeps any one leading character with a word, and line breaks with punctuation.
	endings     = `|\s*[\r\n]+|\s+(?!\S)|\s+`
	gpt4Words   = suffixesAnyCase + `|[^\r\n\p{L}\p{N}]?\p{L}+|`
	gpt4Others  = `| ?[^\s\p{L}\p{N}]+[\r\n]*` + endings
	llama3Words = gpt4Words + `\p{N}{1,3}` + gpt4Others
	qwen2Words  = gpt4Words + `\p{N}` + gpt4Others

	// The GPT-4o family also cuts where lower case changes to upper case, and keeps combining marks with letters.
	upper       = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	lower       = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
	lead        = `[^\r\n\p{L}\p{N}]?`
	gpt4oOthers = `| ?[^\s\p{L}\p{N}]+[\r\n/]*` + endings
	gpt4oWords  = lead + upper + `*` + lower + `+(?:` + suffixesAnyCase + `)?|` +
		lead + upper + `+` + lower + `*(?:` + suffixesAnyCase + `)?|\p{N}{1,3}` + gpt4oOthers
	tekkenWords = lead + upper + `*` + lower + `+|` + lead + upper + `+` + lower + `*|\p{N}` + gpt4oOthers

	// The letters with case of an older version of Unicode, without some scripts.
	deepseekLetters = `[\p{Lu}\p{Ll}\p{Lt}-[` +
		`\u0560-\u0588\u10C7\u10CD\u10D0-\u10FF\u1C80-\u1C8F\u2D00-\u2D2D\uA790-\uA7FF\uAB30-\uAB68` +
		"\U00010570-\U000105BF\U00010D50-\U00010D8F\U00016E40-\U00016EFF\U0001D400-\U0001D7CB\U0001DF00-\U0001DF2A" + `]]+`
	deepseekPunctuation = `[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+`
	// Han, Kana and Hangul, and all between.
	deepseekEastAsian = `[\u0800-\u9FA5\uAC00-\uD7FF]+`
	deepseekV3Words   = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+" +
		`|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*` + endings

	bloomWords = ` ?[^(\s|.,!?…。，、।۔،)]+`
)

// schemes holds the known pre-tokenisers by name.
var schemes = func() map[string]scheme {
	byName := map[string]scheme{}
	add := func(s scheme, names ...string) {
		for _, name := range names {
			byName[name] = s
		}
	}
	add(scheme{patterns: []string{"[\\p{P}$+<=>^~|]+", gpt2Words, `\p{N}+`, `[0-9][0-9][0-9]`}}, "default")
	add(scheme{patterns: []string{gpt2Words}},
		"gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "gigachat", "a.x-4.0", "mellum", "modern-bert", "exaone4")
	add(scheme{patterns: []string{`\p{N}`, gpt2Words}},
		"starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2")
	add(scheme{patterns: []string{"[\\p{P}$+<=>^~|`]+", gpt2Words, `[0-9][0-9][0-9]`}}, "falcon")
	add(scheme{patterns: []string{llama3Words}, whole: true, addsBOS: true},
		"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2")
	add(scheme{patterns: []string{llama3Words}}, "dbrx", "smaug-bpe", "chatglm-bpe")
	add(scheme{patterns: []string{llama3Words}, whole: true}, "glm4", "glm5")
	add(scheme{patterns: []string{qwen2Words}},
		"qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez", "kormo", "grok-2", "solar-open")
	add(scheme{patterns: []string{
		suffixesAnyCase + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*` + endings}}, "qwen35")
	add(scheme{patterns: []string{
		suffixesAnyCase + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+` + endings}}, "seed-coder")
	add(scheme{patterns: []string{
		`'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`}},
		"bailingmoe", "bailingmoe2", "llada-moe")
	add(scheme{patterns: []string{gpt4oWords}}, "gpt-4o", "llama4", "kanana2", "minimax-m2")
	add(scheme{patterns: []string{tekkenWords}, whole: true, addsBOS: true}, "tekken")
	add(scheme{patterns: []string{
		`[\r\n]`, `\s?` + deepseekLetters, `\s?` + deepseekPunctuation, trailingSpace, deepseekEastAsian, `\p{N}+`}}, "deepseek-llm")
	add(scheme{patterns: []string{`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, deepseekEastAsian, `\p{N}`}}, "deepseek-coder")
	add(scheme{patterns: []string{`\p{N}{1,3}`, `[\u4E00-\u9FA5\u3040-\u30FF]+`, deepseekV3Words}}, "deepseek-v3", "hunyuan-dense", "joyai-llm")
	add(scheme{patterns: []string{bloomWords}}, "bloom", "poro-chat", "gpt3-finnish")
	add(scheme{patterns: []string{bloomWords, `\p{N}`}}, "viking")
	return byName
}()
