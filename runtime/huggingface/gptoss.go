package huggingface

import (
	"fmt"
	"io"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/rearrange"
)

// gptOSS is gpt-oss. Each layer's experts are one tensor, in which rows of gate and up alternate: of MXFP4, as it was
// published, or of plain numbers, then with rows and columns exchanged.
var gptOSS = family{
	name: "gpt-oss", headSizes: true,
	layers: union(attentionNames, map[string]string{"post_attention_layernorm": "post_attention_norm", "mlp.router": "ffn_gate_inp"}),
	special: map[string]place{
		"self_attn.sinks":                 func(m *mapper, layer int, s source) { m.tensor(inBlock(layer, "attn_sinks.weight"), s) },
		"mlp.experts.gate_up_proj_blocks": func(m *mapper, layer int, s source) { m.placeBlocks(layer, s, "ffn_gate_exps", "ffn_up_exps") },
		"mlp.experts.down_proj_blocks":    func(m *mapper, layer int, s source) { m.placeBlocks(layer, s, "ffn_down_exps") },
		"mlp.experts.gate_up_proj_scales": func(*mapper, int, source) {}, // read with the blocks
		"mlp.experts.down_proj_scales":    func(*mapper, int, source) {},
		"mlp.experts.gate_up_proj":        func(m *mapper, layer int, s source) { m.placeTransposed(layer, s, "ffn_gate_exps", "ffn_up_exps") },
		"mlp.experts.down_proj":           func(m *mapper, layer int, s source) { m.placeTransposed(layer, s, "ffn_down_exps") },
		"mlp.experts.gate_up_proj_bias":   func(m *mapper, layer int, s source) { m.placeBiases(layer, s, "ffn_gate_exps", "ffn_up_exps") },
		"mlp.experts.down_proj_bias":      func(m *mapper, layer int, s source) { m.placeBiases(layer, s, "ffn_down_exps") },
	},
	check: checkGPTOSS, describe: func(m *mapper) { m.size("attention.sliding_window", m.Window) },
}

func checkGPTOSS(c *config) error {
	if c.SwiGLULimit != 0 && c.SwiGLULimit != 7 {
		return fmt.Errorf("swiglu_limit is %g; 7 is supported", c.SwiGLULimit)
	}
	return c.checkLayers(2)
}

// placeBlocks adds MXFP4 matrices of all experts whose rows come to the tensors of these names by turns.
func (m *mapper) placeBlocks(layer int, s source, names ...string) {
	n := uint64(len(names))
	scales, ok := m.sources[s.Name[:len(s.Name)-len("blocks")]+"scales"]
	switch {
	case !ok:
		m.fail("tensor %q has no scales beside it", s.Name)
		return
	case s.Type != "U8" || scales.Type != "U8" || len(s.Shape) != 4 || s.Size == 0 || s.Shape[3] != mxfp4Numbers || s.Shape[1]%n != 0 || !slices.Equal(s.Shape[:3], scales.Shape):
		m.fail("tensor %q is %s %v, its scales are %s %v; U8 of experts, rows, blocks and %d bytes are expected", s.Name, s.Type, s.Shape, scales.Type, scales.Shape, mxfp4Numbers)
		return
	}
	experts, rows, blocks := s.Shape[0], s.Shape[1], s.Shape[2]
	rowBytes := int64(blocks) * mxfp4Block
	all := &mxfp4{scales.reader(), s.reader(), rowBytes * int64(experts*rows)}
	for i, name := range names {
		data := rearrange.Rows(all, rowBytes, int64(experts*rows/n), every(int64(n), int64(i)))
		m.add(inBlock(layer, name+".weight"), gguf.MXFP4, []uint64{blocks * 32, rows / n, experts}, data)
	}
}

// placeTransposed adds matrices of all experts whose columns come to the rows of the tensors of these names by turns.
func (m *mapper) placeTransposed(layer int, s source, names ...string) {
	n := uint64(len(names))
	kind, ok := plain[s.Type]
	if !ok || len(s.Shape) != 3 || s.Size == 0 || s.Shape[2]%n != 0 {
		m.fail("tensor %q is %s %v; F32, F16 or BF16 of experts, columns and rows are expected", s.Name, s.Type, s.Shape)
		return
	}
	experts, cols, rows := s.Shape[0], s.Shape[1], s.Shape[2]
	size := int64(kind.BlockBytes())
	all := rearrange.Transposed(s.reader(), rearrange.Shape{Matrices: int64(experts), Rows: int64(cols), Cols: int64(rows), Element: size})
	for i, name := range names {
		data := rearrange.Rows(all, int64(cols)*size, int64(experts*rows/n), every(int64(n), int64(i)))
		m.add(inBlock(layer, name+".weight"), kind, []uint64{cols, rows / n, experts}, data)
	}
}

// placeBiases adds a vector of each expert whose values come to the tensors of these names by turns.
func (m *mapper) placeBiases(layer int, s source, names ...string) {
	n := uint64(len(names))
	if len(s.Shape) != 2 || s.Size == 0 || s.Shape[1]%n != 0 {
		m.fail("tensor %q has the shape %v; experts and values are expected", s.Name, s.Shape)
		return
	}
	experts, each := s.Shape[0], s.Shape[1]/n
	var all io.ReaderAt = rearrange.Transposed(m.asF32(s.reader(), s), rearrange.Shape{Matrices: int64(experts), Rows: int64(each), Cols: int64(n), Element: 4})
	for i, name := range names {
		m.add(inBlock(layer, name+".bias"), gguf.F32, []uint64{each, experts}, rearrange.Rows(all, int64(each)*4, int64(experts), every(int64(n), int64(i))))
	}
}
