// Package modelfile opens models in any of the formats that hold them, all as GGUF files: some exist only as they are read.
package modelfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/huggingface"
	"github.com/wgslgen/wgslgen/runtime/rdrr"
)

// Open opens a GGUF file, a safetensors file or the folder of a published model, or an RDRR folder or its manifest.
func Open(path string) (*gguf.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	folder, weights := path, ""
	switch base := filepath.Base(path); {
	case info.IsDir():
	case filepath.Ext(base) == ".safetensors":
		folder, weights = filepath.Dir(path), base
	case base == rdrr.ManifestFile || base == huggingface.IndexFile || base == huggingface.ConfigFile:
		folder = filepath.Dir(path)
	default:
		return gguf.Open(path)
	}
	f, err := openFolder(os.DirFS(folder), weights)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return f, nil
}

func openFolder(folder fs.FS, weights string) (*gguf.File, error) {
	if weights == "" && has(folder, rdrr.ManifestFile) {
		return rdrr.Open(folder)
	}
	if weights != "" || has(folder, huggingface.ConfigFile) {
		return huggingface.Open(folder, weights)
	}
	return nil, fmt.Errorf("the folder holds no model: it has neither %s nor %s", huggingface.ConfigFile, rdrr.ManifestFile)
}

func has(folder fs.FS, name string) bool {
	_, err := fs.Stat(folder, name)
	return err == nil
}
