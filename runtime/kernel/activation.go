package kernel

// Activation is the number by which kernels know an activation: a parameter
// called kind. The functions activate and gated of the templates read it.
type Activation uint32

// The activations.
const (
	Identity Activation = iota
	SiLU
	GELU // the tanh form
	GELUErf
	GELUQuick // x·σ(1.702x)
	ReLU
	ReLUSquared
	Sigmoid
	SwiGLUOAI // of a gate and a value only
)

// What gpt-oss has in SwiGLUOAI.
const (
	SwiGLUOAIAlpha = 1.702
	SwiGLUOAILimit = 7
)
