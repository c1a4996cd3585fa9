package rdrr

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// Write writes a model to a folder, which must be there. It tells progress how many bytes of tensors are written, and
// ends with the error that progress returns.
func Write(folder string, f *gguf.File, progress func(done int64) error) error {
	w := &writer{folder: folder, progress: progress}
	m, err := w.model(f)
	if err != nil {
		return fmt.Errorf("rdrr: %w", err)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("rdrr: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, ManifestFile), append(text, '\n'), 0o666); err != nil {
		return fmt.Errorf("rdrr: %w", err)
	}
	return nil
}

// writer fills one shard after the other.
type writer struct {
	folder   string
	progress func(done int64) error
	done     int64
	shards   []shard
	file     *os.File // of the last shard, while it is open
	out      *bufio.Writer
	hash     hash.Hash
	size     int64
}

func (w *writer) model(f *gguf.File) (*manifest, error) {
	m, err := describe(f)
	if err != nil {
		return nil, err
	}
	if m.Metadata, err = w.metadata(&f.Metadata); err != nil {
		return nil, err
	}
	if m.Tokenizer, err = w.tokenizer(&f.Metadata); err != nil {
		return nil, err
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		spans, err := w.tensor(f.Reader(t), t.Size)
		if err != nil {
			w.close()
			return nil, fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		entry := tensor{Shard: spans[0].Shard, Offset: spans[0].Offset, Size: t.Size, Shape: slices.Clone(t.Dims), Type: t.Type.String()}
		slices.Reverse(entry.Shape)
		if len(spans) > 1 {
			entry.Spans = spans
		}
		m.Tensors[t.Name] = entry
	}
	if err := w.close(); err != nil {
		return nil, err
	}
	for _, s := range w.shards {
		m.TotalSize += s.Size
	}
	m.Shards, m.TensorCount = w.shards, len(m.Tensors)
	return m, nil
}

// metadata writes the file of metadata.
func (w *writer) metadata(md *gguf.Metadata) (*reference, error) {
	var data bytes.Buffer
	if _, err := (&gguf.Writer{Metadata: md.Clone()}).WriteTo(&data); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data.Bytes())
	return &reference{metadataFile, hex.EncodeToString(sum[:])}, os.WriteFile(filepath.Join(w.folder, metadataFile), data.Bytes(), 0o666)
}

// tensor writes the data of a tensor and returns where it lies. One that does not fit into what is left of a shard begins
// the next.
func (w *writer) tensor(data io.Reader, size int64) (spans []span, err error) {
	if start := (w.size + shardAlign - 1) / shardAlign * shardAlign; w.file != nil && start+size <= shardBytes {
		err = w.write(make([]byte, start-w.size))
	} else {
		err = w.close()
	}
	for size > 0 && err == nil {
		if w.file == nil {
			if err := w.open(); err != nil {
				return nil, err
			}
		}
		s := span{len(w.shards) - 1, w.size, min(size, shardBytes-w.size)}
		if err := w.copy(data, s.Size); err != nil {
			return nil, err
		}
		spans = append(spans, s)
		size -= s.Size
		if size > 0 {
			err = w.close()
		}
	}
	return spans, err
}

// copyBytes is how much of a tensor is read at once.
const copyBytes = 1 << 20

// copy writes n bytes of a tensor.
func (w *writer) copy(data io.Reader, n int64) error {
	buffer := make([]byte, min(copyBytes, n))
	for n > 0 {
		part := buffer[:min(int64(len(buffer)), n)]
		if _, err := io.ReadFull(data, part); err != nil {
			return err
		}
		if err := w.write(part); err != nil {
			return err
		}
		n -= int64(len(part))
		w.done += int64(len(part))
		if err := w.progress(w.done); err != nil {
			return err
		}
	}
	return nil
}

// write writes to the shard.
func (w *writer) write(b []byte) error {
	w.hash.Write(b)
	w.size += int64(len(b))
	_, err := w.out.Write(b)
	return err
}

func (w *writer) open() (err error) {
	s := shard{Index: len(w.shards), Filename: fmt.Sprintf("shard_%05d.bin", len(w.shards))}
	if s.Index > 0 {
		before := w.shards[s.Index-1]
		s.Offset = before.Offset + before.Size
	}
	w.shards = append(w.shards, s)
	if w.file, err = os.Create(filepath.Join(w.folder, s.Filename)); err != nil {
		return err
	}
	w.out, w.hash, w.size = bufio.NewWriter(w.file), sha256.New(), 0
	return nil
}

// close ends the shard that is being written, if there is one.
func (w *writer) close() error {
	if w.file == nil {
		return nil
	}
	err := w.out.Flush()
	if closed := w.file.Close(); err == nil {
		err = closed
	}
	s := &w.shards[len(w.shards)-1]
	s.Size, s.Hash, w.file = w.size, hex.EncodeToString(w.hash.Sum(nil)), nil
	return err
}

// describe returns a manifest without shards and tensors.
func describe(f *gguf.File) (*manifest, error) {
	architecture, err := f.String("general.architecture")
	if err != nil {
		return nil, err
	}
	number := func(name string) uint64 {
		n, _ := f.Uint(architecture + "." + name) // 0 where there is none
		return n
	}
	s := sizes{
		Layers: number("block_count"), Hidden: number("embedding_length"), FeedForward: number("feed_forward_length"),
		Heads: number("attention.head_count"), KVHeads: number("attention.head_count_kv"), HeadDim: number("attention.key_length"),
		Context: number("context_length"),
	}
	if s.KVHeads == 0 {
		s.KVHeads = s.Heads
	}
	if s.HeadDim == 0 && s.Heads > 0 {
		s.HeadDim = s.Hidden / s.Heads
	}
	if t, ok := f.Tensor("token_embd.weight"); ok && len(t.Dims) > 1 {
		s.Vocabulary = t.Dims[1]
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	name, _ := f.String("general.name")
	if name == "" {
		name = architecture
	}
	m := &manifest{
		Version: json.RawMessage(strconv.Itoa(version)), ModelID: name, ModelType: architecture, Architecture: text,
		Quantization: quantization(f), Config: config(architecture, s), HashAlgorithm: "sha256", Tensors: map[string]tensor{},
	}
	if n := number("expert_count"); n > 0 {
		used := number("expert_used_count")
		m.MoE = &experts{Count: n, Used: used, TopK: used, Shards: map[string]any{}}
	}
	return m, nil
}

// config returns the sizes as a Hugging Face configuration names them.
func config(architecture string, s sizes) map[string]any {
	return map[string]any{
		"model_type": architecture, "num_hidden_layers": s.Layers, "hidden_size": s.Hidden, "intermediate_size": s.FeedForward,
		"num_attention_heads": s.Heads, "num_key_value_heads": s.KVHeads, "head_dim": s.HeadDim, "vocab_size": s.Vocabulary,
		"max_position_embeddings": s.Context,
	}
}

// quantization returns the type that most bytes of a model have.
func quantization(f *gguf.File) string {
	sum := map[gguf.Type]int64{}
	var most gguf.Type
	for _, t := range f.Tensors {
		if sum[t.Type] += t.Size; sum[t.Type] > sum[most] {
			most = t.Type
		}
	}
	return strings.ToLower(most.String())
}
