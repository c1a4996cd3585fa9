package reference

import "math"

// Sigmoid returns 1 / (1 + exp(-x)).
func Sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// SiLU returns x·σ(x) (Hendrycks and Gimpel, 2016).
func SiLU(x float64) float64 { return x * Sigmoid(x) }

// GELU returns the tanh form of x·Φ(x) (Hendrycks and Gimpel, 2016).
func GELU(x float64) float64 {
	return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

// GELUErf returns x·Φ(x), with Φ the normal distribution.
func GELUErf(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) }

// GELUQuick returns x·σ(1.702x).
func GELUQuick(x float64) float64 { return x * Sigmoid(1.702*x) }

// ReLU returns x where it is positive, else 0.
func ReLU(x float64) float64 { return max(x, 0) }

// ReLUSquared returns the square of ReLU (So et al., 2021).
func ReLUSquared(x float64) float64 { return ReLU(x) * ReLU(x) }

// SwiGLUOAI returns x·σ(alpha·x)·(1 + y), with x at most limit and y within it.
func SwiGLUOAI(gate, up, alpha, limit float64) float64 {
	x := min(gate, limit)
	return x * Sigmoid(alpha*x) * (1 + min(max(up, -limit), limit))
}

// SoftCap returns cap·tanh(x/cap).
func SoftCap(x, limit float64) float64 { return limit * math.Tanh(x/limit) }
