package gguf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/internal/shared"
)

// splitModel writes a model's tensors to so many files, the first of which has the metadata and no tensors.
func splitModel(t *testing.T, f *File, count int) (parts []*Writer) {
	t.Helper()
	for i := range count {
		w := &Writer{}
		if i == 0 {
			w.Metadata = f.Metadata.Clone()
		}
		err := errors.Join(w.Set("split.no", uint16(i)), w.Set("split.count", uint16(count)), w.Set("split.tensors.count", int32(len(f.Tensors))))
		for j := range f.Tensors {
			if tensor := &f.Tensors[j]; 1+j%(count-1) == i {
				err = errors.Join(err, w.AddTensor(tensor.Name, tensor.Type, tensor.Dims, f.Reader(tensor)))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, w)
	}
	return parts
}

func writeParts(t *testing.T, parts []*Writer) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for i, w := range parts {
		var b bytes.Buffer
		if _, err := w.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("model-%05d-of-%05d.gguf", i+1, len(parts))))
		if err := os.WriteFile(paths[i], b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// A model in several files is the model that was split.
func TestSplit(t *testing.T) {
	want, err := Open(shared.Path(t, "oracle", "llama", "model-Q8_0.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	got, err := Open(writeParts(t, splitModel(t, want, 3))[0])
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for key, value := range got.All() {
		keys = append(keys, key)
		if other, ok := want.Value(key); !ok || !cmp.Equal(value, other, cmp.AllowUnexported(Value{})) {
			t.Errorf("%s is %v, want %v", key, value, other)
		}
	}
	if len(keys) != want.Len() || len(got.Tensors) != len(want.Tensors) {
		t.Errorf("%d keys and %d tensors, want %d and %d", len(keys), len(got.Tensors), want.Len(), len(want.Tensors))
	}
	for i := range want.Tensors {
		tensor := &want.Tensors[i]
		joined, ok := got.Tensor(tensor.Name)
		if !ok || joined.Type != tensor.Type || !slices.Equal(joined.Dims, tensor.Dims) {
			t.Fatalf("tensor %s is %+v, want %+v", tensor.Name, joined, tensor)
		}
		a, err := got.Data(joined)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := want.Data(tensor); err != nil || !bytes.Equal(a, b) {
			t.Errorf("tensor %s has other data, %v", tensor.Name, err)
		}
	}
	if err := got.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := got.Data(&got.Tensors[0]); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after closing: %v", err)
	}
}

// What is wrong with the parts is said.
func TestSplitRefused(t *testing.T) {
	model, err := Open(shared.Path(t, "oracle", "llama", "model-Q8_0.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	set := func(part int, key string, value any) func([]*Writer) {
		return func(parts []*Writer) {
			if err := parts[part].Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name    string
		prepare func(parts []*Writer)
		change  func(paths []string) error
		open    int
		want    string
	}{
		{name: "missing", change: func(p []string) error { return os.Remove(p[2]) }, want: "part 3 of 3: open "},
		{name: "exchanged", change: func(p []string) error {
			return errors.Join(os.Rename(p[1], p[1]+"x"), os.Rename(p[2], p[1]), os.Rename(p[1]+"x", p[2]))
		}, want: "part 2 of 3 says that it is part 3 of 3"},
		{name: "cut", change: func(p []string) error { return os.Truncate(p[1], 2000) }, want: "part 2 of 3: "},
		{name: "renamed", change: func(p []string) error { return os.Rename(p[0], p[0]+".gguf") }, open: -1, want: "its name must end in -00001-of-00003.gguf"},
		{name: "second", open: 1, want: "this is part 2 of 3 of a model; open the first, model-00001-of-00003.gguf"},
		{name: "of another split", prepare: set(2, "split.count", uint16(4)), want: "part 3 of 3 says that it is part 3 of 4"},
		{name: "of no split", prepare: func(p []*Writer) { p[2].Delete("split.count") }, want: "part 3 of 3 says that it is part 1 of 1"},
		{name: "number beyond", prepare: set(0, "split.no", uint16(3)), want: "split.no is 3, split.count is 3"},
		{name: "many", prepare: set(0, "split.count", uint32(1<<20)), want: "split.count is 1048576"},
		{name: "type", prepare: set(0, "split.count", "three"), want: "split.count"},
		{name: "other tensor count", prepare: set(1, "split.tensors.count", int32(7)), want: "part 2 of 3 has split.tensors.count 7"},
		{name: "negative tensor count", prepare: set(0, "split.tensors.count", int32(-1)), want: "split.tensors.count"},
		{name: "tensors left out", prepare: func(p []*Writer) { *p[2] = Writer{Metadata: p[2].Metadata} }, want: fmt.Sprintf("split.tensors.count is %d", len(model.Tensors))},
		{name: "tensors twice", prepare: func(p []*Writer) { p[2].tensors = p[1].tensors }, want: "part 3 of 3: gguf: duplicate tensor"},
	} {
		t.Run(test.name, func(t *testing.T) {
			parts := splitModel(t, model, 3)
			if test.prepare != nil {
				test.prepare(parts)
			}
			paths := writeParts(t, parts)
			if test.change != nil {
				if err := test.change(paths); err != nil {
					t.Fatal(err)
				}
			}
			path := paths[max(test.open, 0)]
			if test.open < 0 {
				path += ".gguf"
			}
			f, err := Open(path)
			if err == nil {
				f.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
	if _, err := Join(nil); err == nil {
		t.Error("no error without a part")
	}
}
