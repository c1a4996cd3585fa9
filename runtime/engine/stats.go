package engine

import (
	"time"

	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Stats is what the last generation of a session took.
type Stats struct {
	PromptTokens int           // computed: without those that the cache held
	FirstToken   time.Duration // from the call to the first token: prefill and one sample
	Tokens       int           // yielded
	Decode       time.Duration // from the first token to the last that arrived

	Experts weights.Traffic // of the caches of experts, where there are any

	arrived int // tokens, with those after the last that was wanted: they took time too
}

// Stats returns what the last generation took.
func (s *Session) Stats() Stats { return s.stats }

// PrefillRate returns prompt tokens a second.
func (s Stats) PrefillRate() float64 { return rate(s.PromptTokens, s.FirstToken) }

// DecodeRate returns tokens a second after the first.
func (s Stats) DecodeRate() float64 { return rate(max(s.arrived-1, 0), s.Decode) }

func rate(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// PeakMemory returns the most device memory that was ever in use, in bytes.
func (e *Engine) PeakMemory() int64 {
	_, peak := e.dev.MemoryUse()
	return peak
}
