package rdrr_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/rdrr"
)

// pattern is data that differs everywhere, without memory for it.
type pattern int64

func (p pattern) ReadAt(b []byte, off int64) (int, error) {
	n := min(int64(len(b)), int64(p)-off)
	for i := range max(n, 0) {
		at := off + i
		b[i] = byte(at ^ at>>9 ^ at>>17)
	}
	if n < int64(len(b)) {
		return int(max(n, 0)), io.EOF
	}
	return int(n), nil
}

// model has a tensor larger than a shard between small ones.
func model(t *testing.T) *gguf.File {
	t.Helper()
	w := &gguf.Writer{}
	if err := w.Set("general.architecture", "llama"); err != nil {
		t.Fatal(err)
	}
	for _, tensor := range []struct {
		name string
		dims []uint64
	}{{"small", []uint64{5}}, {"large", []uint64{1 << 20, 37}}, {"after", []uint64{3, 7}}} {
		n := int64(4)
		for _, d := range tensor.dims {
			n *= int64(d)
		}
		if err := w.AddTensor(tensor.name, gguf.F32, tensor.dims, pattern(n)); err != nil {
			t.Fatal(err)
		}
	}
	return w.File()
}

func sum(t *testing.T, f *gguf.File, name string) [32]byte {
	t.Helper()
	tensor, ok := f.Tensor(name)
	if !ok {
		t.Fatalf("no tensor %s", name)
	}
	h := sha256.New()
	if n, err := io.Copy(h, f.Reader(tensor)); n != tensor.Size || err != nil {
		t.Fatalf("%s: %d of %d bytes, %v", name, n, tensor.Size, err)
	}
	return [32]byte(h.Sum(nil))
}

func TestSpans(t *testing.T) {
	want, dir := model(t), t.TempDir()
	var written int64
	if err := rdrr.Write(dir, want, func(done int64) error { written = done; return nil }); err != nil {
		t.Fatal(err)
	}
	if want := int64(20 + 37<<22 + 84); written != want {
		t.Errorf("%d bytes are said to be written, of %d", written, want)
	}
	got, err := rdrr.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	for _, tensor := range want.Tensors {
		if sum(t, got, tensor.Name) != sum(t, want, tensor.Name) {
			t.Errorf("%s has other bytes", tensor.Name)
		}
	}
	// A read across the border of two shards.
	large, _ := got.Tensor("large")
	b, c := make([]byte, 100), make([]byte, 100)
	if _, err := got.Reader(large).ReadAt(b, 64<<20-50); err != nil {
		t.Fatal(err)
	}
	if pattern(large.Size).ReadAt(c, 64<<20-50); !bytes.Equal(b, c) {
		t.Error("across a border there are other bytes")
	}
	for name, size := range map[string]int64{"shard_00000.bin": 20, "shard_00001.bin": 64 << 20, "shard_00002.bin": 64 << 20, "shard_00003.bin": 20<<20 + 84} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Size() != size {
			t.Errorf("%s: %v, %v; want %d bytes", name, info, err, size)
		}
	}

	shard := filepath.Join(dir, "shard_00003.bin")
	data, err := os.ReadFile(shard)
	if err != nil {
		t.Fatal(err)
	}
	data[100] ^= 4
	if err := os.WriteFile(shard, data, 0o666); err != nil {
		t.Fatal(err)
	}
	damaged, err := rdrr.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer damaged.Close()
	sum(t, damaged, "small") // lies in a shard that is whole
	after, _ := damaged.Tensor("after")
	if _, err := damaged.Data(after); err == nil || !strings.Contains(err.Error(), "shard_00003.bin is damaged: its hash is ") {
		t.Errorf("error %v", err)
	}
	if err := os.Truncate(shard, 7); err != nil {
		t.Fatal(err)
	}
	if _, err := rdrr.Open(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "shard_00003.bin has 7 bytes; the manifest says") {
		t.Errorf("error %v", err)
	}
}

func TestManifest(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{`:                                   "manifest.json: unexpected end of JSON input",
		`{"version":2}`:                       "version 2; 1 can be read",
		`{"version":1,"hashAlgorithm":"md5"}`: `hashAlgorithm "md5"; sha256 and blake3 are known`,
		`{"version":1,"shards":[{"index":0,"filename":"../x","size":1}]}`:                                             `shard 0 has the file name "../x"`,
		`{"version":1,"shards":[{"index":0,"filename":"x","size":1,"hash":"00"}]}`:                                    "shard 0 has a hash of 2 digits; want 64",
		`{"version":"1.0","totalSize":4}`:                                                                             "totalSize is 4; the shards have 0 bytes",
		`{"version":"1.0","tensorCount":1,"tensors":{"a":{"dtype":"F32","shape":[1],"shard":3,"offset":0,"size":4}}}`: `tensor "a": lies in shard 3; there are 0`,
		`{"version":"1.0","tensorCount":2}`:                                                                           "tensorCount is 2; there are 0 tensors",
	} {
		if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := rdrr.Open(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
