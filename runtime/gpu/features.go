package gpu

// The optional features of shaders, by WebGPU's names.
const (
	FeatureF16       = "shader-f16"
	FeatureSubgroups = "subgroups"
	FeatureDP4A      = "packed_4x8_integer_dot_product" // of the language rather than of devices
)

// Has reports whether shaders can use a feature.
func (f Features) Has(feature string) bool {
	switch feature {
	case FeatureF16:
		return f.F16
	case FeatureSubgroups:
		return f.Subgroups
	case FeatureDP4A:
		return f.DP4A
	}
	return false
}

// Directives returns the line by which the WGSL standard lets a shader use
// features; it goes before the shader's text. It is empty where none is needed.
func Directives(features []string) string {
	text := ""
	for _, f := range features {
		switch f {
		case FeatureF16:
			text += "enable f16; "
		case FeatureSubgroups:
			text += "enable subgroups; "
		}
	}
	return text
}
