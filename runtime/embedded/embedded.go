// Package embedded holds a very small model that tells children's stories, for demos and tests: see README.md.
package embedded

import (
	_ "embed"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

//go:embed tale-2m-q4_0.gguf
var data []byte

// Name is what the model is called.
const Name = "tale-2m-q4_0"

// Open returns the model's file.
func Open() (*gguf.File, error) { return gguf.Parse(data) }
