package plan

import (
	"fmt"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
)

// Interleave returns how many rows of a weight format interleave on a device:
// the first layout, of those that suit it, for which all kernels exist.
func Interleave(l *op.Library, format string) (int, error) {
	layouts := []int{1, 8}
	if l.Software() {
		layouts = []int{8, 1}
	}
	if n := l.Layout(format); n > 0 {
		layouts = append([]int{n}, layouts...)
	}
	var err error
	for _, n := range layouts {
		if err = layoutExists(l, format, n); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("weights in %s: %w", format, err)
}

func layoutExists(l *op.Library, format string, interleave int) error {
	if _, err := l.Find(generated.Embed, generated.EmbedKey{W: format, Interleave: interleave}, nil); err != nil {
		return err
	}
	for _, epilogue := range []string{"store", "add", "gated"} {
		if _, err := l.Find(generated.Gemv, generated.GemvKey{W: format, Epilogue: epilogue, Norm: "none", Interleave: interleave}, nil); err != nil {
			return err
		}
		if _, err := l.Find(generated.Gemm, generated.GemmKey{W: format, Epilogue: epilogue, Math: "f32", Interleave: interleave}, nil); err != nil {
			return err
		}
	}
	return nil
}

// Format returns the weight format of a GGUF type, or nil if there are no
// kernels for it.
func Format(ggml int) *kernel.Format {
	for _, f := range generated.Formats {
		if f.GGML == ggml {
			return f
		}
	}
	return nil
}
