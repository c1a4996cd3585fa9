package inspect_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/inspect"
)

// problems inspects an oracle's file after some damage, and scans it.
func problems(t *testing.T, damage func(f *gguf.File, data []byte)) []string {
	t.Helper()
	data, err := os.ReadFile(shared.Path(t, "oracle", "llama", "model-Q8_0.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := gguf.Parse(bytes.Clone(data))
	if err != nil {
		t.Fatal(err)
	}
	damage(whole, data)
	f, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	r := inspect.File(f)
	var done int64
	if err := r.Scan(context.Background(), f, func(n int64) { done = n }); err != nil {
		t.Fatal(err)
	}
	if done != r.Bytes {
		t.Errorf("%d of %d bytes scanned", done, r.Bytes)
	}
	return r.Problems
}

func TestProblems(t *testing.T) {
	if p := problems(t, func(*gguf.File, []byte) {}); len(p) > 0 {
		t.Errorf("problems of a whole file: %q", p)
	}
	for want, damage := range map[string]func(f *gguf.File, data []byte){
		"tensor blk.1.ffn_up.weight: 32 of 131072 weights are NaN or infinite, the first is element 96, in the Q8_0 block at byte 102 of the tensor": func(f *gguf.File, data []byte) {
			up, _ := f.Tensor("blk.1.ffn_up.weight")
			binary.LittleEndian.PutUint16(data[up.Offset+102:], 0x7e00)
		},
		"load blk.1.ffn_up.weight: the file has no such tensor": func(_ *gguf.File, data []byte) {
			at := bytes.Index(data, []byte("blk.1.ffn_up.weight"))
			data[at+10], data[at+11] = 'u', 'q'
		},
		`architecture "lla\x00a" is not supported`: func(_ *gguf.File, data []byte) {
			at := bytes.Index(data, []byte("llama"))
			data[at+3] = 0
		},
	} {
		p := problems(t, damage)
		if !slices.ContainsFunc(p, func(s string) bool {
			return strings.Contains(s, want)
		}) {
			t.Errorf("problems %q, want %s", p, want)
		}
	}
}
