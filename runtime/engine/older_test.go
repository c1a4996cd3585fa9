package engine

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// TestOlderExperts runs a mixture of experts from before their matrices were one
// tensor: the same bits, paged as well.
func TestOlderExperts(t *testing.T) {
	dev := openDevice(t)
	path := filepath.Join(shared.Path(t, "oracle", "mixtral"), "model-Q4_K.gguf")
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := &gguf.Writer{Metadata: f.Metadata.Clone()}
	for i := range f.Tensors {
		tensor := &f.Tensors[i]
		name, dims, n := tensor.Name, tensor.Dims, 1
		if strings.Contains(name, "_exps.") {
			dims, n = dims[:2], int(dims[2])
		}
		size := tensor.Size / int64(n)
		for e := range n {
			one := strings.Replace(name, "_exps.", fmt.Sprintf(".%d.", e), 1)
			if err := w.AddTensor(one, tensor.Type, dims, io.NewSectionReader(f.Reader(tensor), int64(e)*size, size)); err != nil {
				t.Fatal(err)
			}
		}
	}
	ids := []int32{5, 99, 7, 300, 12, 13}
	whole := load(t, dev, path, Options{Context: 16})
	want := allLogits(t, whole, ids, []int{4, 1})
	whole.Close()
	for _, slots := range []int{0, 3} {
		older, err := Load(context.Background(), dev, w.File(), Options{Context: 16, ExpertSlots: slots})
		if err != nil {
			t.Fatal(err)
		}
		equalBits(t, allLogits(t, older, ids, []int{4, 1}), want)
		older.Close()
	}
}
