// Package bench runs the candidates of a tuning on a real device: the steps of a model that an engine has loaded, each over the
// model's own weights, activations and cache.
package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/roofline"
	"github.com/wgslgen/wgslgen/tuner"
)

// Options say what is tuned, and where.
type Options struct {
	Open    func() (gpu.Device, error) // also after the device was lost
	Model   *gguf.File
	Library *ir.Library
	Kernel  string // tune this one alone; "" is all
	Memory  int64  // of the device that may be used, in bytes; 0 is engine.DefaultMemory
}

// Bench is a model on a device. It implements tuner.Bench.
type Bench struct {
	options   Options
	dev       gpu.Device
	engine    *engine.Engine
	trials    map[phase][]plan.Trial // of the engine's programs
	groups    []*group
	compiled  map[string]*candidate
	now       *group        // whose memory is saved
	launch    time.Duration // to submit nothing much and wait for it
	bandwidth float64
	operation float64                 // multiply-adds a second
	footprint int64                   // bytes on the device of the loaded model
	steps     map[phase]time.Duration // what a decode step and a prefill step take, about
}

// Open loads a model and measures the device's rooflines.
func Open(ctx context.Context, o Options) (*Bench, error) {
	b := &Bench{options: o, compiled: map[string]*candidate{}}
	err := b.open(ctx)
	if err == nil {
		b.bandwidth, err = roofline.Bandwidth(ctx, b.dev)
	}
	if err == nil {
		b.operation, err = roofline.Operations(ctx, b.dev)
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Device returns what the cost model must know of the device.
func (b *Bench) Device() tuner.Device {
	d := tuner.Device{Bandwidth: b.bandwidth, Operations: b.operation, Barrier: time.Nanosecond, Fill: 1 << 16, Most: 48}
	if b.software() {
		d.Barrier, d.Fill, d.Most = time.Microsecond, 128, 16
	}
	return d
}

// Caps returns the device's capabilities.
func (b *Bench) Caps() gpu.Caps { return b.dev.Caps() }

func (b *Bench) software() bool { return b.dev.Caps().Kind == gpu.KindSoftware }

// memory returns the bytes of the device that may be used.
func (b *Bench) memory() int64 {
	if b.options.Memory > 0 {
		return b.options.Memory
	}
	return engine.DefaultMemory(b.dev.Caps().Kind)
}

// makeRoom gives back what candidates need to run: whole runs begin.
func (b *Bench) makeRoom() {
	b.leave()
	b.engine.Close()
}

// Close gives back the model and the device.
func (b *Bench) Close() {
	b.leave()
	if b.engine != nil {
		b.engine.Close()
	}
	if b.dev != nil {
		b.dev.Close()
	}
	b.engine, b.dev = nil, nil
}

// How a model is loaded: steps of so many tokens, after so many such steps.
// Software is slow enough for short ones to tell.
const (
	chunk         = 512
	softwareChunk = 64
	chunksBefore  = 2
)

// open opens the device, loads the model untuned, and generates a little, so
// that all memory holds what a model leaves there.
func (b *Bench) open(ctx context.Context) (err error) {
	if b.dev, err = b.options.Open(); err != nil {
		return err
	}
	size := chunk
	if b.software() {
		size = softwareChunk
	}
	for size > 1 { // a model may have a short context
		if b.engine, err = b.load(ctx, engine.Options{Untuned: true, Chunk: size}); err != nil {
			return err
		}
		if b.engine.Context() > chunksBefore*b.engine.Chunk() {
			break
		}
		b.engine.Close()
		size /= 2
	}
	b.footprint, _ = b.dev.MemoryUse()
	if err := b.note(ctx); err != nil {
		return err
	}
	if _, err := generate(ctx, b.engine, chunksBefore*b.engine.Chunk(), 2); err != nil {
		return err
	}
	if err := b.dev.Wait(ctx); err != nil {
		return err
	}
	return b.measureLaunch(ctx)
}

// note collects the steps of the engine's programs, each with the numbers by
// which a real one goes: a chunk's, or a token's.
func (b *Bench) note(ctx context.Context) error {
	decode, prefill := b.engine.Programs()
	b.trials = map[phase][]plan.Trial{}
	for in, program := range map[phase]*plan.Program{decoding: decode, prefilling: prefill} {
		if program == nil {
			continue
		}
		trials := program.Trials()
		b.trials[in] = trials
		if b.engine.ExpertSlots() > 0 || !slices.ContainsFunc(trials, func(t plan.Trial) bool { return t.Numbers() }) {
			continue
		}
		tokens := 1
		if in == prefilling {
			tokens = b.engine.Chunk()
		}
		err := b.engine.Retrace(promptOf(b.engine, tokens), func(step int) error { return trials[step].Note(ctx, b.dev) })
		if err != nil {
			return err
		}
	}
	return nil
}

// reopen is open after a candidate lost the device or hung it: the problems stay
// as they are, with new memory.
func (b *Bench) reopen(ctx context.Context) error {
	b.Close()
	if err := b.open(ctx); err != nil {
		return err
	}
	fresh := map[string][]plan.Trial{}
	for _, g := range b.collect() {
		fresh[g.id] = g.trials
	}
	for _, g := range b.groups {
		if g.trials = fresh[g.id]; g.trials == nil {
			return fmt.Errorf("%s %s is no part of the model that was loaded again", g.problem.Name, g.problem.Shape)
		}
	}
	return nil
}

// patience is how long one candidate may run.
const patience = 20 * time.Second

// lost turns what a hung or lost device returns into tuner.ErrLost, with a new
// device in its place.
func (b *Bench) lost(ctx context.Context, err error) error {
	hung := errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
	if !hung && !errors.Is(err, gpu.ErrLost) {
		return err
	}
	if err := b.reopen(ctx); err != nil {
		return fmt.Errorf("%w; opening it again: %w", tuner.ErrLost, err)
	}
	return tuner.ErrLost
}

// group is equal steps of the programs: a problem with where it stands.
type group struct {
	id         string
	problem    *tuner.Problem
	table      *kernel.Table
	kernel     *ir.Kernel
	key        []string
	sizes      map[string]uint32
	others     []asked // kernels that could compute these steps as well
	apart      []asked // and those that could, were the program recorded for them
	phase      phase
	trials     []plan.Trial // one for each layer, say
	candidates []*candidate

	turn     int // of the trials
	bound    map[int]*bound
	memory   *scratch
	estimate time.Duration // of one dispatch
}

// asked is another kernel for a group's steps.
type asked struct {
	plan.Alternative
	kernel *ir.Kernel
}

// bound is a candidate's commands, one a trial.
type bound struct {
	commands gpu.CommandList
	release  []func()
}

func (b *bound) free() {
	for _, release := range b.release {
		release()
	}
}

// of returns the group of a problem, with its memory saved.
func (b *Bench) of(ctx context.Context, p *tuner.Problem) (*group, error) {
	g := b.groupOf(p)
	return g, b.enter(ctx, g)
}

// enter prepares for running the candidates of a group.
func (b *Bench) enter(ctx context.Context, g *group) (err error) {
	if b.now == g {
		return nil
	}
	b.leave()
	b.now, g.bound = g, map[int]*bound{}
	g.memory, err = save(ctx, b.dev, g)
	return err
}

// leave puts everything back.
func (b *Bench) leave() {
	if b.now == nil {
		return
	}
	g := b.now
	b.now = nil
	if g.memory != nil && b.dev.Err() == nil {
		b.dev.Submit(g.memory.restore)
	}
	for _, bound := range g.bound {
		bound.free()
	}
	g.bound = nil
	if g.memory != nil {
		g.memory.release()
		g.memory = nil
	}
}

// commands returns a candidate bound to all trials of its group.
func (b *Bench) commands(g *group, i int) (*bound, error) {
	if c := g.bound[i]; c != nil {
		return c, nil
	}
	v, err := g.candidates[i].variant()
	if err != nil {
		return nil, err
	}
	c := &bound{}
	for t := range g.trials {
		command, release, err := g.trials[t].Command(b.dev, v)
		if err != nil {
			c.free()
			return nil, err
		}
		c.commands = append(c.commands, command)
		c.release = append(c.release, release)
	}
	g.bound[i] = c
	return c, nil
}

// Time implements tuner.Bench.
func (b *Bench) Time(ctx context.Context, p *tuner.Problem, i int) (time.Duration, error) {
	g, err := b.of(ctx, p)
	if err != nil {
		return 0, b.lost(ctx, err)
	}
	t, err := b.sample(ctx, g, i)
	return t, b.lost(ctx, err)
}

var _ tuner.Bench = (*Bench)(nil)
