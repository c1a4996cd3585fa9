package syntax

import (
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/wgslgen/wgslgen/ir"
)

// Token types. Only words that begin or join statements, and the truth values,
// are keywords; the words of declarations are identifiers, so that w.block and
// an axis called interleave are possible.
const (
	tokIdent lexer.TokenType = iota + 1
	tokKeyword
	tokInt
	tokFloat
	tokString
	tokAssign
	tokPunct
)

var keywords = map[string]bool{
	"let": true, "var": true, "if": true, "else": true, "for": true, "unroll": true,
	"barrier": true, "stage": true, "return": true, "true": true, "false": true,
}

// operators of more than one byte, the longer ones first.
var operators = []string{
	"<<=", ">>=", "=>", "->", "..", "||", "&&", "==", "!=", "<=", ">=", "<<", ">>",
	"+=", "-=", "*=", "/=", "|=", "&=", "^=",
}

const (
	singles     = "+-*/%^&|~!<>=(){}[],:."
	assignments = " = += -= *= /= |= &= ^= <<= >>= "
)

// definition tells participle the names of token types.
type definition struct{}

func (definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{
		"EOF": lexer.EOF, "Ident": tokIdent, "Keyword": tokKeyword, "Int": tokInt, "Float": tokFloat,
		"String": tokString, "Assign": tokAssign, "Punct": tokPunct,
	}
}

func (definition) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	src, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	s := scan(name, string(src))
	return &tokenList{s.tokens}, s.errs.Err()
}

// tokenList is a lexer over tokens, which end with EOF.
type tokenList struct{ tokens []lexer.Token }

func (l *tokenList) Next() (lexer.Token, error) {
	t := l.tokens[0]
	if !t.EOF() {
		l.tokens = l.tokens[1:]
	}
	return t, nil
}

// scanner splits a source into tokens and comments. Columns count bytes.
type scanner struct {
	src      string
	pos      lexer.Position // of src[pos.Offset:]
	tokens   []lexer.Token
	comments []*ir.Comment
	errs     ir.Errors
}

func scan(name, src string) *scanner {
	s := &scanner{src: src, pos: lexer.Position{Filename: name, Line: 1, Column: 1}}
	for s.pos.Offset < len(src) {
		s.next()
	}
	s.emit(lexer.EOF, 0)
	return s
}

func (s *scanner) next() {
	rest := s.src[s.pos.Offset:]
	switch c := rest[0]; {
	case c == '\n':
		s.pos.Offset++
		s.pos.Line++
		s.pos.Column = 1
	case c == ' ' || c == '\t' || c == '\r':
		s.skip(1)
	case strings.HasPrefix(rest, "//"):
		s.comment(rest)
	case c == '"':
		s.str(rest)
	case isLetter(c):
		n := span(rest, isWord)
		if keywords[rest[:n]] {
			s.emit(tokKeyword, n)
		} else {
			s.emit(tokIdent, n)
		}
	case isDigit(c):
		s.number(rest)
	default:
		s.operator(rest)
	}
}

func (s *scanner) skip(n int) {
	s.pos.Offset += n
	s.pos.Column += n
}

func (s *scanner) emit(t lexer.TokenType, n int) {
	s.tokens = append(s.tokens, lexer.Token{Type: t, Value: s.src[s.pos.Offset : s.pos.Offset+n], Pos: s.pos})
	s.skip(n)
}

func (s *scanner) comment(rest string) {
	n := strings.IndexByte(rest, '\n')
	if n < 0 {
		n = len(rest)
	}
	text := strings.TrimRight(strings.TrimPrefix(rest[2:n], " "), " \t\r")
	trail := len(s.tokens) > 0 && s.tokens[len(s.tokens)-1].Pos.Line == s.pos.Line
	s.comments = append(s.comments, &ir.Comment{Pos: convertPos(s.pos), Text: text, Trail: trail})
	s.skip(n)
}

// str scans a string on one line, with Go's escapes.
func (s *scanner) str(rest string) {
	for i := 1; i < len(rest) && rest[i] != '\n'; i++ {
		switch rest[i] {
		case '\\':
			if i+1 < len(rest) && rest[i+1] != '\n' {
				i++
			}
		case '"':
			if _, err := strconv.Unquote(rest[:i+1]); err != nil {
				s.errs.Addf(convertPos(s.pos), "a string with an unknown escape")
			}
			s.emit(tokString, i+1)
			return
		}
	}
	s.errs.Addf(convertPos(s.pos), "a string without its closing quote")
	s.emit(tokString, span(rest, func(c byte) bool { return c != '\n' }))
}

// number scans 12, 0x1f, 1.5, 1e-3. A point needs digits on both sides, so
// that 0..n and w.x stay what they are.
func (s *scanner) number(rest string) {
	if strings.HasPrefix(rest, "0x") || strings.HasPrefix(rest, "0X") {
		s.endNumber(tokInt, rest, 2+span(rest[2:], isHex))
		return
	}
	t, n := tokInt, span(rest, isDigit)
	if n+1 < len(rest) && rest[n] == '.' && isDigit(rest[n+1]) {
		t, n = tokFloat, n+1
		n += span(rest[n:], isDigit)
	}
	if n < len(rest) && (rest[n] == 'e' || rest[n] == 'E') {
		exp := n + 1
		if exp < len(rest) && (rest[exp] == '+' || rest[exp] == '-') {
			exp++
		}
		if digits := span(rest[exp:], isDigit); digits > 0 {
			t, n = tokFloat, exp+digits
		}
	}
	s.endNumber(t, rest, n)
}

// endNumber emits a number of n bytes unless more of a word follows it.
func (s *scanner) endNumber(t lexer.TokenType, rest string, n int) {
	all := n + span(rest[n:], isWord)
	if all > n || rest[:n] == "0x" || rest[:n] == "0X" {
		s.errs.Addf(convertPos(s.pos), "malformed number %s", rest[:all])
	}
	s.emit(t, all)
}

func (s *scanner) operator(rest string) {
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			s.punct(op)
			return
		}
	}
	if strings.IndexByte(singles, rest[0]) >= 0 {
		s.punct(rest[:1])
		return
	}
	r, n := utf8.DecodeRuneInString(rest)
	s.errs.Addf(convertPos(s.pos), "unexpected character %q", r)
	s.skip(n)
}

func (s *scanner) punct(op string) {
	t := tokPunct
	if strings.Contains(assignments, " "+op+" ") {
		t = tokAssign
	}
	s.emit(t, len(op))
}

// span returns how many bytes at the beginning of s satisfy f.
func span(s string, f func(byte) bool) int {
	for i := range len(s) {
		if !f(s[i]) {
			return i
		}
	}
	return len(s)
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) }
func isHex(c byte) bool    { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
