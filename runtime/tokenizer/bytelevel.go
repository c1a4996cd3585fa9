package tokenizer

import "unicode/utf8"

// Byte-level vocabularies write each byte as one character: printable bytes of Latin-1 as themselves, the others, in
// order, as the characters from U+0100.
var (
	byteToRune [256]rune
	runeToByte = map[rune]byte{}
)

func init() {
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad {
			r = next
			next++
		}
		byteToRune[b] = r
		runeToByte[r] = byte(b)
	}
}

// appendByteLevel appends text with its bytes as characters.
func appendByteLevel(dst []byte, text string) []byte {
	for _, b := range []byte(text) {
		dst = utf8.AppendRune(dst, byteToRune[b])
	}
	return dst
}

// byteLevelBytes returns the bytes that a text of such characters stands for. A text with other characters, which only
// added tokens have, stands for itself.
func byteLevelBytes(text string) string {
	bytes := make([]byte, 0, len(text))
	for _, r := range text {
		b, ok := runeToByte[r]
		if !ok {
			return text
		}
		bytes = append(bytes, b)
	}
	return string(bytes)
}
