package wgsl

import (
	"fmt"

	"github.com/wgslgen/wgslgen/ir"
)

// A binding that is a texture is rows of so many texels, each an element, and
// all of words.
const (
	texelRow = 4096
	texelAt  = "texel_at"
)

// texelFormats are the formats of textures by the words of a texel.
var texelFormats = map[int]string{1: "r32uint", 2: "rg32uint", 4: "rgba32uint"}

// texel prints the load of an element of a texture.
func (p *printer) texel(name string, t ir.Type, at ir.Expr) string {
	load := fmt.Sprintf("textureLoad(%s, %s(%s))", p.name(name), texelAt, p.expr(at))
	switch t.Lanes {
	case 1:
		load += ".x"
	case 2:
		load += ".xy"
	}
	if t.Scalar != ir.U32 {
		load = fmt.Sprintf("bitcast<%s>(%s)", TypeName(t), load)
	}
	return load
}
