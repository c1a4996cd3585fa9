package engine

import (
	"log/slog"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// tune makes the library, and what the options leave open, follow a tuning
// profile.
func (e *Engine) tune(o *Options) {
	e.ahead, e.batches = DefaultAhead, batchesAhead+1
	if o.Profile == nil && !o.Untuned {
		p, _, err := profile.Find(e.caps, generated.Checksum, generated.Profiles)
		if err != nil {
			slog.Warn(err.Error())
		}
		o.Profile = p
	}
	e.library.Use(o.Profile)
	if o.Profile == nil {
		return
	}
	if o.Chunk == 0 {
		o.Chunk = o.Profile.Engine.Chunk
	}
	if n := o.Profile.Engine.Ahead; n > 0 {
		e.ahead = n
	}
}

// SetAhead sets how many decode steps are submitted together, at most.
func (e *Engine) SetAhead(n int) { e.ahead = n }
