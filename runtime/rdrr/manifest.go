// Package rdrr reads and writes RDRR folders (version 1): a manifest, and a model's tensors in shards of 64 MiB with their hashes.
//
// Beside what the format prescribes, Write stores the model's metadata as they are, in a GGUF file without tensors. Open
// needs that file: tensors have the names that GGUF has for them.
package rdrr

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// The files of a folder, beside the shards.
const (
	ManifestFile = "manifest.json"
	metadataFile = "metadata.gguf"
	vocabFile    = "tokenizer.json"
)

const (
	shardBytes  = 64 << 20
	shardAlign  = 4096
	version     = 1
	maxManifest = 256 << 20 // bytes
	maxMetadata = 1 << 30   // bytes
)

// manifest is manifest.json.
type manifest struct {
	Version       json.RawMessage   `json:"version"` // 1 or "1.0"
	ModelID       string            `json:"modelId"`
	ModelType     string            `json:"modelType"`
	Architecture  json.RawMessage   `json:"architecture"` // a name, or sizes
	Quantization  string            `json:"quantization"`
	Config        map[string]any    `json:"config"`
	Tokenizer     *vocabulary       `json:"tokenizer,omitempty"`
	MoE           *experts          `json:"moeConfig"`
	HashAlgorithm string            `json:"hashAlgorithm"`
	Shards        []shard           `json:"shards"`
	Tensors       map[string]tensor `json:"tensors"`
	TotalSize     int64             `json:"totalSize"`
	TensorCount   int               `json:"tensorCount"`
	Metadata      *reference        `json:"metadata,omitempty"`
}

// sizes is what the architecture of a model looks like in numbers.
type sizes struct {
	Layers      uint64 `json:"numLayers"`
	Hidden      uint64 `json:"hiddenSize"`
	FeedForward uint64 `json:"intermediateSize"`
	Heads       uint64 `json:"numAttentionHeads"`
	KVHeads     uint64 `json:"numKeyValueHeads"`
	HeadDim     uint64 `json:"headDim"`
	Vocabulary  uint64 `json:"vocabSize"`
	Context     uint64 `json:"maxSeqLen"`
}

// experts names the number of chosen experts as readers and as writers of the format do.
type experts struct {
	Count  uint64         `json:"numExperts"`
	Used   uint64         `json:"numExpertsPerToken"`
	TopK   uint64         `json:"topK"`
	Shards map[string]any `json:"expertShardMap"`
}

type shard struct {
	Index    int    `json:"index"`
	Filename string `json:"filename"`
	FileName string `json:"fileName,omitempty"` // as others spell it
	Size     int64  `json:"size"`
	Hash     string `json:"hash"`
	Offset   int64  `json:"offset"` // bytes of the shards before
}

func (s *shard) name() string {
	if s.Filename != "" {
		return s.Filename
	}
	return s.FileName
}

type tensor struct {
	Shard  int      `json:"shard"`
	Offset int64    `json:"offset"`
	Size   int64    `json:"size"`
	Shape  []uint64 `json:"shape"` // contiguous dimension last
	Type   string   `json:"dtype"`
	Spans  []span   `json:"spans,omitempty"` // of a tensor larger than a shard
}

type span struct {
	Shard  int   `json:"shardIndex"`
	Offset int64 `json:"offset"`
	Size   int64 `json:"size"`
}

// reference names a file with its hash.
type reference struct {
	File string `json:"file"`
	Hash string `json:"hash"`
}

func readManifest(folder fs.FS) (*manifest, error) {
	text, err := readFile(folder, ManifestFile, maxManifest)
	if err != nil {
		return nil, err
	}
	m := &manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestFile, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestFile, err)
	}
	return m, nil
}

// readFile reads a file that may not be larger than limit.
func readFile(folder fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes (%s); a regular file of %d at most is expected", name, info.Size(), info.Mode().Type(), limit)
	}
	return fs.ReadFile(folder, name)
}

func (m *manifest) check() error {
	if v := strings.Trim(string(m.Version), `"`); v != "1" && v != "1.0" {
		return fmt.Errorf("version %s; 1 can be read", m.Version)
	}
	if m.HashAlgorithm == "" {
		m.HashAlgorithm = "blake3"
	}
	if _, ok := hashes[m.HashAlgorithm]; !ok {
		return fmt.Errorf("hashAlgorithm %q; sha256 and blake3 are known", m.HashAlgorithm)
	}
	var total int64
	for i := range m.Shards {
		s := &m.Shards[i]
		switch {
		case s.Index != i:
			return fmt.Errorf("shard %d has index %d", i, s.Index)
		case !fs.ValidPath(s.name()) || s.name() == ".":
			return fmt.Errorf("shard %d has the file name %q", i, s.name())
		case s.Size <= 0 || s.Size > 1<<40:
			return fmt.Errorf("shard %d has %d bytes", i, s.Size)
		case len(s.Hash) != 64:
			return fmt.Errorf("shard %d has a hash of %d digits; want 64", i, len(s.Hash))
		case s.Offset != total:
			return fmt.Errorf("shard %d has offset %d; the shards before it have %d bytes", i, s.Offset, total)
		}
		total += s.Size
	}
	if total != m.TotalSize {
		return fmt.Errorf("totalSize is %d; the shards have %d bytes", m.TotalSize, total)
	}
	if len(m.Tensors) != m.TensorCount {
		return fmt.Errorf("tensorCount is %d; there are %d tensors", m.TensorCount, len(m.Tensors))
	}
	for name, t := range m.Tensors {
		if err := m.checkTensor(&t); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
	}
	if m.Metadata == nil {
		return errors.New("no metadata: only folders that name a file of metadata can be read")
	}
	if !fs.ValidPath(m.Metadata.File) {
		return fmt.Errorf("metadata in a file %q", m.Metadata.File)
	}
	return nil
}

// spans returns where a tensor lies.
func (t tensor) spans() []span {
	if len(t.Spans) > 0 {
		return t.Spans
	}
	return []span{{t.Shard, t.Offset, t.Size}}
}

func (m *manifest) checkTensor(t *tensor) error {
	if _, ok := typeOf(t.Type); !ok {
		return fmt.Errorf("unknown dtype %q", t.Type)
	}
	var sum int64
	for _, s := range t.spans() {
		if s.Shard < 0 || s.Shard >= len(m.Shards) {
			return fmt.Errorf("lies in shard %d; there are %d", s.Shard, len(m.Shards))
		}
		if size := m.Shards[s.Shard].Size; s.Offset < 0 || s.Size <= 0 || s.Offset > size || s.Size > size-s.Offset {
			return fmt.Errorf("%d bytes at offset %d of shard %d, which has %d bytes", s.Size, s.Offset, s.Shard, size)
		}
		sum += s.Size
	}
	if sum != t.Size {
		return fmt.Errorf("size is %d; its spans have %d bytes", t.Size, sum)
	}
	return nil
}

// types are the tensor types by name.
var types = func() map[string]gguf.Type {
	all := map[string]gguf.Type{}
	for t := range gguf.Type(64) {
		if t.Known() {
			all[t.String()] = t
		}
	}
	return all
}()

// typeOf returns the type of a name. Q4_K_M, a mixture, is written for Q4_K too.
func typeOf(name string) (gguf.Type, bool) {
	t, ok := types[strings.TrimSuffix(strings.ToUpper(name), "_M")]
	return t, ok
}
