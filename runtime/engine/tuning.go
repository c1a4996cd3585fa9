package engine

import (
	"log/slog"
	"math"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// tune makes the library, and what the options leave open, follow a tuning
// profile.
func (e *Engine) tune(o *Options) {
	e.batches = batchesAhead + 1
	e.Drive(profile.Engine{})
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
	e.Drive(o.Profile.Engine)
}

// Drive sets how the device is driven, but for the chunk, which programs were
// recorded for. Zero values are the defaults.
func (e *Engine) Drive(how profile.Engine) {
	e.ahead, e.dispatches = DefaultAhead, math.MaxInt
	if how.Ahead > 0 {
		e.ahead = how.Ahead
	}
	if how.Dispatches > 0 {
		e.dispatches = how.Dispatches
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
