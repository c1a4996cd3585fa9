package jinja

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenText   tokenKind = iota // between tags
	tokenOutput                  // {{
	tokenOutputEnd
	tokenBlock // {%
	tokenBlockEnd
	tokenName
	tokenLiteral // a string or number
	tokenOperator
	tokenEnd
)

type token struct {
	kind  tokenKind
	text  string
	value any // of a literal
	line  int
}

// lexer cuts a template into tokens, and removes the white space that tags remove.
type lexer struct {
	source string
	at     int
	line   int
	// lineStart says that at is the beginning of a line, as far as tags are concerned.
	lineStart bool
	tokens    []token
}

var (
	rawBegin = regexp.MustCompile(`^\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})`)
	rawEnd   = regexp.MustCompile(`\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)`)
	// The beginnings of these are tried in order.
	commentEnd = regexp.MustCompile(`\+#\}|-#\}\s*|#\}\n?`)
	blockEnd   = regexp.MustCompile(`^(?:\+%\}|-%\}\s*|%\}\n?)`)
	outputEnd  = regexp.MustCompile(`^(?:-\}\}\s*|\}\})`)
	number     = regexp.MustCompile(`^(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:[eE][-+]?[0-9]+)?)`)
	quoted     = regexp.MustCompile(`^(?s:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`)
	operator   = regexp.MustCompile(`^(?:\*\*|//|==|!=|>=|<=|[-+*/%~\[\](){}<>=.:|,;])`)
)

func lex(source string) []token {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	source = strings.TrimSuffix(source, "\n")
	l := &lexer{source: source, line: 1, lineStart: true}
	for l.at < len(l.source) {
		l.next()
	}
	l.add(tokenEnd, "", nil)
	return l.tokens
}

func (l *lexer) add(kind tokenKind, text string, value any) {
	l.tokens = append(l.tokens, token{kind, text, value, l.line})
}

// take moves over n bytes.
func (l *lexer) take(n int) string {
	text := l.source[l.at : l.at+n]
	l.line += strings.Count(text, "\n")
	l.at += n
	return text
}

// tagStart returns where the next tag begins.
func tagStart(source string) int {
	for i := 0; i+1 < len(source); i++ {
		if source[i] == '{' && (source[i+1] == '{' || source[i+1] == '%' || source[i+1] == '#') {
			return i
		}
	}
	return len(source)
}

// next reads the text up to a tag, and the tag.
func (l *lexer) next() {
	rest := l.source[l.at:]
	n := tagStart(rest)
	if n == len(rest) {
		l.text(rest)
		l.take(n)
		return
	}
	tag := rest[n : n+2]
	var sign byte
	if n+2 < len(rest) {
		sign = rest[n+2]
	}
	l.text(trimBeforeTag(rest[:n], sign, tag != "{{", l.lineStart))
	l.take(n)
	switch tag {
	case "{#":
		l.comment()
	case "{%":
		if begin := rawBegin.FindString(l.source[l.at:]); begin != "" {
			l.raw(begin)
			return
		}
		l.tag(tokenBlock, tokenBlockEnd, blockEnd)
	default:
		l.tag(tokenOutput, tokenOutputEnd, outputEnd)
	}
}

func (l *lexer) text(text string) {
	if text != "" {
		l.add(tokenText, text, nil)
	}
}

// trimBeforeTag removes all white space before a tag that begins with a minus sign, and what indents a block or comment that
// stands first on its line, unless that begins with a plus sign.
func trimBeforeTag(text string, sign byte, strips, lineStart bool) string {
	switch {
	case sign == '-':
		return strings.TrimRightFunc(text, isSpace)
	case sign == '+' || !strips:
		return text
	}
	from := strings.LastIndexByte(text, '\n') + 1
	if (from > 0 || lineStart) && strings.TrimFunc(text[from:], isSpace) == "" {
		return text[:from]
	}
	return text
}

