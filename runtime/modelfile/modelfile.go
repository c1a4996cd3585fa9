// Package modelfile opens models in any of the formats that hold them, all as GGUF files: some exist only as they are read.
package modelfile

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/rdrr"
)

// Open opens a GGUF file, or a folder in the RDRR format or its manifest.
func Open(path string) (*gguf.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	folder := path
	switch {
	case info.IsDir():
	case filepath.Base(path) == rdrr.ManifestFile:
		folder = filepath.Dir(path)
	default:
		return gguf.Open(path)
	}
	f, err := openFolder(folder)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return f, nil
}

func openFolder(path string) (*gguf.File, error) {
	folder := os.DirFS(path)
	if rdrr.IsFolder(folder) {
		return rdrr.Open(folder)
	}
	return nil, fmt.Errorf("the folder holds no model: it has no %s", rdrr.ManifestFile)
}
