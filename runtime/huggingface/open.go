// Package huggingface opens models as they are published on Hugging Face, in folders of safetensors files with their
// configuration, as the GGUF files that they would be: names and numbers are mapped, and weights rearranged as they are read.
package huggingface

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/safetensors"
	tokenizers "github.com/wgslgen/wgslgen/runtime/tokenizer/huggingface"
)

// The files of a folder.
const (
	ConfigFile  = "config.json"
	IndexFile   = "model.safetensors.index.json"
	weightsFile = "model.safetensors"
)

// maxJSON bounds the files of JSON that are read whole.
const maxJSON = 256 << 20

// source is a tensor and the file that it is in.
type source struct {
	*safetensors.Tensor
	file *safetensors.File
}

func (s source) reader() io.ReaderAt { return s.file.Reader(s.Tensor) }

// Open opens the model in a folder. Its weights are in the file named, or if that is empty in model.safetensors or the
// shards that the index lists. Without a tokenizer.json the model has no tokenizer.
func Open(folder fs.FS, weights string) (*gguf.File, error) {
	f, err := open(folder, weights)
	if err != nil {
		return nil, fmt.Errorf("huggingface: %w", err)
	}
	return f, nil
}

func open(folder fs.FS, weights string) (*gguf.File, error) {
	c, err := readConfig(folder)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ConfigFile, err)
	}
	files := &files{folder: folder, tensors: map[string]source{}}
	f, err := assemble(folder, c, files, weights)
	if err != nil {
		files.Close()
		return nil, err
	}
	return f, nil
}

func assemble(folder fs.FS, c *config, files *files, weights string) (*gguf.File, error) {
	if err := files.open(weights); err != nil {
		return nil, err
	}
	w := &gguf.Writer{Closer: files}
	m := &mapper{config: c, writer: w, sources: files.tensors}
	if err := m.write(); err != nil {
		return nil, err
	}
	md, err := tokenizers.Metadata(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := addTokenizer(w, md, m.vocabulary); err != nil {
			return nil, err
		}
	}
	return w.File(), nil
}

// addTokenizer copies a tokenizer's metadata. A vocabulary smaller than the embedding gets unused tokens.
func addTokenizer(w *gguf.Writer, md *gguf.Metadata, rows int) error {
	for key, value := range md.All() {
		if err := w.Set(key, value); err != nil {
			return err
		}
	}
	const prefix = "tokenizer.ggml."
	tokens, err := md.Strings(prefix + "tokens")
	if err != nil || len(tokens) >= rows {
		return err
	}
	types, err := md.Ints(prefix + "token_type")
	if err != nil {
		return err
	}
	tokens = slices.Clone(tokens)
	kinds := make([]int32, len(types), rows)
	for i, t := range types {
		kinds[i] = int32(t)
	}
	for id := len(tokens); id < rows; id++ {
		tokens, kinds = append(tokens, fmt.Sprintf("[PAD%d]", id)), append(kinds, 5) // unused
	}
	err = errors.Join(w.Set(prefix+"tokens", tokens), w.Set(prefix+"token_type", kinds))
	if md.Has(prefix + "scores") {
		scores, scoresErr := md.Floats(prefix + "scores")
		err = errors.Join(err, scoresErr, w.Set(prefix+"scores", append(slices.Clone(scores), make([]float32, rows-len(scores))...)))
	}
	return err
}

// files are the open safetensors files of a model.
type files struct {
	folder  fs.FS
	opened  []fs.File
	tensors map[string]source
}

func (f *files) Close() (err error) {
	for _, file := range f.opened {
		err = errors.Join(err, file.Close())
	}
	return err
}

func (f *files) open(weights string) error {
	if weights != "" {
		return f.add(weights)
	}
	text, err := readFile(f.folder, IndexFile)
	if errors.Is(err, fs.ErrNotExist) {
		return f.add(weightsFile)
	}
	if err != nil {
		return err
	}
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return fmt.Errorf("%s: %w", IndexFile, err)
	}
	names := slices.Compact(slices.Sorted(maps.Values(index.Map)))
	if len(names) == 0 {
		return fmt.Errorf("%s: weight_map names no file", IndexFile)
	}
	for _, name := range names {
		if err := f.add(name); err != nil {
			return err
		}
	}
	for _, tensor := range slices.Sorted(maps.Keys(index.Map)) {
		if _, ok := f.tensors[tensor]; !ok {
			return fmt.Errorf("%s: tensor %q is not in %s", IndexFile, tensor, index.Map[tensor])
		}
	}
	return nil
}

// add opens a file and notes its tensors.
func (f *files) add(name string) error {
	file, err := f.folder.Open(name)
	if err != nil {
		return err
	}
	f.opened = append(f.opened, file)
	info, err := file.Stat()
	if err != nil {
		return err
	}
	data, ok := file.(io.ReaderAt)
	if !ok || !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", name)
	}
	s, err := safetensors.Read(data, info.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for i := range s.Tensors {
		t := &s.Tensors[i]
		if _, ok := f.tensors[t.Name]; ok {
			return fmt.Errorf("%s: tensor %q is in another file too", name, t.Name)
		}
		f.tensors[t.Name] = source{t, s}
	}
	return nil
}

// readFile reads a file of JSON.
func readFile(folder fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxJSON {
		return nil, fmt.Errorf("%s: %d bytes (%s); a regular file of %d at most is expected", name, info.Size(), info.Mode().Type(), maxJSON)
	}
	return fs.ReadFile(folder, name)
}