func (l *lexer) comment() {
	end := commentEnd.FindStringIndex(l.source[l.at+2:])
	if end == nil {
		fail(l.line, "a comment does not end")
	}
	l.lineStart = strings.HasSuffix(l.take(2+end[1]), "\n")
}

func (l *lexer) raw(begin string) {
	l.take(len(begin))
	end := rawEnd.FindStringSubmatchIndex(l.source[l.at:])
	if end == nil {
		fail(l.line, "raw does not end")
	}
	text := l.source[l.at : l.at+end[0]]
	var sign byte
	if end[3] > end[2] {
		sign = l.source[l.at+end[2]]
	}
	l.text(trimBeforeTag(text, sign, true, false))
	l.lineStart = strings.HasSuffix(l.take(end[1]), "\n")
}

// tag reads a tag with its expressions.
func (l *lexer) tag(begin, end tokenKind, ends *regexp.Regexp) {
	l.add(begin, l.take(2), nil)
	if l.at < len(l.source) && (l.source[l.at] == '-' || l.source[l.at] == '+') {
		l.take(1)
	}
	var open []byte // the brackets that are not closed yet
	for {
		l.take(len(l.source) - l.at - len(strings.TrimLeftFunc(l.source[l.at:], isSpace)))
		rest := l.source[l.at:]
		if rest == "" {
			fail(l.line, "a tag does not end")
		}
		if text := ends.FindString(rest); text != "" && len(open) == 0 {
			l.add(end, text, nil)
			l.take(len(text))
			l.lineStart = strings.HasSuffix(text, "\n")
			return
		}
		l.expressionToken(rest)
		if last := l.tokens[len(l.tokens)-1]; last.kind == tokenOperator {
			open = l.balance(open, last.text)
		}
	}
}

func (l *lexer) expressionToken(rest string) {
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case r == '_' || unicode.IsLetter(r):
		n := strings.IndexFunc(rest, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if n < 0 {
			n = len(rest)
		}
		l.add(tokenName, rest[:n], nil)
		l.take(n)
	case r >= '0' && r <= '9':
		text := number.FindString(rest)
		l.add(tokenLiteral, text, l.number(text))
		l.take(len(text))
	case r == '\'' || r == '"':
		text := quoted.FindString(rest)
		if text == "" {
			fail(l.line, "a string does not end")
		}
		l.add(tokenLiteral, text, unescape(text[1:len(text)-1]))
		l.take(len(text))
	default:
		text := operator.FindString(rest)
		if text == "" {
			fail(l.line, "unexpected character %q", r)
		}
		l.add(tokenOperator, text, nil)
		l.take(len(text))
	}
}

func (l *lexer) number(text string) any {
	text = strings.ReplaceAll(text, "_", "")
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		fail(l.line, "the number %s is too large", text)
	}
	return f
}

// balance follows opening and closing brackets.
func (l *lexer) balance(open []byte, text string) []byte {
	switch text {
	case "(", "[", "{":
		return append(open, text[0])
	case ")", "]", "}":
		if len(open) == 0 || open[len(open)-1] != map[string]byte{")": '(', "]": '[', "}": '{'}[text] {
			fail(l.line, "unexpected %q", text)
		}
		return open[:len(open)-1]
	}
	return open
}

// unescape returns the text of a string literal, which has the escapes of Python's.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	simple := map[byte]string{
		'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		c := s[i]
		if text, ok := simple[c]; ok {
			b.WriteString(text)
			continue
		}
		if n, ok := digits[c]; ok && i+n < len(s) {
			if code, err := strconv.ParseUint(s[i+1:i+1+n], 16, 32); err == nil {
				b.WriteRune(rune(code))
				i += n
				continue
			}
		}
		n := 0
		for n < 3 && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '7' {
			n++
		}
		if n > 0 {
			code, _ := strconv.ParseUint(s[i:i+n], 8, 32)
			b.WriteRune(rune(code))
			i += n - 1
			continue
		}
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	return b.String()
}

// isSpace tells what Python takes for white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
