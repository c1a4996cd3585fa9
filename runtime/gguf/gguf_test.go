package gguf

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/internal/shared"
)

// TestSharedFiles reads every file of the reference data, mapped and not, and writes it again: the same bytes, up to
// the padding at the end and the version.
func TestSharedFiles(t *testing.T) {
	count := 0
	err := filepath.WalkDir(shared.Dir(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".gguf" {
			return err
		}
		count++
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			mapped, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer mapped.Close()
			onDemand, err := Read(bytes.NewReader(raw), int64(len(raw)))
			if err != nil {
				t.Fatal(err)
			}
			for i := range mapped.Tensors {
				tensor := &mapped.Tensors[i]
				a, err := mapped.Data(tensor)
				if err != nil {
					t.Fatal(err)
				}
				b, err := onDemand.Data(tensor)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(a, b) {
					t.Fatalf("tensor %q: mapped and read data differ", tensor.Name)
				}
			}
			written := rewrite(t, mapped)
			if n := min(len(raw), len(written)); !bytes.Equal(raw[:n], written[:n]) || max(len(raw), len(written))-n >= defaultAlignment {
				t.Errorf("written again it differs (%d bytes, then %d)", len(raw), len(written))
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 30 {
		t.Errorf("only %d files found", count)
	}
}

func rewrite(t *testing.T, f *File) []byte {
	t.Helper()
	w := &Writer{Metadata: f.Metadata.Clone()}
	for i := range f.Tensors {
		tensor := &f.Tensors[i]
		if err := w.AddTensor(tensor.Name, tensor.Type, tensor.Dims, f.Reader(tensor)); err != nil {
			t.Fatal(err)
		}
	}
	return write(t, w)
}

func write(t testing.TB, w *Writer) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := w.WriteTo(&out)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(out.Len()) {
		t.Fatalf("WriteTo returned %d, wrote %d", n, out.Len())
	}
	return out.Bytes()
}

// sample returns a file with a value of every type, and three tensors.
func sample(t testing.TB) *Writer {
	t.Helper()
	w := &Writer{}
	inner, _ := NewValue([]string{"a", ""})
	outer, err := NewValue([]Value{inner, inner})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range []any{
		uint8(255), int8(-1), uint16(65535), int16(-2), uint32(1 << 31), int32(-3), uint64(1 << 63), int64(-4),
		float32(0.5), 0.25, true, "héllo\x00", []uint8{1, 2}, []int8{-1}, []uint16{3}, []int16{-3}, []uint32{4, 5}, []int32{-5},
		[]uint64{6, 1 << 63}, []int64{-6}, []float32{1.5, -2.5}, []float64{math.Pi}, []bool{true, false}, []string{"x", "yz"}, []string{}, outer,
	} {
		if err := w.Set("key."+string(rune('a'+i)), v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Set(alignmentKey, uint32(64)); err != nil {
		t.Fatal(err)
	}
	for _, tensor := range []struct {
		name string
		t    Type
		dims []uint64
	}{{"f32", F32, []uint64{3, 2}}, {"q8_0", Q8_0, []uint64{64, 1, 2}}, {"q4_k", Q4_K, []uint64{256}}} {
		size, err := tensorBytes(tensor.t, tensor.dims)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.AddTensor(tensor.name, tensor.t, tensor.dims, strings.NewReader(strings.Repeat(tensor.name[:1], int(size)))); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestRoundTrip(t *testing.T) {
	w := sample(t)
	raw := write(t, w)
	f, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if f.Version != 3 {
		t.Errorf("version %d", f.Version)
	}
	if diff := cmp.Diff(w.Metadata, f.Metadata, cmp.AllowUnexported(Metadata{}, Value{})); diff != "" {
		t.Errorf("metadata (-written +read):\n%s", diff)
	}
	for i, want := range w.tensors {
		got, ok := f.Tensor(want.Name)
		if !ok || got != &f.Tensors[i] {
			t.Fatalf("tensor %q not found", want.Name)
		}
		if got.Type != want.Type || !cmp.Equal(got.Dims, want.Dims) || got.Size != want.Size || got.Offset%64 != 0 {
			t.Errorf("got %+v, want %+v", got, want.Tensor)
		}
		data, err := f.Data(got)
		if err != nil || string(data) != strings.Repeat(want.Name[:1], int(want.Size)) {
			t.Errorf("tensor %q: data %q, %v", want.Name, data, err)
		}
	}
	if _, ok := f.Tensor("none"); ok {
		t.Error("found a tensor that is not there")
	}
	if again := rewrite(t, f); !bytes.Equal(again, raw) {
		t.Error("written again it differs")
	}
	if n := f.Tensors[1].Elements(); n != 128 {
		t.Errorf("%d elements", n)
	}
}

func TestGetters(t *testing.T) {
	var m Metadata
	for key, v := range map[string]any{
		"s": "text", "i": int32(-7), "u": uint64(math.MaxUint64), "f": float32(0.5), "d": 0.25, "b": true,
		"ss": []string{"x"}, "is": []int8{-1, 1}, "us": []uint64{math.MaxUint64}, "ds": []float64{0.5}, "bs": []bool{true},
	} {
		if err := m.Set(key, v); err != nil {
			t.Fatal(err)
		}
	}
	check := func(got any, err error, want any, wantErr string) {
		t.Helper()
		switch {
		case wantErr != "":
			if err == nil || err.Error() != wantErr {
				t.Errorf("error %v, want %s", err, wantErr)
			}
		case err != nil:
			t.Error(err)
		case !cmp.Equal(got, want):
			t.Errorf("got %v, want %v", got, want)
		}
	}
	s, err := m.String("s")
	check(s, err, "text", "")
	_, err = m.String("i")
	check(nil, err, nil, `gguf: metadata key "i" is an int32; want a string`)
	_, err = m.String("ss")
	check(nil, err, nil, `gguf: metadata key "ss" is an array of string; want a string`)
	_, err = m.String("none")
	check(nil, err, nil, `gguf: metadata key "none" is missing; want a string`)
	if !errors.Is(err, ErrMissing) {
		t.Error("not ErrMissing")
	}
	ss, err := m.Strings("ss")
	check(ss, err, []string{"x"}, "")
	i, err := m.Int("i")
	check(i, err, int64(-7), "")
	_, err = m.Int("u")
	check(nil, err, nil, `gguf: metadata key "u": element 0 is 18446744073709551615, above the largest int64`)
	u, err := m.Uint("u")
	check(u, err, uint64(math.MaxUint64), "")
	_, err = m.Uint("i")
	check(nil, err, nil, `gguf: metadata key "i" is -7; want a number that is not negative`)
	_, err = m.Uint("f")
	check(nil, err, nil, `gguf: metadata key "f" is a float32; want an integer`)
	is, err := m.Ints("is")
	check(is, err, []int64{-1, 1}, "")
	_, err = m.Ints("us")
	check(nil, err, nil, `gguf: metadata key "us": element 0 is 18446744073709551615, above the largest int64`)
	fl, err := m.Float("f")
	check(fl, err, 0.5, "")
	fl, err = m.Float("d")
	check(fl, err, 0.25, "")
	fl, err = m.Float("i")
	check(fl, err, -7.0, "")
	_, err = m.Float("b")
	check(nil, err, nil, `gguf: metadata key "b" is a bool; want a float`)
	fs, err := m.Floats("ds")
	check(fs, err, []float32{0.5}, "")
	_, err = m.Floats("is")
	check(nil, err, nil, `gguf: metadata key "is" is an array of int8; want an array of floats`)
	b, err := m.Bool("b")
	check(b, err, true, "")
	bs, err := m.Bools("bs")
	check(bs, err, []bool{true}, "")
	v, ok := m.Value("is")
	if !ok || v.Type() != Array || v.Elem() != Int8 || !cmp.Equal(v.Any(), []int8{-1, 1}) {
		t.Errorf("value %v", v)
	}
	if v, _ := m.Value("s"); v.Any() != "text" || v.Type() != String {
		t.Errorf("value %v", v)
	}
}

func TestWriterErrors(t *testing.T) {
	data := func(n int) io.ReaderAt { return bytes.NewReader(make([]byte, n)) }
	one := []uint64{1}
	for _, test := range []struct {
		name string
		do   func(w *Writer) error
		want string
	}{
		{"int", func(w *Writer) error { return w.Set("k", 1) }, `gguf: a Go int has no metadata type (key "k")`},
		{"zero value", func(w *Writer) error { return w.Set("k", Value{}) }, `gguf: a zero Value has no metadata type (key "k")`},
		{"no key", func(w *Writer) error { return w.Set("", "v") }, `gguf: a key has 0 bytes; 1 to 65535 are allowed`},
		{"scalar in array of arrays", func(w *Writer) error { v, _ := NewValue("s"); return w.Set("k", []Value{v}) }, `gguf: element 0 of an array of arrays is a string (key "k")`},
		{"no name", func(w *Writer) error { return w.AddTensor("", F32, one, nil) }, `gguf: a tensor's name has 0 bytes; 1 to 65535 are allowed`},
		{"duplicate", func(w *Writer) error {
			w.AddTensor("t", F32, one, nil)
			return w.AddTensor("t", F32, one, nil)
		}, `gguf: duplicate tensor "t"`},
		{"no dimensions", func(w *Writer) error { return w.AddTensor("t", F32, nil, nil) }, `gguf: tensor "t": 0 dimensions; 1 to 4 are allowed`},
		{"part of a block", func(w *Writer) error { return w.AddTensor("t", Q4_0, one, nil) }, `gguf: tensor "t": rows of 1 elements do not divide into Q4_0 blocks of 32`},
		{"short data", func(w *Writer) error {
			w.AddTensor("t", F32, one, data(3))
			_, err := w.WriteTo(io.Discard)
			return err
		}, `gguf: tensor "t": its data ends after 3 of 4 bytes`},
		{"long data", func(w *Writer) error {
			w.AddTensor("t", F32, one, data(5))
			_, err := w.WriteTo(io.Discard)
			return err
		}, `gguf: tensor "t": its data is longer than 4 bytes`},
		{"alignment", func(w *Writer) error {
			w.Set(alignmentKey, uint32(12))
			_, err := w.WriteTo(io.Discard)
			return err
		}, `gguf: general.alignment is 12; want a power of two from 8 to 1048576`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.do(&Writer{}); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "not a regular file (d") {
		t.Errorf("folder: %v", err)
	}
	path := filepath.Join(dir, "file.gguf")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || err.Error() != path+": gguf: the file is empty" {
		t.Errorf("empty file: %v", err)
	}
	if err := os.WriteFile(path, write(t, sample(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := f.Data(&f.Tensors[0]); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Data after Close: %v", err)
	}
}

func TestTypes(t *testing.T) {
	for typ, l := range layouts {
		if !typ.Known() || typ.String() != l.name || typ.BlockSize() < 1 || typ.BlockBytes() < 1 {
			t.Errorf("%v: block of %d in %d bytes", typ, typ.BlockSize(), typ.BlockBytes())
		}
	}
	if typ := Type(77); typ.Known() || typ.Weights() || typ.String() != "type 77" || typ.BlockSize() != 0 {
		t.Errorf("%v", typ)
	}
	if !Q4_K.Weights() || I32.Weights() {
		t.Error("Weights")
	}
}
