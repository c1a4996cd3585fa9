package quantize

import (
	"fmt"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/catalogue"
	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// fileTypes are the numbers that GGUF has for the mixtures that can be written.
var fileTypes = map[string]uint32{
	"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q8_0": 7, "q5_0": 8, "q5_1": 9,
	"q4_k": 14, "q4_k_m": 15, "q5_k": 16, "q5_k_m": 17, "q6_k": 18, "iq4_nl": 25, "bf16": 32,
}

// File returns the model in f with its weights in the types of a mixture. They are turned as they are read.
func File(f *gguf.File, mix catalogue.Mixture) (*gguf.Writer, error) {
	number, ok := fileTypes[mix.String()]
	if !ok {
		return nil, fmt.Errorf("models of type %s cannot be written; %s, q4_k_m and q5_k_m can", mix, Writable())
	}
	w := &gguf.Writer{Metadata: f.Metadata.Clone()}
	if err := w.Set("general.file_type", number); err != nil {
		return nil, err
	}
	if err := w.Set("general.quantization_version", uint32(2)); err != nil {
		return nil, err
	}
	architecture, err := f.String("general.architecture")
	if err != nil {
		return nil, err
	}
	layers, err := f.Uint(architecture + ".block_count")
	if err != nil {
		return nil, err
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		kind := t.Type
		if t.Type.Weights() { // what is no weight stays as it is
			kind = kindOf(t, mix, int(layers))
		}
		data, err := Reader(f.Reader(t), t.Type, kind, int64(t.Elements()))
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		if err := w.AddTensor(t.Name, kind, t.Dims, data); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// kindOf returns the type that a tensor gets. Rows that no quantised type divides become F16.
func kindOf(t *gguf.Tensor, mix catalogue.Mixture, layers int) gguf.Type {
	layer := -1
	if strings.HasPrefix(t.Name, "blk.") {
		fmt.Sscanf(t.Name, "blk.%d.", &layer)
	}
	kind := mix.Type(&catalogue.Tensor{Name: t.Name, Dims: t.Dims, Layer: layer}, layers)
	if t.Dims[0]%uint64(kind.BlockSize()) != 0 {
		return gguf.F16
	}
	return kind
}
