// Package reference computes in float64 what kernels and the engine compute in float32: slowly, and straight from the definitions.
//
// Nothing here shares code or tables with templates/, so that a mistake in one
// shows as a difference from the other. Matrices are row-major slices.
package reference
