package plan

import (
	"fmt"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Layout returns how weights of a format lie on a device: the first layout, of
// those that suit it, for which all kernels exist.
func Layout(l *op.Library, format string) (weights.Layout, error) {
	layouts := []weights.Layout{{Interleave: 1}, {Interleave: 8}}
	if l.Software() {
		layouts = []weights.Layout{{Interleave: 8, Texels: true}, {Interleave: 8}, {Interleave: 1}}
	}
	var err error
	for _, layout := range layouts {
		if err = layoutExists(l, format, layout); err == nil {
			return layout, nil
		}
	}
	return weights.Layout{}, fmt.Errorf("weights in %s: %w", format, err)
}

// ExpertLayout is Layout for the weights of experts, which kernels read from
// storage buffers.
func ExpertLayout(l *op.Library, format string) (weights.Layout, error) {
	layout, err := Layout(l, format)
	layout.Texels = false
	return layout, err
}

func layoutExists(l *op.Library, format string, layout weights.Layout) error {
	texels := layout.TexelKey()
	if _, err := l.Find(generated.Embed, generated.EmbedKey{W: format, Interleave: layout.Interleave, Texels: texels}, nil); err != nil {
		return err
	}
	for _, epilogue := range []string{"store", "add", "gated"} {
		if _, err := l.Find(generated.Gemv, generated.GemvKey{W: format, Epilogue: epilogue, Norm: "none", Interleave: layout.Interleave, Texels: texels}, nil); err != nil {
			return err
		}
		if _, err := l.Find(generated.Gemm, generated.GemmKey{W: format, Epilogue: epilogue, Math: "f32", Interleave: layout.Interleave, Texels: texels}, nil); err != nil {
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
