package rdrr

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"lukechampine.com/blake3"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// hashes are the algorithms that manifests name.
var hashes = map[string]func() hash.Hash{
	"sha256": sha256.New,
	"blake3": func() hash.Hash { return blake3.New(32, nil) },
}

// Open opens the model in a folder. A shard's hash is verified before anything is read from it.
func Open(folder fs.FS) (*gguf.File, error) {
	f, err := open(folder)
	if err != nil {
		return nil, fmt.Errorf("rdrr: %w", err)
	}
	return f, nil
}

func open(folder fs.FS) (*gguf.File, error) {
	m, err := readManifest(folder)
	if err != nil {
		return nil, err
	}
	metadata, err := m.metadata(folder)
	if err != nil {
		return nil, err
	}
	all := &shards{}
	w := &gguf.Writer{Metadata: metadata.Clone(), Closer: all}
	for i := range m.Shards {
		s, err := openShard(folder, &m.Shards[i], hashes[m.HashAlgorithm])
		if err != nil {
			all.Close()
			return nil, err
		}
		*all = append(*all, s)
	}
	for _, name := range m.order() {
		t := m.Tensors[name]
		kind, _ := typeOf(t.Type)
		dims := slices.Clone(t.Shape)
		slices.Reverse(dims)
		if err := w.AddTensor(name, kind, dims, all.reader(t.spans())); err != nil {
			all.Close()
			return nil, err
		}
	}
	f := w.File()
	for name, t := range m.Tensors {
		if found, _ := f.Tensor(name); found.Size != t.Size {
			all.Close()
			return nil, fmt.Errorf("%s: tensor %q: size is %d; shape %v of type %s takes %d bytes", ManifestFile, name, t.Size, t.Shape, t.Type, found.Size)
		}
	}
	return f, nil
}

// metadata reads the file of metadata.
func (m *manifest) metadata(folder fs.FS) (*gguf.Metadata, error) {
	name := m.Metadata.File
	data, err := readFile(folder, name, maxMetadata)
	if err != nil {
		return nil, err
	}
	h := hashes[m.HashAlgorithm]()
	h.Write(data)
	if err := compare(name, h, m.Metadata.Hash); err != nil {
		return nil, err
	}
	f, err := gguf.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &f.Metadata, nil
}

func compare(name string, h hash.Hash, want string) error {
	if got := hex.EncodeToString(h.Sum(nil)); got != strings.ToLower(want) {
		return fmt.Errorf("%s is damaged: its hash is %s, the manifest's %s", name, got, want)
	}
	return nil
}

// order returns the names of the tensors as they lie in the shards.
func (m *manifest) order() []string {
	return slices.SortedFunc(maps.Keys(m.Tensors), func(a, b string) int {
		x, y := m.Tensors[a].spans()[0], m.Tensors[b].spans()[0]
		if x.Shard != y.Shard {
			return x.Shard - y.Shard
		}
		if x.Offset != y.Offset {
			return int(min(max(x.Offset-y.Offset, -1), 1))
		}
		return strings.Compare(a, b)
	})
}

// shards are the open shards of a folder.
type shards []*openedShard

// openedShard is a shard whose hash is verified when it is first read from.
type openedShard struct {
	*shard
	file   fs.File
	data   io.ReaderAt
	verify func() error
}

func openShard(folder fs.FS, s *shard, newHash func() hash.Hash) (*openedShard, error) {
	name := s.name()
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	data, ok := file.(io.ReaderAt)
	switch {
	case err != nil:
	case !info.Mode().IsRegular() || !ok:
		err = fmt.Errorf("%s is no regular file", name)
	case info.Size() != s.Size:
		err = fmt.Errorf("%s has %d bytes; the manifest says %d", name, info.Size(), s.Size)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &openedShard{s, file, data, sync.OnceValue(func() error {
		h := newHash()
		if _, err := io.Copy(h, io.NewSectionReader(data, 0, s.Size)); err != nil {
			return err
		}
		return compare(name, h, s.Hash)
	})}, nil
}

func (s shards) Close() (err error) {
	for _, each := range s {
		if closed := each.file.Close(); err == nil {
			err = closed
		}
	}
	return err
}

// reader reads what lies in spans, one after the other.
func (s shards) reader(spans []span) io.ReaderAt { return &spanReader{s, spans} }

type spanReader struct {
	shards shards
	spans  []span
}

func (r *spanReader) ReadAt(b []byte, off int64) (n int, err error) {
	for _, s := range r.spans {
		if off >= s.Size {
			off -= s.Size
			continue
		}
		part := b[n:min(int64(len(b)), int64(n)+s.Size-off)]
		shard := r.shards[s.Shard]
		if err := shard.verify(); err != nil {
			return n, err
		}
		read, err := shard.data.ReadAt(part, s.Offset+off)
		n += read
		if read < len(part) {
			return n, err
		}
		if n == len(b) {
			return n, nil
		}
		off = 0
	}
	return n, io.EOF
}

// IsFolder reports whether a folder has a manifest.
func IsFolder(folder fs.FS) bool {
	_, err := fs.Stat(folder, ManifestFile)
	return err == nil
}
