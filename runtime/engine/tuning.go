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

// Retrace feeds ids to a new session as one chunk, and calls before as the device
// comes to each step of the program that runs the layers. The device must hold
// all weights.
func (e *Engine) Retrace(ids []int32, before func(step int) error) error {
	program, end, err := e.NewSession().prepare(ids)
	if err != nil {
		return err
	}
	for i := range end {
		if err := before(i); err != nil {
			return err
		}
		if err := e.dev.Submit(program.Commands(i, i+1)); err != nil {
			return err
		}
	}
	return nil
}

// SetAhead sets how many decode steps are submitted together, at most.
func (e *Engine) SetAhead(n int) { e.ahead = n }
