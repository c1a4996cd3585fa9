package gguf

import (
	"bytes"
	"encoding/binary"
)

// looksLike says what a file that is not GGUF seems to be, given its first bytes; "" if that is not obvious.
func looksLike(head []byte, size int64) string {
	text := bytes.ToLower(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"))
	for _, known := range []struct{ prefix, what string }{
		{"PK\x03\x04", "a zip archive (PyTorch checkpoints are zip archives)"},
		{"\x1f\x8b", "a gzip archive"},
		{"FUGG", "a GGUF file with its bytes swapped"},
		{"tjgg", "a GGML file from before GGUF"},
		{"fmgg", "a GGML file from before GGUF"},
		{"lmgg", "a GGML file from before GGUF"},
		{"algg", "a GGML adapter from before GGUF"},
	} {
		if bytes.HasPrefix(head, []byte(known.prefix)) {
			return known.what
		}
	}
	for _, known := range []struct{ prefix, what string }{
		{"version https://git-lfs", "a Git LFS pointer: the file itself has not been fetched (git lfs pull)"},
		{"<!doctype html", "an HTML page: a failed download"},
		{"<html", "an HTML page: a failed download"},
	} {
		if bytes.HasPrefix(text, []byte(known.prefix)) {
			return known.what
		}
	}
	// safetensors: the length of a JSON object, and the object.
	if len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) < uint64(size) {
		return "a safetensors file"
	}
	if len(text) > 0 && text[0] == '{' {
		return "a JSON text"
	}
	return ""
}
